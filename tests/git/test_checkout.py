"""Pooled checkouts: exactly one tree each time, for one user at a time."""

import os
import shutil
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError
from orchestrate.git import checkout
from orchestrate.git.checkout import CheckoutPool
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from tests.git.conftest import Commit, Git


@pytest.fixture
def pool(opened: Repository, tmp_path: Path) -> CheckoutPool:
    return CheckoutPool(opened, tmp_path / "pool")


def files_in(folder: Path) -> dict[str, str]:
    paths = (p for p in folder.rglob("*") if ".git" not in p.relative_to(folder).parts)
    return {str(p.relative_to(folder)): p.read_text() for p in paths if p.is_file()}


FIRST = {"a.txt": "1\n", "src/app.py": "1\n", ".gitignore": "*.pyc\nbuild/\n"}


def test_a_checkout_has_exactly_the_commits_files(
    opened: Repository, pool: CheckoutPool, commit: Commit, git: Git
) -> None:
    oid = commit(opened, FIRST)
    with pool.use(oid) as folder:
        assert files_in(folder) == FIRST
        assert git("rev-parse", "HEAD", cwd=folder) == oid
        assert git("status", "--porcelain", "--ignored", cwd=folder) == ""


def test_a_tree_is_checked_out_too(opened: Repository, pool: CheckoutPool, git: Git) -> None:
    tree = opened.tree_of(opened.resolve("HEAD"))
    with pool.use(tree) as folder:
        assert git("rev-parse", "HEAD^{tree}", cwd=folder) == tree
        assert git("status", "--porcelain", cwd=folder) == ""


def make_a_mess(folder: Path, git: Git) -> None:
    (folder / "a.txt").write_text("2\n")  # same size, same second
    (folder / "src" / "app.py").unlink()
    (folder / "src" / "app.pyc").write_text("ignored")
    (folder / "build" / "deep").mkdir(parents=True)
    (folder / "build" / "deep" / "x").write_text("ignored")
    (folder / "empty").mkdir()
    (folder / "untracked").write_text("x")
    git("init", "-q", str(folder / "nested"))
    git("update-index", "--assume-unchanged", "a.txt", cwd=folder)
    git("config", "core.fsmonitor", "touch /tmp/never", cwd=folder)
    (folder / "link").symlink_to("/etc")
    os.mkfifo(folder / "pipe")


def test_what_a_gate_left_is_gone(
    opened: Repository, pool: CheckoutPool, commit: Commit, git: Git
) -> None:
    oid = commit(opened, FIRST)
    with pool.use(oid) as folder:
        make_a_mess(folder, git)
    for _ in range(2):
        with pool.use(oid) as again:
            assert again == folder
            assert files_in(again) == FIRST
            assert {p.name for p in again.iterdir()} == {".git", ".gitignore", "a.txt", "src"}
            assert git("status", "--porcelain", "--ignored", cwd=again) == ""
            assert git("config", "core.fsmonitor", cwd=again) == "false"


def test_another_commit_replaces_the_files(
    opened: Repository, pool: CheckoutPool, commit: Commit, git: Git
) -> None:
    second = {"src": "a file now\n", "new/x": "1\n", "a.txt": "1\n"}
    with pool.use(commit(opened, FIRST)) as folder:
        (folder / "new").write_text("in the way")
        git("init", "-q", str(folder / "new2"))
    other = commit(opened, second)
    with pool.use(other) as folder:
        assert files_in(folder) == second
        assert git("status", "--porcelain", "--ignored", cwd=folder) == ""


def test_files_are_kept_when_nothing_changed(
    opened: Repository, pool: CheckoutPool, commit: Commit
) -> None:
    oid = commit(opened, FIRST)
    with pool.use(oid) as folder:
        inode = (folder / "src" / "app.py").stat().st_ino
    with pool.use(commit(opened, {**FIRST, "a.txt": "3\n"})) as folder:
        assert (folder / "src" / "app.py").stat().st_ino == inode
        assert (folder / "a.txt").read_text() == "3\n"


@pytest.mark.parametrize("damage", ["files", "git", "index", "link", "filled"])
def test_a_damaged_slot_is_filled_from_nothing(
    opened: Repository, pool: CheckoutPool, commit: Commit, tmp_path: Path, damage: str
) -> None:
    oid = commit(opened, FIRST)
    with pool.use(oid) as folder:
        pass
    slot = folder.parent
    if damage == "index":
        (slot / "git" / "index").write_bytes(b"rubbish")
    elif damage == "filled":
        (slot / "filled").write_text("")
    else:
        shutil.rmtree(slot / ("git" if damage == "git" else "files"))
    if damage == "link":
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "kept").write_text("x")
        folder.symlink_to(tmp_path / "outside")
    with pool.use(oid) as again:
        assert files_in(again) == FIRST
        assert not again.is_symlink()
    if damage == "link":
        assert (tmp_path / "outside" / "kept").exists()


def test_other_attributes_or_filters_mean_other_bytes(
    opened: Repository, pool: CheckoutPool, commit: Commit, git: Git, repo: Path
) -> None:
    with pool.use(commit(opened, {"a.txt": "1\n"})) as folder:
        assert (folder / "a.txt").read_bytes() == b"1\n"
    ends = commit(opened, {"a.txt": "1\n", ".gitattributes": "*.txt eol=crlf\n"})
    with pool.use(ends) as folder:
        assert (folder / "a.txt").read_bytes() == b"1\r\n"
    git("config", "core.autocrlf", "true", cwd=repo)
    reopened = CheckoutPool(Repository.open(repo), folder.parent.parent)
    with reopened.use(commit(opened, {"b.txt": "1\n"})) as folder:
        assert (folder / "b.txt").read_bytes() == b"1\r\n"


def test_two_users_have_two_checkouts(
    opened: Repository, pool: CheckoutPool, commit: Commit, tmp_path: Path
) -> None:
    oid = commit(opened, FIRST)
    other = CheckoutPool(opened, tmp_path / "pool")
    with pool.use(oid) as one, other.use(oid) as two:
        assert one != two
        (one / "a.txt").write_text("changed")
        assert files_in(two) == FIRST
    with other.use(oid) as again:
        assert again == one


def test_what_cannot_be_checked_out_is_told_and_frees_the_slot(
    opened: Repository, pool: CheckoutPool, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(git_dir: Path, folder: Path, commit: Oid) -> None:
        raise OrchestrateError("no space left on device")

    oid = commit(opened, FIRST)
    with monkeypatch.context() as patched:
        patched.setattr(checkout, "check_out", full)
        with pytest.raises(OrchestrateError, match="no space"), pool.use(oid):
            pass
    with pool.use(oid) as folder:
        assert folder.parent.name == "0"
        assert files_in(folder) == FIRST
