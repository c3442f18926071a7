from ipdb import set_trace
