ENV = {}
