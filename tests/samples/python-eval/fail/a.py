value = eval(text)
