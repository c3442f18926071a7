// @ts-expect-error
x.y = 1;
