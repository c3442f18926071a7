        uint r = oracle.random();
        require(block.timestamp < deadline);
        bytes32 id = keccak256(abi.encode(owner));
