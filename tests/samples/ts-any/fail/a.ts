function f(x: any) {}
