# breakpoint() helps here
breakpoints = []
set_breakpoint(3)
import pdbfile
