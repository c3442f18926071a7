def add(item, to=None):
    to = [] if to is None else to


x = f(to=[])
def g(to=()):
    pass
