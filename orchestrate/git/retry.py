"""Trying again: the only place that waits with jitter, and the queue in front of a ref's writers.

Correctness rests on the compare-and-swap alone. The queue only saves writers from losing against
each other; who waits too long for his turn goes ahead without it.
"""

import fcntl
import hashlib
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NamedTuple, TypeVar

from orchestrate.git.errors import RefLocked, RefMoved

T = TypeVar("T")

FIRST_PAUSE = 0.0005  # s, the mean of the first wait; each further one is twice as long
LONGEST_PAUSE = 0.05  # s
TURN = 2.0  # s, the longest wait in the queue


class Queue(NamedTuple):
    """The queue of one ref's writers in one repository: its lock file."""

    lock: Path


def queue_for(common_dir: Path, ref: str) -> Queue:
    """The queue in front of `ref`; processes of one machine share it."""
    name = hashlib.sha256(ref.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Queue(common_dir / "orchestrate" / "queue" / f"{name}.lock")


def retry(
    fn: Callable[[], T],
    *,
    on: tuple[type[Exception], ...] = (RefMoved, RefLocked),
    deadline_sec: float = 10.0,
    queue: Queue | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """What `fn` returns, called again after each of the exceptions `on`, first of all in its turn.

    Raises:
        The last of these exceptions, when `deadline_sec` seconds have passed.
    """
    end = clock() + deadline_sec
    pause = FIRST_PAUSE
    while True:
        try:
            with in_turn(queue) if queue else nullcontext():
                return fn()
        except on:
            if clock() + pause > end:
                raise
        sleep(random.uniform(0, 2 * pause))
        pause = min(2 * pause, LONGEST_PAUSE)


@contextmanager
def in_turn(queue: Queue) -> Iterator[None]:
    """Holds the queue's lock, or goes ahead without it after `TURN` seconds.

    The kernel serves waiters in order. A thread waits, so that the wait can be given up: a writer
    that a Ctrl-Z has stopped must not stop the others.
    """
    queue.lock.parent.mkdir(parents=True, exist_ok=True)
    fd = os.open(queue.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiter = threading.Thread(target=fcntl.flock, args=(fd, fcntl.LOCK_EX), daemon=True)
            waiter.start()
            waiter.join(TURN)
        yield
    finally:
        os.close(fd)
