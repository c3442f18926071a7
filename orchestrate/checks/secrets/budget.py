"""How much of one file is looked at closely before it is said that it cannot be judged whole.

Rules kept here:

* The work is bounded by what a file holds, not only by its size: a hostile file has a candidate in
  every ten bytes, and each costs some 30 microseconds.
* Who runs out says so. Nothing that was left unread counts as clean.
"""

from __future__ import annotations

from typing import NamedTuple

# Candidates. Real files hold less than 500 a megabyte: minified bundles, completions, SDKs.
FREE = 30_000  # that any file may have
PER_MB = 1_500  # and for each megabyte of it
WINDOW = 0.125  # what a window costs, which is a line: JSON may say "key" in each
WINDOW_BYTE = 1 / 8192  # and each byte of it
AGAIN = 0.25  # a candidate that a neighbouring window gave already
FOUND = 10  # what a secret costs, which is told


class Spot(NamedTuple):
    """A candidate by its offsets in the text, and those of the line that it is judged on."""

    form: int
    start: int
    end: int
    name: str
    line_start: int
    line_end: int


class Budget:
    """What is left to spend on one text, and which candidates were judged already."""

    def __init__(self, left: float) -> None:
        self._left = [left]  # shared with those of what was decoded
        self._judged: set[Spot] = set()

    @property
    def is_spent(self) -> bool:
        """Whether something was left unread."""
        return self._left[0] < 0

    def of_decoded(self) -> Budget:
        """The same, for a text that was decoded: its offsets are others."""
        other = Budget(0)
        other._left = self._left
        return other

    def pays_window(self, size: int) -> bool:
        """Whether a window of this many bytes may be run over."""
        self._left[0] -= WINDOW + size * WINDOW_BYTE
        return not self.is_spent

    def spend(self) -> None:
        """Take all of it: something was left unread."""
        self._left[0] = -1

    def pays_found(self) -> None:
        """Take what a secret costs."""
        self._left[0] -= FOUND

    def pays_spot(self, spot: Spot) -> bool:
        """Whether a candidate is to be judged: it is new, and there is something left.

        Windows of long lines overlap, so that most candidates there come more than once.
        """
        if spot in self._judged:
            self._left[0] -= AGAIN
            return False
        self._left[0] -= 1
        self._judged.add(spot)
        return not self.is_spent


def budget_for(size: int) -> Budget:
    """The budget of a file of `size` bytes."""
    return Budget(FREE + PER_MB * size / 1_000_000)
