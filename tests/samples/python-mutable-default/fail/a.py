def add(item, to=[]):
    to.append(item)
