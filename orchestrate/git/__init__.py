"""The only room that knows pygit2 and the git command; the rest speaks in its types.

Importing this package imports nothing: hooks import single modules of it.
"""
