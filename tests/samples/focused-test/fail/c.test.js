  test.only.each([1, 2])("adds %i", () => {});
