console.log(cart);
