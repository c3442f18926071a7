    exec(code, scope)
