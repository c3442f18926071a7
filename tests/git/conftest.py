"""Situations for the tests of the git room: real repositories, each in a folder of its own."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, Oid, Signature

ME = Signature("A Tester", "tester@example.org", 1_700_000_000, 60)

Git = Callable[..., str]
Commit = Callable[..., Oid]


@pytest.fixture
def empty(tmp_path: Path, git: Git) -> Repository:
    """A repository without a commit."""
    git("init", "-q", "-b", "main", str(tmp_path / "empty"))
    return Repository.open(tmp_path / "empty")


@pytest.fixture
def opened(repo: Path) -> Repository:
    """The repository of the `repo` fixture: a.txt and src/app.py on main."""
    return Repository.open(repo)


@pytest.fixture
def commit() -> Commit:
    """`commit(repository, {"a/b": "text"}, *parents)` writes a commit of just these files."""

    def make(repository: Repository, files: dict[str, str | bytes], *parents: Oid) -> Oid:
        edits = {}
        for path, text in files.items():
            data = text if isinstance(text, bytes) else text.encode()
            edits[path] = (FILE, repository.write_blob(data))
        tree = repository.edit_tree(None, edits)
        return repository.commit(tree, parents, "test: a commit\n", author=ME, committer=ME)

    return make


def git_bytes(*args: str, cwd: Path) -> bytes:
    """What git printed, to the byte."""
    return subprocess.run(["git", *args], cwd=cwd, check=True, capture_output=True).stdout
