	_ = os.Remove(path)
