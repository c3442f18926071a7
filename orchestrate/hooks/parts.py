"""Judges a large change in parts, one of them here and each other one in a process of its own.

Reading, inflating and searching keep one processor busy. Rules kept here:

* A part that does not end as it should is a doubt: the engine looks at all of the change.
* Where the content of some files is in doubt, the suspects of every part are left to the engine
  too: it then judges them all.
* No process is left behind, however this one goes on.
"""

from __future__ import annotations

import marshal
import os

from orchestrate.hooks.prefilter import Doubt

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from orchestrate.checks.findings import Finding
    from orchestrate.git.changes import Raw

    Judged = tuple[Sequence[Finding], frozenset[bytes]]  # what was found in which suspects
    JudgePart = Callable[[Sequence[Raw], bool], Judged]  # the flag: whether in a child

MAX_PARTS = 4
SIGKILL = 9  # signal(7); the module of that name imports enum


def findings(
    entries: Sequence[Raw], judge_part: JudgePart, meanwhile: Callable[[], None]
) -> list[Finding]:
    """What is found in all parts, sorted as the engine does; `meanwhile` is run here beside them.

    Raises:
        Doubt: the engine must look.
    """
    count = count_of_parts()
    children: list[_Child] = []
    try:
        for n in range(1, count):
            children.append(_Child(judge_part, entries[n::count]))
        meanwhile()
        outcomes = [_outcome(entries[::count], judge_part, False)]
        outcomes += [child.outcome() for child in children]
    finally:
        for child in children:
            child.end()
    return _joined(outcomes)


def count_of_parts() -> int:
    """How many parts there are on this machine."""
    return min(os.cpu_count() or 1, MAX_PARTS)


def _outcome(part: Sequence[Raw], judge_part: JudgePart, in_child: bool) -> dict[str, Any]:
    """What came of one part, as values that marshal takes."""
    try:
        found, suspects = judge_part(part, in_child)
    except Doubt as doubt:
        return {"doubt": str(doubt), "paths": doubt.paths, "found": []}
    plain = [(one[0], str(one[1]), *one[2:]) for one in found]
    return {"doubt": None, "paths": suspects, "found": plain}


def _joined(outcomes: Sequence[dict[str, Any]]) -> list[Finding]:
    doubts = [one for one in outcomes if one["doubt"] is not None]
    if any(one["paths"] is None for one in doubts):
        raise Doubt(next(one["doubt"] for one in doubts if one["paths"] is None))
    if doubts:
        raise Doubt(doubts[0]["doubt"], frozenset[bytes]().union(*(o["paths"] for o in outcomes)))
    plain = {one for outcome in outcomes for one in outcome["found"]}
    if not plain:
        return []
    from orchestrate.checks.findings import Finding, Severity, order

    found = (Finding(id, Severity(severity), *more) for id, severity, *more in plain)
    return sorted(found, key=order)


class _Child:
    """A process that was split off to judge one part."""

    def __init__(self, judge_part: JudgePart, part: Sequence[Raw]) -> None:
        self._out, into = os.pipe()
        self._pid = os.fork()
        if not self._pid:
            _be_child(into, judge_part, part)
        os.close(into)

    def outcome(self) -> dict[str, Any]:
        """What came of its part. Raises: Doubt when the process did not end as it should."""
        read = b""
        while part := os.read(self._out, 1 << 20):
            read += part
        _, status = os.waitpid(self._pid, 0)
        self._pid = 0
        if status:
            raise Doubt("a part was not judged")
        value: dict[str, Any] = marshal.loads(read)
        return value

    def end(self) -> None:
        """Let go of it, whatever it is doing."""
        os.close(self._out)
        if self._pid:
            os.kill(self._pid, SIGKILL)
            os.waitpid(self._pid, 0)


def _be_child(into: int, judge_part: JudgePart, part: Sequence[Raw]) -> NoReturn:
    """Write what came of the part and end: nothing of the parent's may run in the child."""
    try:
        data = marshal.dumps(_outcome(part, judge_part, True))
        while data:
            data = data[os.write(into, data) :]
        os._exit(0)
    finally:
        os._exit(1)
