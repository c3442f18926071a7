	data, _ := os.ReadFile(path)
