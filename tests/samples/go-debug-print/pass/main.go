	fmt.Println("usage: tool FILE")
	w.println("x")
	fmt.Fprintln(os.Stderr, err)
