"""Sees in a tool's plain text, which has no turns, that it prints the same over and over.

The same block of lines, so many times in a row and still at it at the end of what has come: case,
spaces, colours and times of day do not count, other numbers do (a build that counts up goes on). A
block has at least three different lines: a dot, a progress line or a warning repeats in good order.
"""

import re
from collections import deque

MAX_BLOCK = 200  # lines that one round may have
MIN_DIFFERENT = 3  # lines that differ from each other in it
MAX_LINE = 500  # characters of a line that are compared

_NOISE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\b\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?\b|\s+")


class TextLoop:
    """Watches one stream; `times` is how often the same block counts as a loop."""

    def __init__(self, times: int) -> None:
        self._times = times
        self._lines: deque[int] = deque(maxlen=MAX_BLOCK * times)

    def feed(self, lines: list[bytes]) -> str | None:
        """What is repeated, when it is, at the end of these further lines."""
        last = ""
        for line in lines[-MAX_BLOCK * self._times :]:
            text = _NOISE.sub(" ", line[:MAX_LINE].decode("utf-8", "replace").lower()).strip()
            if text:
                self._lines.append(hash(text))
                last = text
        seen = tuple(self._lines)
        for size in range(MIN_DIFFERENT, len(seen) // self._times + 1):
            block = seen[-size:]
            if seen[-1 - size] != seen[-1] or len(set(block)) < MIN_DIFFERENT:
                continue
            # All rounds but the last against the last.
            if seen[-size * self._times : -size] == block * (self._times - 1):
                return f"the same {size} lines {self._times} times in a row, last: {last[:200]}"
        return None
