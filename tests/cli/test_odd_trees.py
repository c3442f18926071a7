"""Work trees that hold what is no file: `check` neither waits for it nor follows it."""

import json
import os
import socket
from pathlib import Path

import pytest

BAD = "<<<<<<< HEAD\n"


@pytest.fixture
def found(orchestrate):
    def check(*args: str, code: int = 0) -> list[tuple[str, str]]:
        told = json.loads(orchestrate("check", *args, "--json", code=code).out)["findings"]
        return [(one["id"], one["path"]) for one in told]

    return check


def test_a_pipe_or_socket_is_not_waited_for(
    repo: Path, found, orchestrate, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(repo / "pipe.py")
    (repo / "a.txt").unlink()
    os.mkfifo(repo / "a.txt")  # in a tracked file's place
    monkeypatch.chdir(repo)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as held:
        held.bind("socket.py")
        (repo / "b.py").write_text(BAD)
        assert found("--worktree", code=1) == [("merge-conflict", "b.py")]
        assert found(".", code=1) == [("merge-conflict", "b.py")]
        assert found("a.txt") == []
        orchestrate("check", "--worktree", "--fix", code=1)


def test_links_that_lead_in_circles_end(repo: Path, found) -> None:
    (repo / "one").symlink_to("two")
    (repo / "two").symlink_to("one")
    (repo / "self").symlink_to("self")
    (repo / "loop").mkdir()
    (repo / "loop" / "up").symlink_to("..")
    (repo / "loop" / "b.py").write_text(BAD)
    for args in (("--worktree",), (".",)):
        told = found(*args, code=1)
        assert ("merge-conflict", "loop/b.py") in told
        assert not any("up/" in path for _, path in told)


def test_a_path_of_a_thousand_folders_is_judged(repo: Path, git, found) -> None:
    path = "d/" * 1000 + "b.py"  # in the index alone: who cleans up after tests recurses
    blob = git("hash-object", "-w", "--stdin", cwd=repo, input=BAD)
    git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", cwd=repo)
    assert ("merge-conflict", path) in found(code=1)
    git("commit", "-qm", "feat: deep", cwd=repo)
    for args in (("--all",), ("HEAD~1..HEAD",), ("--history",)):
        assert found(*args, code=1) == [("merge-conflict", path)]
    git("rm", "-q", "--cached", path, cwd=repo)
    (repo / "d").write_text("a file now\n")
    git("add", "d", cwd=repo)
    assert found() == []


def test_a_tree_of_many_folders_is_judged(repo: Path, git, found) -> None:
    blob = git("hash-object", "-w", "--stdin", cwd=repo, input=BAD)
    lines = [f"100644 {blob}\tw{n // 100}/x{n % 100}/y{n}/z/f.txt" for n in range(5000)]
    git("update-index", "--index-info", cwd=repo, input="\n".join(lines) + "\n")
    git("commit", "-qm", "feat: wide", cwd=repo)
    assert len(found("--all", code=1)) == 5000
