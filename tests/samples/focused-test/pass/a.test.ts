describe("cart", () => {
  // it.only("adds") was here
  it("adds", () => {});
});
