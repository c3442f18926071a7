expect(true).toBe(true);
