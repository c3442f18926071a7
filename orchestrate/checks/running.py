"""Runs one check and keeps count of the time.

A check that crashes is a blocking finding that names it: what did not finish has not passed.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from time import perf_counter

from orchestrate.checks.catalogue import finding
from orchestrate.checks.findings import Finding
from orchestrate.errors import OrchestrateError


@dataclass
class Stats:
    """Where the time of a run went: check -> seconds, and how much was looked at."""

    seconds: dict[str, float] = field(default_factory=dict[str, float])
    entries: int = 0
    bytes: int = 0

    def add(self, other: "Stats") -> None:
        """Take in what was counted elsewhere."""
        for name, seconds in other.seconds.items():
            self.seconds[name] = self.seconds.get(name, 0.0) + seconds
        self.entries += other.entries
        self.bytes += other.bytes


def run_check(name: str, check: Callable[[], Iterable[Finding]], stats: Stats) -> list[Finding]:
    """What the check finds, or that it crashed."""
    start = perf_counter()
    try:
        return list(check())
    except Exception as error:  # noqa: BLE001 - an edge: a crash must not pass, nor hide the rest
        return [crashed(name, error)]
    finally:
        stats.seconds[name] = stats.seconds.get(name, 0.0) + perf_counter() - start


def crashed(name: str, error: Exception) -> Finding:
    """That the check of this name did not finish."""
    if isinstance(error, OrchestrateError):
        return finding("check-crashed", "", f"check `{name}`: {error}", next_step=error.hint)
    return finding("check-crashed", "", f"check `{name}`: {type(error).__name__}: {error}")
