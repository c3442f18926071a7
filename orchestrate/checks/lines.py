"""The lines of files, and which of them a change adds.

"Added lines" are the lines of the new file that the old file does not hold, counted with
repetition: what a diff prints as `+` in every case, less what merely moved within the file. Each
added line stands among the `+` lines of any correct diff, whatever its algorithm.
"""

from typing import NamedTuple

from orchestrate.checks.added import surplus


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
    """The lines of `new` that `old` does not hold, counted with repetition (`added.py`)."""
    after = lines(new)
    if not old:
        return [Line(number, text) for number, text in enumerate(after, 1)]
    return [Line(index + 1, after[index]) for index in surplus(lines(old), after)]
