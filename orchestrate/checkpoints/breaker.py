"""A circuit breaker: what fails again and again is left alone for a while, then tried once.

Pure: the clock is an argument.
"""

from enum import StrEnum
from typing import NamedTuple

FAILURES = 3  # in a row
PAUSE = 30.0  # s before the next try


class BreakerState(StrEnum):
    """Closed: used. Open: left alone, but for one try now and then."""

    CLOSED = "closed"
    OPEN = "open"


class Breaker(NamedTuple):
    """How often it failed in a row and, when that was too often, since when it is left alone."""

    failures: int = 0
    opened: float | None = None

    @property
    def state(self) -> BreakerState:
        return BreakerState.CLOSED if self.opened is None else BreakerState.OPEN

    def allows(self, now: float) -> bool:
        """Whether to use it now."""
        return self.opened is None or now - self.opened >= PAUSE

    def succeeded(self) -> "Breaker":
        """After a use that worked."""
        return Breaker()

    def failed(self, now: float) -> "Breaker":
        """After a use that did not."""
        failures = self.failures + 1
        return Breaker(failures, now if failures >= FAILURES else None)
