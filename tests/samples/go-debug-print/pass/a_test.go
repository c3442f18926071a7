	println("x")
