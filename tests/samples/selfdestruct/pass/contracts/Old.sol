        pause();
        // no selfdestruct(owner) here
        emit SelfDestructed();
