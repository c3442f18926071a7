"""Work shared among processes: all of it is done, and nobody is left behind."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from orchestrate.checks import processes
from orchestrate.checks.of_files import in_parts
from orchestrate.checks.processes import Sharing, processes_for, shared

HERE = os.getpid()


@pytest.fixture(autouse=True)
def no_child_is_left(split_off: list[int]) -> Iterator[None]:
    yield
    for pid in split_off:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def among(count: int) -> Sharing:
    return Sharing(count, lambda: None)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_every_part_is_done_once(count: int) -> None:
    came = list(shared(lambda part: (part, "x" * 100_000), 20, among(count)))
    assert sorted(came) == [(n, (n, "x" * 100_000)) for n in range(20)]


def test_others_do_the_work_and_begin_first() -> None:
    begun: list[int] = []
    sharing = Sharing(2, lambda: begun.append(os.getpid()))
    came = dict(shared(lambda part: (os.getpid(), *begun), 6, sharing))
    assert not begun
    assert all(pid == began != HERE for pid, began in came.values())


def test_what_a_killed_process_leaves_is_done_here() -> None:
    def work(part: int) -> int:
        if part == 3 and os.getpid() != HERE:
            os.kill(os.getpid(), signal.SIGKILL)
        return part

    assert sorted(shared(work, 8, among(2))) == [(n, n) for n in range(8)]


def test_an_error_is_raised_as_it_would_be_here() -> None:
    def work(part: int) -> int:
        if part == 3:
            raise ValueError(f"part {part} of {'me' if os.getpid() == HERE else 'a child'}")
        return part

    with pytest.raises(ValueError, match="part 3 of me"):
        list(shared(work, 8, among(3)))


def test_who_stops_asking_ends_them() -> None:
    def work(part: int) -> int:
        if part:
            time.sleep(60)
        return part

    began = time.monotonic()
    going = shared(work, 3, among(2))
    assert next(going) == (0, 0)
    going.close()  # type: ignore[attr-defined]  # it is a generator
    assert time.monotonic() - began < 30


def test_where_no_process_can_be_split_off_all_is_done_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse() -> int:
        raise BlockingIOError("Resource temporarily unavailable")

    monkeypatch.setattr(os, "fork", refuse)
    assert list(shared(lambda part: os.getpid(), 3, among(4))) == [(n, HERE) for n in range(3)]


def test_few_things_are_worth_one_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_processors", lambda: 4)
    assert [processes_for(n, 500) for n in (0, 999, 1000, 1_000_000)] == [1, 1, 2, 4]


def test_parts_hold_everything_in_order() -> None:
    for count in (0, 1, 7, 100):
        parts = in_parts(range(count), 8)
        assert [one for part in parts for one in part] == list(range(count))
        assert len(parts) <= 8
