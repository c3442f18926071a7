describe.only("cart", () => {
  it("adds", () => {});
});
