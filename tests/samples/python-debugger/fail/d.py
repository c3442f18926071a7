if x: breakpoint()
