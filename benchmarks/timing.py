"""Times things against each other, in turn, so that noise falls on all of them alike."""

import json
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Row(NamedTuple):
    """One measured thing beside its peer; seconds, medians."""

    what: str
    ours: float
    peer: str
    theirs: float

    @property
    def ratio(self) -> float:
        """Ours over theirs: below 1 is faster than the peer."""
        return self.ours / self.theirs


def medians(runs: Mapping[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Median seconds of each function, called in turn `times` times after an unmeasured call."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(times + 1):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            if turn:
                seconds[name].append(time.perf_counter() - began)
    return {name: statistics.median(found) for name, found in seconds.items()}


def print_rows(title: str, rows: Sequence[Row]) -> None:
    """A table for people."""
    print(f"\n{title}")
    width = max(len(row.what) for row in rows)
    for row in rows:
        print(
            f"  {row.what:<{width}}  {_ms(row.ours)}  vs {row.peer} {_ms(row.theirs)}"
            f"  ratio {row.ratio:.2f}"
        )


def print_facts(title: str, facts: Mapping[str, object]) -> None:
    """Numbers without a peer."""
    print(f"\n{title}")
    for name, value in facts.items():
        print(f"  {name}: {value}")


def as_json(rows: Sequence[Row]) -> str:
    """The same for programs."""
    return json.dumps([{**row._asdict(), "ratio": row.ratio} for row in rows], indent=2)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms"


def note(text: str) -> None:
    """Progress, to stderr."""
    print(text, file=sys.stderr, flush=True)
