"""SIGKILL at any instant of a capture or a rollback, then the next call.

The child counts its own steps by audit events (PEP 578: every open, rename, unlink, ... raises one
before it happens) and kills itself at one of them, so that each instant is met, not a sample.
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.checkpoints import journal
from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checkpoints.rollback import Request, recover, rollback, undo
from orchestrate.git.repository import Repository

from .worlds import git, recorder, see

STEPS = frozenset(("os.rename", "os.remove", "os.link", "os.symlink", "os.mkdir", "os.rmdir"))


def killed_at(step: int, work: Callable[[], object]) -> bool:
    """Run `work` in a child that dies before its n-th step; whether it died."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def audit(event: str, args: tuple[object, ...]) -> None:
            nonlocal count
            writes = event == "open" and isinstance(args[2], int) and args[2] & os.O_WRONLY
            if event in STEPS or writes:
                count += 1
                if count > step:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        try:
            work()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def two_states(tree: Path) -> Checkpoint:
    """A checkpoint, and a working tree that differs from it in every way."""
    for number in range(4):
        (tree / f"change{number}.txt").write_text("old\n")
    (tree / "folder").mkdir()
    (tree / "folder" / "deep.txt").write_text("deep\n")
    target = recorder(tree).create().checkpoint
    for number in range(4):
        (tree / f"change{number}.txt").write_text("new\n")
    (tree / "folder" / "deep.txt").unlink()
    (tree / "folder").rmdir()
    (tree / "folder").write_text("a file now\n")
    (tree / "added").mkdir()
    (tree / "added" / "file.txt").write_text("added\n")
    (tree / "a.txt").symlink_to("src") if (tree / "a.txt").unlink() is None else None
    git(tree, "add", "added")
    return target


@pytest.mark.parametrize("backwards", [False, True])
def test_a_rollback_killed_at_any_step_is_completed_or_taken_back(
    tree: Path, backwards: bool
) -> None:
    target = two_states(tree)
    replaced = see(tree)
    rollback(recorder(tree), target, Request())
    captured = see(tree)
    undo(recorder(tree))
    steps = 0
    while True:
        work = lambda: rollback(recorder(tree), target, Request())  # noqa: E731
        died = killed_at(steps, work)
        if not died:
            break
        now = see(tree)
        if journal.pending(Repository.open(tree).git_dir) is None:
            assert now in (captured, replaced), f"a mixture that nothing says, at step {steps}"
        elif backwards:
            undo(recorder(tree))
            assert see(tree) == replaced
        else:
            recover(recorder(tree))
            assert see(tree) == captured
        if see(tree) == captured:
            undo(recorder(tree))
        assert see(tree) == replaced
        assert not list(tree.rglob(".orchestrate-*"))
        assert not (tree / ".git" / "index.lock").exists()
        steps += 1
    assert steps > 20
    assert see(tree) == captured


def test_a_capture_killed_at_any_step_loses_nothing_and_holds_up_nobody(tree: Path) -> None:
    recorder(tree).create()
    steps = 0
    while True:
        (tree / "a.txt").write_text(f"{steps}\n")
        for number in range(70 * (steps % 2)):  # now and then the private index takes them in
            (tree / f"many{number}.txt").write_text(f"{steps} {number}\n")
        raw, seen = (tree / ".git" / "index").read_bytes(), see(tree)
        died = killed_at(steps, lambda: recorder(tree).create())
        assert (tree / ".git" / "index").read_bytes() == raw
        assert see(tree) == seen
        found = recorder(tree).create().checkpoint
        repo = Repository.open(tree)
        assert repo.read_path(found.tree, "a.txt") == f"{steps}\n".encode()
        if not died:
            break
        steps += 1
    assert steps > 5
    git(tree, "fsck", "--no-dangling")


def test_a_rollback_killed_at_random_times_is_completed(tree: Path) -> None:
    target = two_states(tree)
    replaced = see(tree)
    for seed in range(15):
        pid = os.fork()
        if pid == 0:
            try:
                rollback(recorder(tree), target, Request())
            finally:
                os._exit(0)
        time.sleep(random.Random(seed).uniform(0, 0.08))
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if journal.pending(Repository.open(tree).git_dir) is not None:
            recover(recorder(tree))
        if see(tree).files != replaced.files:
            undo(recorder(tree))
        assert see(tree) == replaced
