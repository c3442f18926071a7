	_ = os.Remove(path) // best effort: the folder goes anyway
	value, _ := cache[key]
	for _, x := range xs {
	if err := f(); err != nil {
