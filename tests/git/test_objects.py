"""Blobs and commits, as git itself reads them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.errors import InvalidInput
from orchestrate.git import objects
from orchestrate.git.errors import ObjectMissing
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, Signature
from tests.git.conftest import ME, Commit, Git, git_bytes

NOTHING = Oid("1" * 40)


def raw_commit(repo: Path, raw: bytes, git: Callable[..., str], tmp_path: Path) -> Oid:
    """A commit object of these bytes, which git's own porcelain would not write."""
    file = tmp_path / "raw"
    file.write_bytes(raw)
    arguments = ("-t", "commit", "-w", "--literally", str(file))
    return Oid(git("hash-object", *arguments, cwd=repo))


def test_a_blob_is_read_back(opened: Repository) -> None:
    oid = opened.write_blob(b"\0binary\xff")
    assert opened.read_blob(oid) == b"\0binary\xff"
    assert opened.read_blob(oid, 3) == b"\0bi"
    assert opened.blob_size(oid) == 8
    assert git_bytes("cat-file", "blob", oid, cwd=opened.git_dir) == b"\0binary\xff"


def test_of_a_huge_blob_only_the_start_is_read(
    opened: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    oid = opened.write_blob(bytes(range(256)) * 64)
    monkeypatch.setattr(objects, "_IN_MEMORY", 1000)
    monkeypatch.setattr(objects, "read_object", None)  # not whole into this process
    assert opened.read_blob(oid, 300) == (bytes(range(256)) * 2)[:300]


@pytest.mark.parametrize("oid", [NOTHING, "zz", ""])
def test_a_missing_object_is_named(opened: Repository, oid: Oid) -> None:
    with pytest.raises(ObjectMissing, match=f"blob {oid}"):
        opened.read_blob(oid)
    with pytest.raises(ObjectMissing):
        opened.blob_size(oid)
    with pytest.raises(ObjectMissing, match="commit"):
        opened.read_commit(oid)
    assert not opened.has_commit(oid)


def test_a_tree_is_no_blob_and_no_commit(opened: Repository) -> None:
    tree = opened.tree_of(opened.resolve("main"))
    with pytest.raises(ObjectMissing):
        opened.read_blob(tree)
    assert opened.exists(tree)
    assert not opened.has_commit(tree)


def test_a_commit_is_written_as_git_would(opened: Repository, commit: Commit) -> None:
    parent = commit(opened, {"a": "1"})
    tree = opened.tree_of(parent)
    author = Signature("Ä. Author", "a@example.org", 1_700_000_000, -330)
    message = "feat: ünï\n\nbody\n\nKey: v\n"
    oid = opened.commit(tree, [parent], message, author=author, committer=ME)
    said = git_bytes("cat-file", "commit", oid, cwd=opened.git_dir).decode()
    assert said == (
        f"tree {tree}\nparent {parent}\nauthor Ä. Author <a@example.org> 1700000000 -0530\n"
        f"committer A Tester <tester@example.org> 1700000000 +0100\n\n{message}"
    )
    assert opened.read_commit(oid) == (
        oid, tree, (parent,), author, ME, message, (("Key", "v"),)
    )  # fmt: skip
    git_bytes("fsck", "--strict", cwd=opened.git_dir)


def test_a_commit_needs_its_tree_its_parents_and_real_people(opened: Repository) -> None:
    head = opened.resolve("main")
    tree = opened.tree_of(head)
    with pytest.raises(ObjectMissing, match="tree 1111"):
        opened.commit(NOTHING, [], "m", author=ME, committer=ME)
    with pytest.raises(ObjectMissing, match="commit 1111"):
        opened.commit(tree, [NOTHING], "m", author=ME, committer=ME)
    with pytest.raises(InvalidInput, match="identity"):
        opened.commit(tree, [head], "m", author=ME._replace(name="x\ny"), committer=ME)


def test_commits_of_other_tools_are_read(opened: Repository, git: Git, tmp_path: Path) -> None:
    tree = opened.tree_of(opened.resolve("main"))
    signed = raw_commit(
        opened.git_dir,
        f"tree {tree}\nauthor <> 12\ncommitter No Date <a@b>\nencoding iso-8859-1\n"
        "gpgsig -----BEGIN\n  tree of lies\n -----END\n\nsüß".encode("latin-1"),
        git,
        tmp_path,
    )
    found = opened.read_commit(signed)
    assert found.message == "süß"
    assert (found.tree, found.parents) == (tree, ())
    assert found.author == Signature("", "", 12)
    assert found.committer == Signature("No Date", "a@b", 0)


def test_an_unknown_encoding_does_not_stop_reading(
    opened: Repository, git: Git, tmp_path: Path
) -> None:
    tree = opened.tree_of(opened.resolve("main"))
    head = f"tree {tree}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 1 +0000\nencoding klingon\n\n"
    oid = raw_commit(opened.git_dir, head.encode() + b"a\xff", git, tmp_path)
    assert opened.read_commit(oid).message == "a\udcff"


def test_the_log_follows_first_parents_or_all(opened: Repository, commit: Commit) -> None:
    one = commit(opened, {"a": "1"})
    side = commit(opened, {"b": "1"}, one)
    two = commit(opened, {"a": "2"}, one)
    merge = commit(opened, {"a": "2", "b": "1"}, two, side)
    assert [c.oid for c in opened.log(merge)] == [merge, two, one]
    assert {c.oid for c in opened.log(merge, first_parent=False)} == {merge, two, side, one}
    assert opened.is_ancestor(side, merge)
    assert opened.is_ancestor(merge, merge)
    assert not opened.is_ancestor(merge, side)
    assert opened.merge_base(two, side) == one


def test_the_log_of_a_shallow_clone_ends_at_its_edge(repo: Path, tmp_path: Path, git: Git) -> None:
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=repo)
    shallow = tmp_path / "shallow"
    git("clone", "-q", "--depth", "1", f"file://{repo}", str(shallow))
    opened = Repository.open(shallow)
    assert [c.subject for c in opened.log(opened.resolve("HEAD"))] == ["second"]
