        require(tx.origin == owner, "not owner");
