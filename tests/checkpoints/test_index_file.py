"""Index files as git writes them: every version, every flag, read and written."""

from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError, Unsupported
from orchestrate.git import index_file
from orchestrate.git.index_file import ASSUME_VALID, INTENT_TO_ADD, SKIP_WORKTREE, STAGE

from .worlds import git


def index(tree: Path) -> bytes:
    return (tree / ".git" / "index").read_bytes()


def listed(tree: Path) -> list[tuple[bytes, int, str, int]]:
    rows = git(tree, "ls-files", "-z", "--stage").split(b"\0")[:-1]
    found = []
    for row in rows:
        fields, path = row.split(b"\t", 1)
        mode, oid, stage = fields.split(b" ")
        found.append((path, int(mode, 8), oid.decode(), int(stage)))
    return found


def read(tree: Path) -> list[tuple[bytes, int, str, int]]:
    return [(row.path, row.mode, row.hex, row.stage) for row in index_file.entries(index(tree))]


@pytest.mark.parametrize("version", [2, 3, 4])
def test_every_version_is_read_as_git_lists_it(tree: Path, version: int) -> None:
    for length in range(1, 30):  # every padding, and version 4's shared beginnings
        (tree / ("n" * length)).write_text("x")
    git(tree, "add", "-A")
    blob = git(tree, "rev-parse", "HEAD:a.txt").decode().strip()
    long = "deep/" * 900 + "f"  # longer than the length field can say
    git(tree, "update-index", "--add", "--cacheinfo", f"100644,{blob},{long}")
    git(tree, "update-index", "--skip-worktree", "a.txt")
    git(tree, "update-index", "--index-version", str(version))
    assert read(tree) == listed(tree)


def test_what_is_written_is_what_git_wrote(tree: Path) -> None:
    git(tree, "update-index", "--assume-unchanged", "a.txt")
    git(tree, "update-index", "--skip-worktree", "src/app.py")
    git(tree, "add", "-N", "new.txt")
    raw = index(tree)
    encoded = index_file.encode(index_file.entries(raw))
    assert raw.startswith(encoded[:-20])  # git goes on with extensions
    (tree / ".git" / "index").write_bytes(encoded)
    git(tree, "fsck")
    assert read(tree) == listed(tree)


def test_flags_are_told_apart(tree: Path) -> None:
    git(tree, "update-index", "--assume-unchanged", "a.txt")
    git(tree, "update-index", "--skip-worktree", "src/app.py")
    git(tree, "add", "-N", "new.txt")
    found = {
        row.path: row.flags for row in index_file.entries(index(tree), only=index_file.SPECIAL)
    }
    assert found[b"a.txt"] & index_file.SPECIAL == ASSUME_VALID
    assert found[b"src/app.py"] & index_file.SPECIAL == SKIP_WORKTREE
    assert found[b"new.txt"] & index_file.SPECIAL == INTENT_TO_ADD
    assert len(found) == 3 and not any(flags & STAGE for flags in found.values())


def test_garbage_is_no_index() -> None:
    with pytest.raises(OrchestrateError, match="not one that git writes"):
        list(index_file.entries(b"garbage that is long enough to have a header"))


def test_a_sparse_index_is_refused(tree: Path) -> None:
    git(tree, "commit", "-q", "-m", "staged")
    git(tree, "sparse-checkout", "set", "--cone", "--sparse-index")
    assert b"sdir" in index(tree)
    with pytest.raises(Unsupported, match="sparse"):
        list(index_file.entries(index(tree)))
