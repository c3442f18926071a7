"""Waiting with jitter, and the queue that never stops anybody for good."""

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from orchestrate.git import retry as module
from orchestrate.git.errors import RefLocked, RefMoved
from orchestrate.git.retry import in_turn, queue_for, retry


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def test_what_lost_is_tried_again_until_it_wins() -> None:
    clock = Clock()
    losses = iter([RefMoved("refs/a/b", None, None), RefLocked("refs/a/b")])

    def once() -> str:
        for loss in losses:
            raise loss
        return "won"

    assert retry(once, clock=clock, sleep=clock.sleep) == "won"
    assert len(clock.pauses) == 2


def test_pauses_grow_and_the_deadline_ends_them() -> None:
    clock = Clock()

    def once() -> None:
        raise RefMoved("refs/a/b", None, None)

    with pytest.raises(RefMoved):
        retry(once, deadline_sec=1.0, clock=clock, sleep=clock.sleep)
    assert clock.now <= 1.1
    assert max(clock.pauses) <= 2 * module.LONGEST_PAUSE
    assert sum(clock.pauses[:3]) < sum(clock.pauses[-3:])


def test_other_errors_are_not_retried() -> None:
    clock = Clock()

    def once() -> None:
        raise RefLocked("refs/a/b")

    with pytest.raises(RefLocked):
        retry(once, on=(RefMoved,), clock=clock, sleep=clock.sleep)
    assert clock.pauses == []


def test_one_at_a_time_has_the_turn(tmp_path: Path) -> None:
    queue = queue_for(tmp_path, "refs/a/b")
    inside = 0
    most = 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with in_turn(queue):
                inside += 1
                most = max(most, inside)
                time.sleep(0.0005)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_queues_of_other_refs_do_not_wait(tmp_path: Path) -> None:
    with in_turn(queue_for(tmp_path, "refs/a/b")), in_turn(queue_for(tmp_path, "refs/a/c")):
        pass


def test_a_stopped_holder_does_not_stop_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TURN", 0.2)
    script = (
        "import sys; from pathlib import Path; from orchestrate.git.retry import *\n"
        "with in_turn(queue_for(Path(sys.argv[1]), 'refs/a/b')): print('in', flush=True), input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "in\n"
    holder.send_signal(signal.SIGSTOP)
    try:
        started = time.monotonic()
        with in_turn(queue_for(tmp_path, "refs/a/b")):
            assert 0.15 < time.monotonic() - started < 1.5
    finally:
        holder.kill()
        holder.communicate()
    with in_turn(queue_for(tmp_path, "refs/a/b")):  # a killed holder's turn ends with it
        pass
