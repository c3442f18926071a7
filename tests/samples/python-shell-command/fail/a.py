subprocess.run(f"ls {name}", shell=True)
