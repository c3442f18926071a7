import "hardhat/console.sol";
