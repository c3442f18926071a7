fit("adds", () => {});
