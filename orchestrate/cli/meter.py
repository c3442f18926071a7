"""How far long work is, on a terminal: one line on standard error that is gone when it ends."""

import sys
import time
from types import TracebackType
from typing import Self

import click

AFTER = 1.0  # seconds of work before which nothing is said
EACH = 0.1  # seconds between two words
_CLEAR = "\r\033[K"  # to the line's start, and erase it (ECMA-48, EL)


class Meter:
    """Says how many of the `things` are done, if anybody is there to see it."""

    def __init__(self, things: str, *, wanted: bool) -> None:
        self._things = things
        self._next = time.monotonic() + AFTER if wanted and sys.stderr.isatty() else float("inf")
        self._is_shown = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._is_shown:
            click.echo(_CLEAR, nl=False, err=True)

    def show(self, done: int, total: int) -> None:
        """Take in how far the work is."""
        now = time.monotonic()
        if now >= self._next:
            self._next, self._is_shown = now + EACH, True
            text = f"checked {done:,} of {total:,} {self._things}"
            click.echo(f"{_CLEAR}{text}", nl=False, err=True)
