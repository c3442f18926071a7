  console.debug("x");
