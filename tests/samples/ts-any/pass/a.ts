function f(x: unknown) {}
// takes any, as any does
const many: Many = company;
Promise.any(list);
