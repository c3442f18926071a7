os.system("ls " + name)
