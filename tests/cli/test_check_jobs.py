"""`check` by several processes: the same findings, seen from outside and interrupted."""

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.checks.secrets.samples import expand
from orchestrate.cli import meter
from orchestrate.cli.meter import Meter
from tests.cli.conftest import Ran
from tests.hooks.making import git


@pytest.fixture(autouse=True)
def compiled_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def fill(repo: Path, count: int) -> None:
    """Commit files in which several checks find something, in three commits."""
    for at in range(count):
        text = f"def f{at}(x=[]):\n    eval(x)\n" + "a = 1\n" * at
        if at % 3 == 0:
            text += expand('key = "AKIA{{base32:16}}"\n', at)
        (repo / f"d{at % 4}").mkdir(exist_ok=True)
        (repo / f"d{at % 4}" / f"f{at}.py").write_text(text)
        if at % (count // 3) == 0:
            git(repo, "add", "-A")
            git(repo, "commit", "-q", "-m", "feat: more", "--no-verify")
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: the rest", "--no-verify")


@pytest.mark.parametrize("what", ["--all", "--history", "."])
def test_any_number_of_processes_finds_the_same_in_one_order(
    repo: Path, orchestrate: Callable[..., Ran], what: str
) -> None:
    fill(repo, 30)
    told = [
        orchestrate("check", what, "--json", "--stats", "--jobs", str(jobs), code=1)
        for jobs in (1, 2, 5)
    ]
    assert len({one.out for one in told}) == 1
    found = json.loads(told[0].out)["findings"]
    assert {"aws-access-key-id", "python-mutable-default"} <= {one["id"] for one in found}
    # The seconds differ; what was looked at does not, nor do the checks that took them.
    assert len({one.err.splitlines()[-1] for one in told}) == 1
    names = [sorted(re.findall(r"ms  (.*)", one.err)) for one in told]
    assert names[0] == names[1] == names[2]


def test_a_bare_repository_gives_the_same(
    repo: Path, orchestrate: Callable[..., Ran], tmp_path: Path
) -> None:
    fill(repo, 12)
    bare = tmp_path / "bare.git"
    git(repo, "clone", "-q", "--bare", str(repo), str(bare))
    told = [
        orchestrate("check", "--all", "--json", "--jobs", str(jobs), code=1, cwd=bare)
        for jobs in (1, 3)
    ]
    assert told[0].out == told[1].out


@pytest.mark.parametrize("jobs", ["1", "3"])
@pytest.mark.parametrize("what", ["--all", "--history"])
def test_an_interrupt_ends_all_of_it_at_once(
    repo: Path, tmp_path: Path, what: str, jobs: str
) -> None:
    line = 'password_of_x = "aB3$' + 'xyzw" if password == "q9!' + 'Kwert" else token["key"]\n'
    for at in range(6):
        (repo / f"f{at}.py").write_text(f"# {at}\n" + line * 20_000)
    git(repo, "add", "-A")
    git(repo, "commit", "-q", "-m", "feat: much", "--no-verify")
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    command = [sys.executable, "-m", "orchestrate.cli.main", "check", what, "--jobs", jobs]
    running = subprocess.Popen(
        command, cwd=repo, env={**os.environ, "TMPDIR": str(scratch)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    wait_until_at_work(running.pid, int(jobs))
    os.killpg(running.pid, signal.SIGINT)  # as a terminal does
    began = time.monotonic()
    out, err = running.communicate(timeout=60)
    assert time.monotonic() - began < 15
    assert (running.returncode, out, err.strip()) == (130, "", "interrupted")
    assert list(scratch.iterdir()) == []
    for _ in range(100):
        try:
            os.killpg(running.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    pytest.fail("a process is left")


def wait_until_at_work(pid: int, jobs: int) -> None:
    """Until the process has the children that it works with, and some time more."""
    for _ in range(1200):
        listed = subprocess.run(["ps", "-A", "-o", "ppid="], capture_output=True, text=True)
        if listed.stdout.split().count(str(pid)) >= jobs:  # git is one of them
            time.sleep(0.5)
            return
        time.sleep(0.05)
    pytest.fail("it does not come to work")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_person_who_waits_sees_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Terminal()
    monkeypatch.setattr(sys, "stderr", seen)
    monkeypatch.setattr(meter, "AFTER", 0.0)
    with Meter("files", wanted=True) as shown:
        shown.show(1, 2000)
        shown.show(2, 2000)  # too soon to be told
    assert seen.getvalue() == "\r\033[Kchecked 1 of 2,000 files\r\033[K"


@pytest.mark.parametrize(("stream", "wanted"), [(io.StringIO(), True), (Terminal(), False)])
def test_nobody_else_does(
    monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, wanted: bool
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(meter, "AFTER", 0.0)
    with Meter("files", wanted=wanted) as shown:
        shown.show(1, 2)
    assert stream.getvalue() == ""


def test_short_work_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Terminal()
    monkeypatch.setattr(sys, "stderr", seen)
    with Meter("files", wanted=True) as shown:
        shown.show(1, 2)
    assert seen.getvalue() == ""
