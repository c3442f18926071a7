try:
    f()
except OSError:
    pass
except Exception as error:
    raise Wrapped from error
