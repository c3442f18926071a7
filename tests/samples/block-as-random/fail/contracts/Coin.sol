        uint r = 7 % block.prevrandao;
