        uint r = uint(keccak256(abi.encode(block.timestamp, msg.sender)));
