"""Rests an agent whose tool keeps failing, and says which agent takes its place.

Pure but for `load` and `save`: three failures of the tool itself (not of the work) in a row open
the circuit for half an hour; then one attempt probes it, which closes it or opens it again.
"""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from orchestrate.agents.reasons import TOOL_FAILURES, Reason

FAILURES = 3
REST_SEC = 30 * 60


class Circuit(StrEnum):
    """Whether an agent is asked: yes, no, or once to see."""

    CLOSED = "closed"
    OPEN = "open"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Breaker:
    """One agent's failures in a row; `opened` and `probing` are times in seconds, 0 is "not"."""

    failures: int = 0
    opened: float = 0.0
    probing: float = 0.0


class Choice(NamedTuple):
    """The agent that takes the attempt, None when all rest; `skipped` names those that do."""

    agent: str | None
    probe: bool
    skipped: tuple[str, ...]


def circuit(breaker: Breaker, now: float) -> Circuit:
    """How it stands at a time. A probe that never came back is given up after the same rest."""
    if not breaker.opened:
        return Circuit.CLOSED
    since = max(breaker.opened, breaker.probing)
    return Circuit.OPEN if now < since + REST_SEC else Circuit.PROBE


def probing(breaker: Breaker, now: float) -> Breaker:
    """After the one probe was sent out: nobody else is until it is back."""
    return Breaker(breaker.failures, breaker.opened, now)


def after(breaker: Breaker, reason: Reason, now: float) -> Breaker:
    """After an attempt that ended for `reason`."""
    if reason is Reason.CANCELLED:
        return breaker
    if reason not in TOOL_FAILURES:
        return Breaker()
    failures = breaker.failures + 1
    return Breaker(failures, now if failures >= FAILURES else 0.0)


def choose_agent(
    wanted: str,
    fallbacks: Mapping[str, tuple[str, ...]],
    breakers: Mapping[str, Breaker],
    now: float,
) -> Choice:
    """The wanted agent, or the first that the policy lets take its place and that does not rest."""
    skipped: list[str] = []
    queue = [wanted]
    while queue:
        name = queue.pop(0)
        if name in skipped:
            continue
        state = circuit(breakers.get(name, Breaker()), now)
        if state is not Circuit.OPEN:
            return Choice(name, state is Circuit.PROBE, tuple(skipped))
        skipped.append(name)
        queue += fallbacks.get(name, ())
    return Choice(None, False, tuple(skipped))


def load(path: Path) -> dict[str, Breaker]:
    """The breakers in a file of the cache; none when it is not there or does not read."""
    try:
        document = json.loads(path.read_bytes())
        return {name: Breaker(**fields) for name, fields in document.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # a cache: what is lost is three failures' memory


def save(path: Path, change: Callable[[dict[str, Breaker]], dict[str, Breaker]]) -> None:
    """Change the file, at once or not at all. Two runs at once may lose one of two changes."""
    breakers = change(load(path))
    text = json.dumps({n: asdict(b) for n, b in breakers.items()}, indent=2, sort_keys=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    Path(name).replace(path)
