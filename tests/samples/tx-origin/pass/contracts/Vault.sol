        require(msg.sender == owner, "not owner");
        // tx.origin would be wrong
        require(msg.sender == tx.origin, "no contracts");
