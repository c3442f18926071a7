x = 1  # TODO(anna) make it two
y = 2  # TODO: see #123
TODO = "state"
lists.append(TODO)
