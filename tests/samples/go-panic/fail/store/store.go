		panic("no store")
