import "./Console.sol";
        emit Log("here", x);
