"""The comparison that the stub starts, while the interpreter is still starting."""

import os
import subprocess
from pathlib import Path

import pytest

from orchestrate.git import changes
from tests.hooks.making import git


def given(data: bytes) -> bytes:
    """What `read_given` makes of it."""
    out, into = os.pipe()
    os.write(into, data)
    os.close(into)
    try:
        return changes.read_given(out)
    finally:
        os.close(out)


def test_the_shell_says_what_the_process_says(guarded: Path) -> None:
    (guarded / "a b.txt").write_text("x\n")
    (guarded / "é\n.txt").write_text("y\n")
    git(guarded, "add", "-A")
    said = subprocess.check_output(changes.staged_in_shell("HEAD"), shell=True, cwd=guarded)
    assert given(said) == changes.start_staged("HEAD", str(guarded)).read_all()
    assert len(changes.parse_raw(given(said))) == 2


def test_nothing_staged_is_nothing() -> None:
    assert given(b"0\n") == b""


@pytest.mark.parametrize("said", [b"", b"128\n", b"10\n", b"x\0", b"x\x00", b"x\x001\n", b"x0\n"])
def test_what_did_not_end_well_is_no_comparison(said: bytes) -> None:
    with pytest.raises(changes.GitCommandFailed):
        given(said)


def test_an_index_that_git_cannot_read_refuses(guarded: Path) -> None:
    (guarded / ".git" / "index").write_bytes(b"DIRC broken")
    hook = guarded / ".git" / "hooks" / "pre-commit"
    done = subprocess.run([hook], cwd=guarded, capture_output=True, check=False)
    assert done.returncode != 0
    assert b"orchestrate: " in done.stderr


def test_arguments_of_another_release_are_not_taken_for_a_comparison(guarded: Path) -> None:
    (guarded / "b.py").write_text("<<<<<<< HEAD\n")
    git(guarded, "add", "-A")
    hook = guarded / ".git" / "hooks" / "pre-commit"
    hook.write_text(hook.read_text().replace(changes.GIVEN, "--staged=0"))
    done = subprocess.run([hook], cwd=guarded, capture_output=True, check=False)
    assert (done.returncode, b"merge-conflict" in done.stderr) == (1, True)
