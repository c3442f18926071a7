console.error("cart failed", error);
// console.log(cart)
logger.console.log(1);
