config = yaml.load(text)
