"""Changes that were seen and not yet recorded: which, and when it is time.

Pure: the clock is an argument. Times are in seconds.
"""

from collections.abc import Iterable
from typing import NamedTuple

FEW = 256  # paths; more are not looked up one by one. A lost event only happens among thousands.


class Pace(NamedTuple):
    """When to record: after a pause, after so many changed paths, or after so long."""

    debounce: float = 0.5
    max_changes: int = 50
    interval: float = 30.0


class Pending:
    """The changes since the last record.

    `paths` are those that events named; `whole` says that more may have changed than these.
    """

    def __init__(self, now: float) -> None:
        self.paths: set[str] = set()
        self.whole = True
        self.touched = False
        self._last_event = now
        self._last_record = now
        self._last_whole = now

    def add(self, paths: Iterable[str], now: float, *, whole: bool = False) -> None:
        """Events came in."""
        if not self.whole:
            self.paths.update(paths)
        if whole or len(self.paths) > FEW:
            self.whole = True
            self.paths.clear()
        self.touched = True
        self._last_event = now

    def is_due(self, now: float, pace: Pace) -> bool:
        """Whether to record now."""
        if not self.touched:
            return False
        since = now - self._last_record
        many = len(self.paths) >= pace.max_changes or (self.whole and since >= pace.debounce)
        quiet = now - self._last_event >= pace.debounce
        return quiet or (many and since >= pace.debounce) or since >= pace.interval

    def take(self, now: float, pace: Pace) -> tuple[list[str], bool]:
        """The paths to record, and whether to look at everything; nothing is pending then.

        Once an interval everything is looked at, whatever the events said.
        """
        whole = self.whole or now - self._last_whole >= pace.interval
        paths = sorted(self.paths)
        self.paths.clear()
        self.whole = self.touched = False
        self._last_record = now
        if whole:
            self._last_whole = now
        return paths, whole
