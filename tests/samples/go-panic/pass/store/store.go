		return fmt.Errorf("no store")
		panic("unreachable")
	// panic("x")
	dontpanic("x")
