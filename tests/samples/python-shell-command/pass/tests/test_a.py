subprocess.run("ls", shell=True)
