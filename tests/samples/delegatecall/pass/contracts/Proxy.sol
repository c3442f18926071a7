        (bool ok, ) = target.call(data);
        // target.delegatecall(data)
