        selfdestruct(payable(owner));
