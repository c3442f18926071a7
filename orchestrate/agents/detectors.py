"""Sees from an attempt's events that going on is pointless or over a limit."""

import re
from collections import deque
from hashlib import sha256

from orchestrate.agents.events import Event, Kind, Tally
from orchestrate.agents.reasons import Reason

MAX_CHARS = 1_000  # of a message are compared; normalising all of a long one is slow
LOOP = 3  # the same turn so many times in a row is a loop (prior art A2.3)

_SAID = (Kind.MESSAGE, Kind.TOOL_CALL, Kind.OUTPUT)
_VARIABLE = re.compile(r"0x[0-9a-f]+|[0-9a-f]{7,}|\d+")
_SPACE = re.compile(r"\s+")


def normalised(text: str) -> str:
    """Text without what differs between two prints of the same: numbers, ids, case, spaces."""
    return _SPACE.sub(" ", _VARIABLE.sub("0", text.lower())).strip()


class Detectors:
    """Watches one attempt's events."""

    def __init__(
        self,
        max_turns: int | None,
        max_cost_usd: float | None,
        spent_usd: float = 0.0,
        max_repeats: int | None = LOOP,
    ) -> None:
        self._max_turns = max_turns
        self._max_cost = None if max_cost_usd is None else max_cost_usd + spent_usd
        self._spent = spent_usd
        self._repeats = max_repeats
        self._last: deque[bytes] = deque(maxlen=max_repeats or 1)
        self._said = ""
        self._seen = sha256()
        self._turn = ""

    def see(self, event: Event, tally: Tally) -> tuple[Reason, str] | None:
        """The limit that is reached or the loop that is seen with this event, or None."""
        if self._max_turns is not None and tally.turns > self._max_turns:
            return Reason.TURN_LIMIT, f"over {self._max_turns} turns of the model"
        cost = tally.usage.cost_usd
        if self._max_cost is not None and cost is not None and cost > self._max_cost:
            return Reason.COST_LIMIT, f"cost {cost - self._spent:.2f} US dollars"
        return self._loop(event)

    def _loop(self, event: Event) -> tuple[Reason, str] | None:
        """Turns end where the next one begins, or with the tokens that a step has used."""
        found = None
        begins = bool(event.turn) and event.turn != self._turn
        if begins or (event.kind is Kind.USAGE and event.adds):
            found = self._close_turn()
            self._turn = event.turn or self._turn
        if event.kind in _SAID:
            text = normalised(event.text[:MAX_CHARS])
            part = f"{event.tool}:{len(event.text) // MAX_CHARS}:{text}"
            self._said = self._said or part
            self._seen.update(part.encode("utf-8", "replace") + b"\0")
        return found

    def _close_turn(self) -> tuple[Reason, str] | None:
        """Whether the turn that is over says the same as those before it."""
        if not self._said or self._repeats is None:
            return None
        self._last.append(self._seen.digest())
        said, self._said, self._seen = self._said, "", sha256()
        if len(self._last) == self._repeats and len(set(self._last)) == 1:
            times = f"the same turn {self._repeats} times in a row"
            return Reason.OUTPUT_LOOP, f"{times}: {said[:200]}"
        return None
