        console2.log(x);
