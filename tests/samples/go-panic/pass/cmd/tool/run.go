	panic(err)
