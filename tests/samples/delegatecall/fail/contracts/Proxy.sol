        (bool ok, ) = target.delegatecall(data);
