"""The difference of two trees: every entry once, names untouched."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from orchestrate.git.repository import Repository
from orchestrate.git.types import EXECUTABLE, FILE, TREE, EntryChange, Oid, path_bytes
from tests.git.conftest import git_bytes
from tests.git.test_trees import FILES, Files, consistent


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("store")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return Repository.open(folder)


def tree_of(repo: Repository, files: Files) -> tuple[Oid, Files]:
    kept = {path: entry for path, entry in consistent(dict(files)).items() if entry}
    return repo.edit_tree(None, kept), kept


def expected(old: Files, new: Files) -> list[EntryChange]:
    absent = (0, Oid(""))
    changes = []
    for path in sorted(old.keys() | new.keys(), key=path_bytes):
        (old_mode, old_oid), (new_mode, new_oid) = old.get(path, absent), new.get(path, absent)
        if (old_mode, old_oid) != (new_mode, new_oid):
            changes.append(EntryChange(path, old_mode, new_mode, old_oid, new_oid))
    return changes


@given(before=FILES, after=FILES)
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_diff_is_the_difference_of_two_dictionaries(
    store: Repository, before: Files, after: Files
) -> None:
    old_tree, old = tree_of(store, before)
    new_tree, new = tree_of(store, after)
    assert store.diff(old_tree, new_tree) == expected(old, new)
    assert store.diff(None, new_tree) == expected({}, new)


@given(before=FILES, after=FILES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_sees_the_same_changes(store: Repository, before: Files, after: Files) -> None:
    old_tree, _ = tree_of(store, before)
    new_tree, _ = tree_of(store, after)
    args = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", old_tree, new_tree)
    fields = git_bytes(*args, cwd=store.git_dir).split(b"\0")[:-1]
    told = {}
    for head, path in zip(fields[::2], fields[1::2], strict=True):
        old_mode, new_mode, old_oid, new_oid, _ = head[1:].decode().split(" ")
        told[path] = (int(old_mode, 8), int(new_mode, 8), old_oid.strip("0"), new_oid.strip("0"))
    assert told == {
        path_bytes(c.path): (c.old_mode, c.new_mode, c.old_oid.strip("0"), c.new_oid.strip("0"))
        for c in store.diff(old_tree, new_tree)
    }


def test_equal_folders_are_not_read(opened: Repository) -> None:
    missing = Oid("2" * 40)
    blob = opened.write_blob(b"x")
    old = opened.edit_tree(None, {"gone": (TREE, missing), "a": (FILE, blob)})
    new = opened.edit_tree(old, {"a": (EXECUTABLE, blob)})
    assert opened.diff(old, new) == [EntryChange("a", FILE, EXECUTABLE, blob, blob)]
    assert opened.diff(missing, missing) == []


def test_the_text_shows_literal_paths_only(opened: Repository) -> None:
    blob = opened.write_blob(b"text\n")
    new = opened.edit_tree(None, {"*": (FILE, blob), "b": (FILE, blob), "\udcff": (FILE, blob)})
    shown = opened.diff_text(None, new, ["*"])
    assert b"+++ b/*" in shown
    assert b"+++ b/b" not in shown
    assert b"+text" in opened.diff_text(None, new, ["\udcff"])
    assert opened.diff_text(None, new).count(b"+text") == 3


def test_no_program_of_the_user_runs_for_a_diff(
    opened: Repository, repo: Path, tmp_path: Path
) -> None:
    witness = tmp_path / "ran"
    git_bytes("config", "diff.external", f"touch {witness}", cwd=repo)
    git_bytes("config", "core.pager", f"touch {witness}", cwd=repo)
    opened.diff_text(None, opened.tree_of(opened.resolve("HEAD")))
    assert not witness.exists()
