"""A large change is judged in parts as it is judged in one; a part that fails is a doubt."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.render_text import text
from orchestrate.git.changes import Raw
from orchestrate.hooks import parts, start
from orchestrate.hooks.full import staged_findings
from orchestrate.hooks.prefilter import Doubt
from tests.hooks.making import git
from tests.hooks.test_hooks import SLOW, imported_by_the_hook

Judged = tuple[list[Finding], frozenset[bytes]]

ENTRIES: list[Raw] = [(b"f%d" % n, 0, 0o100644, "", "1" * 40) for n in range(10)]


def finding(path: bytes) -> Finding:
    return Finding("x", Severity.WARN, path.decode(), "said", line=1)


def judge_every_third(part: list[Raw], in_child: bool) -> Judged:
    paths = [entry[0] for entry in part if int(entry[0][1:]) % 3 == 0]
    return [finding(path) for path in paths], frozenset(paths)


@pytest.fixture(autouse=True, params=[1, 2, 8])
def processors(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: request.param)


def test_the_findings_of_all_parts_in_order() -> None:
    ran: list[bool] = []
    found = parts.findings(ENTRIES, judge_every_third, lambda: ran.append(True))
    assert found == [finding(path) for path in (b"f0", b"f3", b"f6", b"f9")]
    assert ran == [True]


def test_a_doubt_about_files_leaves_the_suspects_of_all_parts() -> None:
    def judge_part(part: list[Raw], in_child: bool) -> Judged:
        if any(entry[0] == b"f1" for entry in part):
            raise Doubt("f1", frozenset([b"f1"]))
        return judge_every_third(part, in_child)

    with pytest.raises(Doubt, match="f1") as caught:
        parts.findings(ENTRIES, judge_part, lambda: None)
    told = frozenset(entry[0] for entry in ENTRIES[1 :: parts.count_of_parts()])
    suspects = {b"f0", b"f3", b"f6", b"f9"} - told
    assert caught.value.paths == suspects | {b"f1"} or parts.count_of_parts() == 1


def test_a_doubt_about_everything_is_one() -> None:
    def judge_part(part: list[Raw], in_child: bool) -> Judged:
        raise Doubt(
            "all" if part[0] == ENTRIES[0] else "one",
            None if part[0] == ENTRIES[0] else frozenset([b"x"]),
        )

    with pytest.raises(Doubt, match="all") as caught:
        parts.findings(ENTRIES, judge_part, lambda: None)
    assert caught.value.paths is None


@pytest.mark.parametrize("how", ["killed", "raises", "ends"])
def test_a_part_that_does_not_end_as_it_should_is_a_doubt(how: str) -> None:
    if parts.count_of_parts() == 1:
        return

    def judge_part(part: list[Raw], in_child: bool) -> Judged:
        if in_child:
            if how == "killed":
                os.kill(os.getpid(), signal.SIGKILL)
            if how == "ends":
                os._exit(0)
            raise RuntimeError("a bug")
        return [], frozenset()

    with pytest.raises((Doubt, EOFError)):
        parts.findings(ENTRIES, judge_part, lambda: None)


def test_no_process_is_left_where_this_one_doubts(split_off: list[int]) -> None:
    def judge_part(part: list[Raw], in_child: bool) -> Judged:
        while in_child:
            signal.pause()
        return [], frozenset()

    def doubt() -> None:
        raise Doubt("case")

    with pytest.raises(Doubt, match="case"):
        parts.findings(ENTRIES, judge_part, doubt)
    for pid in split_off:
        with pytest.raises(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)


def test_many_files_have_the_same_findings_by_both(guarded: Path) -> None:
    for n in range(start.MANY + 10):
        line = "# TODO x\n" if n % 7 == 0 else f"x = {n}\n"
        (guarded / f"f{n}.py").write_text(line)
    git(guarded, "add", "-A")
    assert "orchestrate.hooks.parts" in imported_by_the_hook(guarded) - SLOW
    hook = guarded / ".git" / "hooks" / "pre-commit"
    said = subprocess.run([hook], cwd=guarded, capture_output=True, check=True).stderr.decode()
    found = staged_findings(guarded)
    assert len(found) == start.MANY // 7 + 2
    assert said == text(found, colour=False) + "\n"
