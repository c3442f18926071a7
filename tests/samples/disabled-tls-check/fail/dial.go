tls := &tls.Config{InsecureSkipVerify: true}
