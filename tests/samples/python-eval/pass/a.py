value = ast.literal_eval(text)
model.eval()
# eval(text) would run it
retrieval(text)
def eval(self):
    pass
