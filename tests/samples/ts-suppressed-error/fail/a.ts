// @ts-ignore
x.y = 1;
