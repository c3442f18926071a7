// @ts-expect-error the types of lib 2 lack y
x.y = 1;
