it.skip("adds", () => {});
