const y = x as any;
