# lorem ipsum
