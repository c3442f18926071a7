MARKS = """
    <<<<<<< HEAD
"""
