x = 1  # TODO make it two
