"""The plan's ref, a linear chain of event commits: append, load, verify; and the record."""
