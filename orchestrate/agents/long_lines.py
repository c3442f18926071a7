"""Reads a client's line about a tool that ended without reading what the tool printed.

Such lines are most of a long stream, and nearly all of each is that output. A line of just the form
that the client prints is read at its two ends, and what lies between is passed over; any other line
is not of that form, and its reader parses the whole of it.
"""

import json
import re
from typing import Any, NamedTuple

_decode = json.JSONDecoder().raw_decode
TAIL = 200  # characters; what follows the output is ids and an exit code


class Form(NamedTuple):
    """How a client prints such a line: `head`, a value, `then` and what is passed over, `tail`.

    All three begin or end outside of any text of JSON, so that no output can pass for them.
    """

    head: re.Pattern[str]
    then: str
    tail: re.Pattern[str]


class Ends(NamedTuple):
    """What was read: the groups of `head`, the value after it, the groups of `tail`."""

    head: tuple[str, ...]
    value: Any
    tail: tuple[str, ...]


def read_ends(line: bytes, form: Form) -> Ends | None:
    """The two ends of the line, or None when it is of another form."""
    try:
        text = line.decode()
        head = form.head.match(text)
        if head is None:
            return None
        value, end = _decode(text, head.end())
    except (ValueError, RecursionError):
        return None
    tail = form.tail.search(text, max(end, len(text) - TAIL))
    if tail is None or not text.startswith(form.then, end):
        return None
    return Ends(head.groups(), value, tail.groups())
