"""JSON as the machine writes it: sorted keys, a field a line, a newline at the end, so it diffs."""

import json


def to_json(value: object) -> bytes:
    """The value as machine-written JSON, in ASCII."""
    return (json.dumps(value, indent=2, sort_keys=True) + "\n").encode("ascii")
