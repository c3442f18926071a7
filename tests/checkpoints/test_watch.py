"""The watch as a process: records, checks, restores, pauses, and stands aside for git."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import psutil
import pytest

from orchestrate.checkpoints import chain
from orchestrate.git.repository import Repository

from .worlds import git

PROGRAM = """
import sys
from pathlib import Path
from orchestrate.checkpoints.pending import Pace
from orchestrate.checkpoints.watch import Options, Watch
from orchestrate.checks.findings import Finding, Severity
from orchestrate.cli.watch import _tell_json

class Checker:
    def __init__(self, repo):
        self.repo = repo

    def __call__(self, base, tree):
        if self.repo.entry(tree, "crash"):
            raise RuntimeError("the checker is broken")
        return [
            Finding("bad", Severity.BLOCK, change.path, "is bad")
            for change in self.repo.diff(base, tree)
            if b"BAD" in self.repo.read_blob(change.new_oid or change.old_oid)
        ]

def tell(event):
    _tell_json(event)
    sys.stdout.flush()

options = Options(Pace(0.1, 50, 2.0), restore=sys.argv[2] == "restore")
Watch(Path(sys.argv[1]), options, Checker, tell).run()
"""


class Running:
    """A watch in a process of its own, with what it told."""

    def __init__(self, tree: Path, how: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tree), how], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.output: IO[str] = self.process.stdout
        self.told: list[dict[str, Any]] = []

    def until(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event from now on that is wanted."""
        for line in self.output:
            self.told.append(json.loads(line))
            if wanted(self.told[-1]):
                return self.told[-1]
        raise AssertionError(f"the watch ended; it told {self.told}")

    def event(self, what: str) -> dict[str, Any]:
        return self.until(lambda event: event["event"] == what)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.output.close()
        assert self.process.wait(10) == 0


@pytest.fixture
def watching(tree: Path) -> Iterator[Callable[[str], Running]]:
    started: list[Running] = []

    def start(how: str = "warn") -> Running:
        started.append(Running(tree, how))
        started[-1].event("findings")  # the first look is over
        return started[-1]

    yield start
    for running in started:
        if running.process.poll() is None:
            running.process.kill()
        running.process.wait()
        running.output.close()


def found_bad(event: dict[str, Any]) -> bool:
    return event["event"] == "findings" and bool(event["findings"])


def test_a_violation_is_recorded_found_and_written_for_hooks(
    tree: Path, watching: Callable[..., Running]
) -> None:
    running = watching()
    (tree / "src" / "worse.py").write_text("BAD\n")
    event = running.until(found_bad)
    assert [finding["path"] for finding in event["findings"]] == ["src/worse.py"]
    written = json.loads((tree / ".git" / "orchestrate" / "findings.json").read_bytes())
    assert written["findings"][0]["path"] == "src/worse.py"
    assert (tree / "src" / "worse.py").read_text() == "BAD\n"
    running.stop()


def test_restore_puts_only_the_offending_file_back(
    tree: Path, watching: Callable[..., Running]
) -> None:
    running = watching("restore")
    (tree / "fine.txt").write_text("fine\n")
    (tree / "a.txt").write_text("BAD\n")
    assert running.event("restored")["restored"] == ["a.txt"]
    assert (tree / "a.txt").read_text() == "one\n"
    assert (tree / "fine.txt").read_text() == "fine\n"
    running.stop()


def test_a_pause_is_acknowledged_and_its_changes_are_found_afterwards(
    tree: Path, watching: Callable[..., Running]
) -> None:
    running = watching()
    orchestrate(tree, "--pause")
    assert "paused" in orchestrate(tree, "--status")
    (tree / "a.txt").write_text("BAD\n")
    time.sleep(0.5)
    repo = Repository.open(tree)
    newest = chain.latest(repo, "main/main")
    assert newest is not None and repo.read_path(newest.tree, "a.txt") == b"one\n"
    orchestrate(tree, "--resume")
    running.until(found_bad)
    running.stop()


def orchestrate(tree: Path, *words: str) -> str:
    code = "import sys; from orchestrate.cli.watch import watch; watch(obj=sys.argv.pop(1))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tree), *words], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_a_broken_checker_is_told_and_checkpoints_go_on(
    tree: Path, watching: Callable[..., Running]
) -> None:
    running = watching()
    for number in range(3):
        (tree / "crash").write_text(f"{number}\n")
        assert (
            "the checker is broken" in running.event("error" if number < 2 else "breaker")["text"]
        )
    (tree / "crash").write_text("later\n")
    running.event("checkpoint")
    running.stop()


def test_an_editor_a_commit_loop_and_a_watch_do_not_disturb_each_other(
    tree: Path, watching: Callable[..., Running]
) -> None:
    """The short form, 6 seconds; `benchmarks/checkpoints.py --soak 60` runs a minute of it."""
    running = watching()
    folder = tree / "edited"
    folder.mkdir()
    memory = []
    written = committed = 0
    end = time.monotonic() + 6
    while time.monotonic() < end:
        for _ in range(10):
            whole = f"{written:08}\n" * 50
            draft = tree.parent / "draft"
            draft.write_text(whole)
            os.replace(draft, folder / f"file{written % 150}.txt")
            written += 1
        if written % 50 == 0:
            git(tree, "add", "-A")  # raises when a lock is in the way
            git(tree, "commit", "-q", "-m", f"feat: commit {written}")
            committed += 1
        memory.append(psutil.Process(running.process.pid).memory_info().rss)
        time.sleep(0.08)
    (tree / "a.txt").write_text("BAD\n")
    running.until(found_bad)
    running.stop()
    assert written > 300 and committed > 5
    assert max(memory[len(memory) // 2 :]) < memory[len(memory) // 2] + 8_000_000  # bytes
    assert_untorn(tree)


def assert_untorn(tree: Path) -> None:
    """Every file of every checkpoint is one that was written, whole."""
    repo = Repository.open(tree)
    every = chain.chain(repo, "main/main")
    assert len(every) > 5
    for checkpoint in every:
        for entry in repo.walk_tree(checkpoint.tree):
            if entry.path.startswith("edited/"):
                lines = repo.read_blob(entry.oid).splitlines()
                assert len(lines) == 50 and len(set(lines)) == 1, (checkpoint.name, entry.path)
    git(tree, "fsck", "--no-dangling")
