"""The watch's parts without a watch: when to record, the breaker, merging, the lock."""

import threading
from pathlib import Path

import pytest

from orchestrate.checkpoints import watch_lock
from orchestrate.checkpoints.breaker import FAILURES, PAUSE, Breaker, BreakerState
from orchestrate.checkpoints.judge import Judge, Verdict
from orchestrate.checkpoints.pending import FEW, Pace, Pending
from orchestrate.checks.findings import Finding
from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.types import Oid

from .worlds import recorder

PACE = Pace(debounce=0.5, max_changes=50, interval=30)


def fresh() -> Pending:
    pending = Pending(0.0)
    pending.take(0.0, PACE)
    return pending


def test_a_record_is_due_when_nothing_was_written_for_the_debounce() -> None:
    pending = fresh()
    assert not pending.is_due(100, PACE)
    pending.add(["a"], 1.0)
    pending.add(["b"], 1.3)
    assert not pending.is_due(1.7, PACE)
    assert pending.is_due(1.8, PACE)
    assert pending.take(1.8, PACE) == (["a", "b"], False)
    assert not pending.is_due(10, PACE)


def test_many_changes_do_not_wait_for_a_pause() -> None:
    pending = fresh()
    for number in range(50):
        pending.add([f"{number}"], 1.0 + number / 100)
    assert pending.is_due(1.5, PACE)


def test_writing_without_a_pause_is_recorded_once_an_interval() -> None:
    pending = fresh()
    for tick in range(299):
        pending.add(["a"], tick / 10)
        assert not pending.is_due(tick / 10, PACE)
    pending.add(["a"], 30.0)
    assert pending.is_due(30.0, PACE)
    assert pending.take(30.0, PACE) == (["a"], True)  # and then everything is looked at


def test_more_changes_than_a_few_mean_a_look_at_everything() -> None:
    pending = fresh()
    pending.add([str(number) for number in range(FEW + 1)], 1.0)
    assert pending.take(2.0, PACE) == ([], True)


def test_the_breaker_opens_after_three_failures_and_probes_again() -> None:
    breaker = Breaker()
    for _ in range(FAILURES):
        assert breaker.state is BreakerState.CLOSED and breaker.allows(10.0)
        breaker = breaker.failed(10.0)
    assert breaker.state is BreakerState.OPEN
    assert not breaker.allows(10.0 + PAUSE - 1)
    assert breaker.allows(10.0 + PAUSE)
    again = breaker.failed(50.0)
    assert again.state is BreakerState.OPEN
    assert not again.allows(50.0 + PAUSE - 1)
    assert breaker.succeeded() == Breaker()


def test_checks_that_fall_behind_merge_and_end_with_the_newest(tree: Path) -> None:
    entered, go_on = threading.Event(), threading.Event()
    verdicts: list[Verdict] = []
    done = threading.Event()

    def check(base: Oid, judged: Oid) -> list[Finding]:
        entered.set()
        assert go_on.wait(10)
        return []

    def deliver(verdict: Verdict) -> None:
        verdicts.append(verdict)
        if len(verdicts) == 2:
            done.set()

    judge = Judge(tree, lambda repo: check, deliver, ("A", "a@example.org"))
    judge.start()
    found = []
    for number in range(10):
        (tree / "a.txt").write_text(f"{number}\n")
        found.append(recorder(tree).create().checkpoint)
        judge.put(found[-1])
        assert entered.wait(10)
    go_on.set()
    assert done.wait(10)
    judge.close()
    assert [verdict.checkpoint.number for verdict in verdicts] == [1, 10]
    assert judge.merged == 8


def test_one_watch_runs_in_a_worktree(tmp_path: Path) -> None:
    with watch_lock.held(tmp_path):
        watch_lock.publish(tmp_path, "watching")
        with (
            pytest.raises(Conflict, match="a watch runs in this worktree already"),
            watch_lock.held(tmp_path),
        ):
            pass
        status = watch_lock.status(tmp_path)
        assert status is not None and status.state == "watching"
    assert watch_lock.status(tmp_path) is None


def test_a_pause_without_a_watch_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no watch runs"):
        watch_lock.request(tmp_path, "paused")
