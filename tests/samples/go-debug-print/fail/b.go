	fmt.Printf("===> %v\n", x)
