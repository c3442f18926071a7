model.fit("x")
