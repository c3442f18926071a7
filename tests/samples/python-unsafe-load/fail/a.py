data = pickle.loads(body)
