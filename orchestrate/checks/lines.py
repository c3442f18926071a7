"""The lines of files, and which of them a change adds. Light: the hooks' fast path imports this.

"Added lines" are the lines of the new file that the old file does not hold, counted with
repetition: what a diff prints as `+` in every case, less what merely moved within the file. Each
added line stands among the `+` lines of any correct diff, whatever its algorithm.
"""

from collections import Counter
from typing import NamedTuple


class Line(NamedTuple):
    """One line of a file without its end; `number` counts from 1."""

    number: int
    text: bytes


def lines(data: bytes) -> list[bytes]:
    """The lines of a file without their ends: LF, CR LF or a lone CR."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    split = data.split(b"\n")
    if split and not split[-1]:
        split.pop()
    return split


def added_lines(old: bytes, new: bytes) -> list[Line]:
    """The lines of `new` that `old` does not hold, counted with repetition.

    The ends that both share are left out first, so that of several equal lines the one that was
    added is named; the counts do not depend on it.
    """
    after = lines(new)
    if not old:
        return [Line(number, text) for number, text in enumerate(after, 1)]
    before = lines(old)
    start, shared = 0, min(len(before), len(after))
    while start < shared and before[start] == after[start]:
        start += 1
    end = 0
    while end < shared - start and before[-1 - end] == after[-1 - end]:
        end += 1
    held = Counter(before[start : len(before) - end])
    found = []
    for number, text in enumerate(after[start : len(after) - end], start + 1):
        if held[text] > 0:
            held[text] -= 1
        else:
            found.append(Line(number, text))
    return found
