expect(isReady()).toBe(true);
