	fmt.Println("debug", x)
