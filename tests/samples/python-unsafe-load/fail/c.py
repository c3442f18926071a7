model = torch.load(path)
