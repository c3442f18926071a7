subprocess.run(["ls", name])
os_system = None
# shell=True would be wrong
