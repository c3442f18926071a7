"""Shares work among processes that are split off: each takes part after part of it.

Rules kept here:

* What a process did not do, for whatever reason, is done here: every part is, or an error is raised
  as if there were no other process.
* No process is left behind, however this one goes on.
* An interrupt ends a process at once and without a word; the one that was asked says it.
"""

import os
import pickle
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import NamedTuple, NoReturn, TypeVar

T = TypeVar("T")

MAX_PARTS = 2000  # their numbers fit the pipe that they wait in: 16 KB where pipes are small
_NUMBER = 4  # bytes
_HEAD = 2 * _NUMBER  # number of a part, bytes of what came of it
_ROOM = 1 << 20  # bytes read at once


class Sharing(NamedTuple):
    """Among how many processes work is shared. `begin` gives one its own ways to the repository:
    what is open here must not be read from there.
    """

    processes: int
    begin: Callable[[], None]


def processes_for(count: int, each: int) -> int:
    """How many processes `count` things are worth, of which `each` are worth one."""
    return max(1, min(_processors(), count // each))


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):  # those we may run on; not on macOS
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def shared(work: Callable[[int], T], parts: int, sharing: Sharing) -> Iterator[tuple[int, T]]:
    """(number, what came of it) of each of `parts` parts, in the order they are done in."""
    missing = set(range(parts))
    for number, came in _elsewhere(work, parts, sharing) if sharing.processes > 1 else ():
        missing.remove(number)
        yield number, came
    for number in sorted(missing):
        yield number, work(number)


def _elsewhere(work: Callable[[int], T], parts: int, sharing: Sharing) -> Iterator[tuple[int, T]]:
    """What other processes did."""
    with ExitStack() as stack:
        waiting, into = os.pipe()
        stack.callback(os.close, waiting)
        for number in range(parts):
            os.write(into, number.to_bytes(_NUMBER, "big"))
        os.close(into)
        children: list[_Child] = []
        with suppress(OSError):  # no more processes for this user: those there are do
            for _ in range(min(sharing.processes, parts)):
                children.append(_Child(waiting, work, sharing.begin))
                stack.callback(children[-1].end)
        for number, came in _read_all(children):
            yield number, pickle.loads(came)  # our own child's


def _read_all(children: list["_Child"]) -> Iterator[tuple[int, bytes]]:
    running = {child.out: child for child in children}
    ready = select.poll()
    for out in running:
        ready.register(out, select.POLLIN)
    while running:
        for out, _ in ready.poll():
            read = os.read(out, _ROOM)
            if not read:
                ready.unregister(out)
                del running[out]
            else:
                yield from running[out].told(read)


class _Child:
    """A process that was split off. `out` is what it writes to."""

    def __init__(
        self, waiting: int, work: Callable[[int], object], begin: Callable[[], None]
    ) -> None:
        self.out, into = os.pipe()
        self._said = bytearray()
        self._pid = os.fork()
        if not self._pid:
            _be_child(waiting, into, work, begin)
        os.close(into)

    def told(self, read: bytes) -> Iterator[tuple[int, bytes]]:
        """The parts that are complete with what was read now."""
        self._said += read
        while len(self._said) >= _HEAD:
            number = int.from_bytes(self._said[:_NUMBER], "big")
            end = _HEAD + int.from_bytes(self._said[_NUMBER:_HEAD], "big")
            if len(self._said) < end:
                return
            yield number, bytes(self._said[_HEAD:end])
            del self._said[:end]

    def end(self) -> None:
        """Let go of it, whatever it is doing."""
        os.close(self.out)
        os.kill(self._pid, signal.SIGKILL)
        os.waitpid(self._pid, 0)


def _be_child(
    waiting: int, into: int, work: Callable[[int], object], begin: Callable[[], None]
) -> NoReturn:
    """Do part after part and end: nothing of the parent's may run in the child."""
    try:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        begin()
        while number := os.read(waiting, _NUMBER):
            came = pickle.dumps(work(int.from_bytes(number, "big")))
            data = number + len(came).to_bytes(_NUMBER, "big") + came
            while data:
                data = data[os.write(into, data) :]
        os._exit(0)
    finally:
        os._exit(1)
