"""Options of `watch`, as a process in a real repository."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest

LONG = ("--debounce", "10m")  # no pause in the writing is ever long enough
BAD = "<<<<<<< HEAD\n"


class Watching:
    """`orchestrate watch --json` with options."""

    def __init__(self, repo: Path, cache: Path, *options: str) -> None:
        command = [sys.executable, "-m", "orchestrate.cli.main", "-C", str(repo), "watch", "--json"]
        self.process = subprocess.Popen(
            [*command, *options],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "XDG_CACHE_HOME": str(cache)},
        )
        assert self.process.stdout is not None
        self.output: IO[str] = self.process.stdout
        self._end = threading.Timer(120, self.process.kill)  # no test waits for ever
        self._end.start()
        self.told: list[dict[str, Any]] = []

    def event(self, what: str) -> dict[str, Any]:
        """The next event of that name."""
        for line in self.output:
            self.told.append(json.loads(line))
            if self.told[-1]["event"] == what:
                return self.told[-1]
        raise AssertionError(f"the watch ended; it told {self.told}")

    def stop(self) -> None:
        self._end.cancel()
        self.process.terminate()
        self.output.close()
        self.process.wait(20)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the checks compile, once for all of these tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def watch(repo: Path, git, cache: Path) -> Iterator[Callable[..., Watching]]:
    """`watch("--interval", "1s")` returns when it has looked at everything once."""
    started: list[Watching] = []
    for number in range(4):
        (repo / f"f{number}").write_text("one\n")
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "feat: files", cwd=repo)

    def start(*options: str) -> Watching:
        started.append(Watching(repo, cache, *options))
        started[-1].event("findings")
        return started[-1]

    yield start
    for one in started:
        one.stop()


def test_a_pause_is_not_waited_for_after_many_changes(repo: Path, watch) -> None:
    watching = watch("--debounce", "1s", "--interval", "10m", "--max-changes", "3")
    is_told = threading.Event()

    def write_without_a_pause() -> None:
        number = 0
        while not is_told.wait(0.1):
            number += 1
            (repo / f"f{number % 4}").write_text(f"{number}\n")

    writer = threading.Thread(target=write_without_a_pause)
    writer.start()
    try:
        assert watching.event("checkpoint")["tree"]
    finally:
        is_told.set()
        writer.join()


def test_it_waits_no_longer_than_the_interval(repo: Path, watch) -> None:
    watching = watch(*LONG, "--interval", "500ms", "--max-changes", "1000")
    (repo / "f0").write_text("two\n")
    assert watching.event("checkpoint")["tree"]


def test_what_offends_is_put_back_where_that_is_asked_for(repo: Path, watch) -> None:
    watching = watch("--debounce", "100ms", "--on-violation", "restore")
    (repo / "f0").write_text(BAD)
    (repo / "f1").write_text("two\n")
    assert watching.event("restored")["restored"] == ["f0"]
    assert (repo / "f0").read_text() == "one\n"
    assert (repo / "f1").read_text() == "two\n"


def recorded(repo: Path, orchestrate, *options: str) -> None:
    """Record six states of 10 KB each."""
    for number in range(6):
        (repo / "f0").write_text(f"{number}" * 10_000)
        orchestrate("checkpoint", "create", *options)


def listed(orchestrate) -> list[dict[str, Any]]:
    return json.loads(orchestrate("checkpoint", "list", "--json").out)


def test_old_checkpoints_go_beyond_the_quota(repo: Path, watch, orchestrate) -> None:
    recorded(repo, orchestrate)
    watch("--debounce", "50ms", "--quota", "25K")
    (repo / "f0").write_text("x" * 10_000)
    deadline = time.monotonic() + 30
    while (kept := listed(orchestrate)) and len(kept) > 3 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert 1 <= len(kept) <= 3
    assert sum(one["size"] for one in kept) <= 35_000


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--interval", "soon"), "is not a duration such as 500ms, 30s or 2m"),
        (("--quota", "much"), "is not a size such as 500M or 2G"),
        (("--max-changes", "0"), "--max-changes"),
        (("--on-violation", "delete"), "warn"),
        (("--keep", "1"), "--keep"),
    ],
)
def test_what_is_no_value_is_wrong_use(option: tuple[str, str], said: str, orchestrate) -> None:
    assert said in orchestrate("watch", *option, code=2).err
