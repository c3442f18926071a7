"""A circuit breaker for each agent: one that fails as a tool again and again rests for a while.

Rules:
 * Only failures of the tool count (`reasons.TOOL_FAILURES`); an attempt whose work was bad shows
   that the tool works.
 * After `FAILURES` in a row it is open for `REST_SEC`; then one attempt probes it. The probe's end
   decides; a probe of which nothing is heard for `PROBE_SEC` is taken as lost.
 * The state is a small file for each agent in the repository's common git directory: runs of one
   repository share it, under a lock. A file that does not read is a closed breaker.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrate import whole_file
from orchestrate.agents.reasons import TOOL_FAILURES, Reason
from orchestrate.machine_json import to_json

FAILURES = 3  # in a row
REST_SEC = 30 * 60
PROBE_SEC = 60 * 60
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Breaker:
    """One agent's state; times are seconds since the epoch, 0 is "not so"."""

    failures: int = 0
    opened: int = 0
    probed: int = 0

    def rests_until(self, now: int) -> int:
        """When it may be tried again; 0 when it may be tried now."""
        if not self.opened:
            return 0
        until = self.opened + REST_SEC
        if self.probed:
            until = max(until, self.probed + PROBE_SEC)
        return until if now < until else 0

    def tried(self, now: int) -> "Breaker":
        """After an attempt that it allowed has begun."""
        return Breaker(self.failures, self.opened, now) if self.opened else self

    def ended(self, reason: Reason, now: int) -> "Breaker":
        """After an attempt that ended with that reason."""
        if reason is Reason.CANCELLED:
            return Breaker(self.failures, self.opened)  # it says nothing of the tool
        if reason not in TOOL_FAILURES:
            return Breaker()
        failures = self.failures + 1
        return Breaker(failures, now if failures >= FAILURES else 0)


class Breakers:
    """The breakers of one repository's agents."""

    def __init__(self, common_dir: Path) -> None:
        self._folder = common_dir / "orchestrate" / "breakers"

    def enter(self, agent: str, now: int) -> int:
        """0 when the agent may be started, which counts as begun; else when it may be again."""
        until = 0

        def step(breaker: Breaker) -> Breaker:
            nonlocal until
            until = breaker.rests_until(now)
            return breaker if until else breaker.tried(now)

        self._change(agent, step)
        return until

    def leave(self, agent: str, reason: Reason, now: int) -> None:
        """Record how an attempt of the agent ended."""
        self._change(agent, lambda breaker: breaker.ended(reason, now))

    def _change(self, agent: str, step: Callable[[Breaker], Breaker]) -> None:
        path = self._folder / f"{agent}.json"
        with self._locked(agent):
            before = _read(path)
            after = step(before)
            if after == before:
                return
            whole_file.write(path, to_json({**asdict(after), "schema_version": SCHEMA_VERSION}))

    @contextmanager
    def _locked(self, agent: str) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{agent}.lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _read(path: Path) -> Breaker:
    try:
        record = json.loads(path.read_bytes())
        if record.pop("schema_version") != SCHEMA_VERSION:
            return Breaker()
        breaker = Breaker(**record)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Breaker()
    numbers = (breaker.failures, breaker.opened, breaker.probed)
    return breaker if all(type(number) is int for number in numbers) else Breaker()
