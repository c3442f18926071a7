"""The commands: what they print, their exit codes, their JSON."""

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from orchestrate.checkpoints.goal import smart_goal
from orchestrate.checks.findings import Finding, Severity
from orchestrate.cli.checkpoint import checkpoint
from orchestrate.cli.rollback import rollback
from orchestrate.errors import Conflict, InvalidInput, OrchestrateError
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid

from .worlds import git, see


def run(tree: Path, command: click.Command, *words: str) -> Result:
    return CliRunner().invoke(command, list(words), obj=str(tree), catch_exceptions=True)


def create(tree: Path, *words: str) -> str:
    result = run(tree, checkpoint, "create", *words)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_create_names_the_checkpoint_and_an_unchanged_tree_names_it_again(tree: Path) -> None:
    assert create(tree, "-m", "good") == "recorded main/main/1\n"
    assert create(tree) == "nothing changed since main/main/1\n"


def test_list_show_compare_and_diff_tell_what_changed(tree: Path) -> None:
    create(tree)
    (tree / "a.txt").write_text("two\n")
    (tree / "new.txt").unlink()
    (tree / "src" / "app.py").chmod(0o755)
    create(tree, "-m", "second thoughts")
    listed = run(tree, checkpoint, "list").stdout
    assert "main/main/2" in listed and "second thoughts" in listed
    shown = json.loads(run(tree, checkpoint, "show", "2", "--json").stdout)
    assert [(one["path"], one["kind"]) for one in shown["changes"]] == [
        ("a.txt", "modified"),
        ("new.txt", "deleted"),
        ("src/app.py", "made executable"),
    ]
    compared = run(tree, checkpoint, "compare", "1", "last").stdout
    assert "1 deleted, 1 made executable, 1 modified" in compared
    assert "the checks did not run on it" in compared


def test_diff_shows_the_working_tree_against_a_checkpoint(
    tree: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    create(tree)
    (tree / "a.txt").write_text("two\n")
    found = json.loads(run(tree, checkpoint, "diff", "1", "--json").stdout)
    assert [one["path"] for one in found] == ["a.txt"]


def test_findings_of_that_time_stay_with_the_checkpoint(tree: Path) -> None:
    (tree / "key.txt").write_text('aws = "AKIA' + 'IOSFODNN7ABCDEFG"\n')
    result = run(tree, checkpoint, "create", "--check")
    assert result.exit_code == 1 and "key.txt:1:8: block aws-access-key-id" in result.stdout
    (tree / "key.txt").unlink()
    create(tree)
    assert "aws-access-key-id" in run(tree, checkpoint, "show", "1").stdout
    compared = run(tree, checkpoint, "compare", "1", "2").stdout
    assert "main/main/1: 1 findings\n" in compared


def test_a_rollback_says_what_it_did_and_undo_takes_it_back(tree: Path) -> None:
    create(tree)
    (tree / "a.txt").write_text("two\n")
    replaced = see(tree)
    dry = run(tree, rollback, "1", "--dry-run")
    assert "restored: a.txt" in dry.stdout and see(tree) == replaced
    done = run(tree, rollback, "1")
    assert done.exit_code == 0 and "done: full to main/main/1, 1 files" in done.stdout
    assert (tree / "a.txt").read_text() == "one\n"
    undone = run(tree, rollback, "--undo")
    assert "undone: full to main/main/2" in undone.stdout
    assert see(tree) == replaced


def test_partial_paths_are_relative_to_the_folder_one_is_in(tree: Path) -> None:
    create(tree)
    (tree / "src" / "app.py").write_text("changed\n")
    (tree / "a.txt").write_text("two\n")
    assert run(tree / "src", rollback, "1", "--partial", "app.py").exit_code == 0
    assert (tree / "src" / "app.py").read_text() == "print('hello')\n"
    assert (tree / "a.txt").read_text() == "two\n"


def test_smart_keeps_what_the_checks_allow_and_says_why_not(tree: Path) -> None:
    create(tree)
    (tree / "fine.txt").write_text("fine\n")
    (tree / "key.txt").write_text('aws = "AKIA' + 'IOSFODNN7ABCDEFG"\n')
    done = run(tree, rollback, "1", "--smart")
    assert "kept: fine.txt (the checks allow it)" in done.stdout
    assert "restored: key.txt (aws-access-key-id" in done.stdout
    assert (tree / "fine.txt").exists() and not (tree / "key.txt").exists()


def test_smart_does_not_call_allowed_what_was_not_judged(tree: Path) -> None:
    repo = Repository.open(tree)
    then = repo.tree_of(Oid(git(tree, "rev-parse", "HEAD").decode().strip()))
    now = repo.edit_tree(then, {"a.txt": (0o100644, repo.write_blob(b"two\n"))})
    crashed = Finding("check-crashed", Severity.BLOCK, "", "the check `secrets` ended")
    goal = smart_goal(repo, now, then, lambda old, new: [crashed])
    assert goal.tree == now and goal.remaining == (crashed,)
    assert [one.reason for one in goal.decisions] == [
        "no finding names it, but check-crashed stands"
    ]


def test_prune_keeps_the_newest_named_ones_and_what_undo_needs(tree: Path) -> None:
    create(tree, "-m", "named")
    for number in range(6):
        (tree / "a.txt").write_text(f"{number}\n")
        create(tree)
    run(tree, rollback, "4", "--partial", "a.txt")
    before = git(tree, "rev-parse", "refs/orchestrate/checkpoints/main/main/6^{tree}")
    done = json.loads(run(tree, checkpoint, "prune", "--keep-last", "2", "--json").stdout)
    assert done["gone"] == ["main/main/2", "main/main/3", "main/main/5"]
    assert git(tree, "rev-parse", "refs/orchestrate/checkpoints/main/main/6^{tree}") == before
    git(tree, "reflog", "expire", "--expire=now", "--all")
    git(tree, "gc", "-q", "--prune=now")
    git(tree, "fsck", "--no-dangling")
    assert run(tree, rollback, "--undo").exit_code == 0
    assert (tree / "a.txt").read_text() == "5\n"
    assert run(tree, rollback, "1").exit_code == 0
    assert (tree / "a.txt").read_text() == "one\n"


def failed(result: Result, kind: type[OrchestrateError]) -> str:
    assert isinstance(result.exception, kind), result.exception
    return str(result.exception)


def test_wrong_words_are_refused_with_what_there_is(tree: Path) -> None:
    create(tree)
    assert "it has 1" in failed(run(tree, rollback, "7"), InvalidInput)
    assert "outside" in failed(run(tree, rollback, "1", "--partial", "../x"), InvalidInput)
    assert "neither in the checkpoint" in failed(
        run(tree, rollback, "1", "--partial", "nothing.txt"), InvalidInput
    )
    assert "exclude each other" in failed(
        run(tree, rollback, "1", "--partial", "a.txt", "--smart"), InvalidInput
    )
    assert "say what stays" in failed(run(tree, checkpoint, "prune"), InvalidInput)
    assert "no rollback was done" in failed(run(tree, rollback, "--undo"), InvalidInput)


def test_a_rollback_of_another_branch_does_not_move_this_one(tree: Path) -> None:
    create(tree)
    git(tree, "switch", "-q", "-c", "side")
    result = run(tree, rollback, "main/main/1", "--move-branch")
    assert "the branch cannot move" in failed(result, Conflict)
