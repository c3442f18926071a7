"""Options of `checkpoint` and `rollback`, from the command line on a real repository."""

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from orchestrate.checkpoints import journal
from orchestrate.cli.main import run


@pytest.fixture
def listed(orchestrate):
    """The names of the checkpoints there are, oldest first."""
    return lambda: [
        one["name"] for one in json.loads(orchestrate("checkpoint", "list", "--json").out)
    ]


def test_an_ignored_file_is_recorded_where_it_is_asked_for_and_comes_back(
    repo: Path, orchestrate
) -> None:
    (repo / ".gitignore").write_text("*.env\nkept/\n")
    (repo / "kept").mkdir()
    for name in ("a.env", "b.env", "kept/x", "kept/y"):
        (repo / name).write_text("old\n")
    orchestrate(
        *("checkpoint", "create", "--include-ignored", "a.env", "--include-ignored", "kept"),
    )
    for name in ("a.env", "b.env", "kept/x"):
        (repo / name).write_text("new\n")
    (repo / "kept" / "y").unlink()
    orchestrate("rollback")
    assert (repo / "a.env").read_text() == "old\n"
    assert [(repo / "kept" / name).read_text() for name in "xy"] == ["old\n", "old\n"]
    assert (repo / "b.env").read_text() == "new\n", "it was not recorded"


@pytest.mark.parametrize("path", ["nothing.env", "../outside", ".git/config", "src/../.git/config"])
def test_what_cannot_be_included_is_wrong_use(path: str, repo: Path, orchestrate, listed) -> None:
    assert (
        path.rpartition("/")[2]
        in orchestrate("checkpoint", "create", "--include-ignored", path, code=2).err
    )
    assert listed() == []


def test_paths_are_those_of_the_folder_one_is_in(repo: Path, orchestrate) -> None:
    orchestrate("checkpoint", "create")
    for path in (repo / "a.txt", repo / "src" / "app.py"):
        path.write_text("worse\n")
    orchestrate("rollback", "last", "--partial", ".", cwd=repo / "src")
    assert (repo / "a.txt").read_text() == "worse\n"
    orchestrate("rollback", "1", "--partial", "..", cwd=repo / "src")
    assert (repo / "a.txt").read_text() != "worse\n"


def test_pruning_says_what_goes_and_does_it(repo: Path, orchestrate, listed) -> None:
    for number in range(4):
        (repo / "a.txt").write_text(f"{number}\n")
        orchestrate("checkpoint", "create", *(("-m", "named") if number == 0 else ()))
    before = listed()
    said = orchestrate("checkpoint", "prune", "--keep-last", "1", "--dry-run").out
    assert said.count("would go: ") == 2 and "nothing done" in said
    assert listed() == before
    said = orchestrate("checkpoint", "prune", "--keep-last", "1").out
    assert said.count("gone: ") == 2 and "2 gone, 2 kept" in said
    assert listed() == [before[0], before[3]], "the named one and the newest"
    assert "0 gone, 2 kept" in orchestrate("checkpoint", "prune", "--keep-days", "1").out
    assert "0 gone" in orchestrate("checkpoint", "prune", "--keep-days", "0", "--owner", "no").out
    assert "say what stays" in orchestrate("checkpoint", "prune", code=2).err
    orchestrate("checkpoint", "prune", "--keep-last", "0", code=2)
    orchestrate("rollback", before[0])
    assert (repo / "a.txt").read_text() == "0\n"


def test_the_note_of_a_rollback_stands_with_what_it_replaced(repo: Path, orchestrate) -> None:
    orchestrate("checkpoint", "create")
    (repo / "a.txt").write_text("worse\n")
    orchestrate("rollback", "-m", "the parser was better")
    assert "the parser was better" in orchestrate("checkpoint", "list").out
    assert "the parser was better" in orchestrate("checkpoint", "show", "last").out
    orchestrate("rollback", "--undo", "-m", "no, it was not")
    assert (repo / "a.txt").read_text() == "worse\n"


def killed_in_the_middle(repo: Path) -> None:
    """Start `orchestrate rollback` in a child that dies when it has put half of the files back."""
    pid = os.fork()
    if pid == 0:
        renamed = 0

        def audit(event: str, args: tuple[object, ...]) -> None:
            nonlocal renamed
            if event == "os.rename" and "/f" in str(args[1]):
                renamed += 1
                if renamed == 5:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(audit)
        try:
            run(["-C", str(repo), "rollback"])
        finally:
            os._exit(0)
    assert os.WIFSIGNALED(os.waitpid(pid, 0)[1]), "it was not killed"


@pytest.fixture
def interrupted(repo: Path, orchestrate) -> Path:
    """A repository whose rollback from `new` to `old` files was killed half way."""
    files = [repo / f"f{number}" for number in range(10)]
    for file in files:
        file.write_text("old\n")
    orchestrate("checkpoint", "create")
    for file in files:
        file.write_text("new\n")
    killed_in_the_middle(repo)
    assert journal.pending(repo / ".git") is not None
    assert {file.read_text() for file in files} == {"old\n", "new\n"}
    return repo


def contents(repo: Path) -> set[str]:
    return {file.read_text() for file in repo.glob("f*")}


def test_an_interrupted_rollback_is_completed(interrupted: Path, orchestrate) -> None:
    assert "completed: full to " in orchestrate("rollback", "--continue").out
    assert contents(interrupted) == {"old\n"}
    orchestrate("rollback", "--undo")
    assert contents(interrupted) == {"new\n"}


def test_an_interrupted_rollback_is_taken_back(interrupted: Path, orchestrate) -> None:
    noted = orchestrate("checkpoint", "create").err
    assert "was interrupted" in noted and "`orchestrate rollback --continue` or `--undo`" in noted
    orchestrate("rollback", "--undo")
    assert contents(interrupted) == {"new\n"}


def test_there_may_be_nothing_to_continue(repo: Path, orchestrate) -> None:
    orchestrate("checkpoint", "create")
    ran = orchestrate("rollback", "--continue", code=None)
    assert ran.code in (2, 4) and "interrupted" in ran.err
    assert "--undo stands alone" in orchestrate("rollback", "--undo", "--continue", code=2).err
