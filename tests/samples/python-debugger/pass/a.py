# breakpoint() helps here
import pdb
breakpoints = []
set_breakpoint(3)
"""Called upon pdb.set_trace()."""
