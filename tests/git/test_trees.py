"""Editing a tree agrees with editing a dictionary, and with what git reads."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orchestrate.errors import InvalidInput, OrchestrateError
from orchestrate.git.errors import ObjectMissing
from orchestrate.git.repository import Repository
from orchestrate.git.trees import EMPTY_TREE
from orchestrate.git.types import EXECUTABLE, FILE, SUBMODULE, SYMLINK, TREE, Oid, path_bytes
from tests.git.conftest import Commit, git_bytes

ONE, TWO = Oid(f"{1:040x}"), Oid(f"{2:040x}")

Files = dict[str, tuple[int, Oid]]
Edits = dict[str, tuple[int, Oid] | None]

NAMES = st.sampled_from(["a", "a.b", "a-b", "a0", "b", "line\nbreak", "tab\t", "\udcff", "ä"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
ENTRIES = st.tuples(
    st.sampled_from([FILE, EXECUTABLE, SYMLINK, SUBMODULE]),
    st.integers(1, 3).map(lambda n: Oid(f"{n:040x}")),
)
FILES = st.dictionaries(PATHS, ENTRIES, max_size=8)
EDITS = st.dictionaries(PATHS, st.none() | ENTRIES, max_size=6)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """One repository for all examples of the property tests."""
    folder = tmp_path_factory.mktemp("store")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return Repository.open(folder)


def below(path: str, folder: str) -> bool:
    return path.startswith(folder + "/")


def edited(files: Files, edits: Edits) -> Files:
    """What the edits mean, on a dictionary: upper paths first, so that the deeper one stays."""
    result = dict(files)
    for path, new in sorted(edits.items(), key=lambda item: item[0].count("/")):
        if new is None:
            result = {p: e for p, e in result.items() if p != path and not below(p, path)}
        else:
            result = {p: e for p, e in result.items() if not below(p, path) and not below(path, p)}
            result[path] = new
    return result


def consistent(files: Edits) -> Edits:
    """Without the paths that would be below another one's file."""
    return {p: e for p, e in files.items() if not any(below(p, other) for other in files)}


def contents(repo: Repository, tree: Oid) -> Files:
    return {entry.path: (entry.mode, entry.oid) for entry in repo.walk_tree(tree)}


@given(files=FILES, edits=EDITS)
@example(files={"a0": (FILE, ONE), "a/a": (FILE, ONE)}, edits={"a": None, "a/a": (FILE, TWO)})
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_editing_a_tree_is_editing_a_dictionary(
    store: Repository, files: Files, edits: Edits
) -> None:
    files = {path: entry for path, entry in consistent(dict(files)).items() if entry}
    tree = store.edit_tree(None, files)
    assert contents(store, tree) == files
    after = store.edit_tree(tree, edits)
    expected = edited(files, edits)
    assert contents(store, after) == expected
    assert store.edit_tree(None, expected) == after  # the same files are the same tree
    for path, entry in expected.items():
        found = store.entry(after, path)
        assert found is not None
        assert (found.mode, found.oid) == entry


@given(files=FILES)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_git_reads_the_same_tree(store: Repository, files: Files) -> None:
    files = {path: entry for path, entry in consistent(dict(files)).items() if entry}
    tree = store.edit_tree(None, files)
    rows = git_bytes("ls-tree", "-r", "-z", "--full-tree", tree, cwd=store.git_dir).split(b"\0")
    told = {}
    for head, _, path in (row.partition(b"\t") for row in rows[:-1]):
        mode, _, oid = head.split()
        told[path] = (int(mode, 8), oid.decode())
    assert told == {path_bytes(path): entry for path, entry in files.items()}
    assert [path_bytes(e.path) for e in store.walk_tree(tree)] == [
        row.partition(b"\t")[2] for row in rows[:-1]
    ]  # git's order


def test_git_finds_no_fault_with_our_trees(opened: Repository, commit: Commit, repo: Path) -> None:
    files: dict[str, str | bytes] = {f"d/{n}/x": "1" for n in ("a", "a.b", "a-", "a0", "é", "b\n")}
    files |= {"d/a.c": "1", "d/a+": "1", "z/\udcfe/y": "1"}
    oid = commit(opened, files)
    opened.edit_tree(opened.tree_of(oid), {"d/a": (FILE, opened.write_blob(b"file now"))})
    git_bytes("fsck", "--strict", cwd=repo)


def test_a_folder_gives_way_to_a_file_and_back(opened: Repository) -> None:
    blob = opened.write_blob(b"x")
    folder = opened.edit_tree(None, {"a/b/c": (FILE, blob), "z": (FILE, blob)})
    file = opened.edit_tree(folder, {"a/b/c": None, "a": (FILE, blob)})
    assert list(contents(opened, file)) == ["a", "z"]
    back = opened.edit_tree(file, {"a": None, "a/b/c": (FILE, blob)})
    assert back == folder


def test_empty_folders_vanish_and_an_empty_tree_is_gits(opened: Repository) -> None:
    blob = opened.write_blob(b"x")
    tree = opened.edit_tree(None, {"a/b/c": (FILE, blob)})
    assert opened.edit_tree(tree, {"a/b/c": None}) == EMPTY_TREE
    assert opened.edit_tree(None, {}) == EMPTY_TREE
    assert opened.list_tree(EMPTY_TREE) == []
    assert opened.tree_of(EMPTY_TREE) == EMPTY_TREE


def test_only_trees_on_the_way_are_read(opened: Repository) -> None:
    """The other folder is not even there: a borrowed object that went away."""
    missing = Oid("2" * 40)
    blob = opened.write_blob(b"x")
    tree = opened.edit_tree(None, {"gone": (TREE, missing), "here/a": (FILE, blob)})
    after = opened.edit_tree(tree, {"here/b": (FILE, blob)})
    assert opened.entry(after, "gone") == ("gone", TREE, missing)
    with pytest.raises(ObjectMissing, match=f"tree {missing}"):
        opened.edit_tree(tree, {"gone/a": (FILE, blob)})


def test_a_large_tree_that_is_remembered_stays_as_it_is(opened: Repository) -> None:
    blob, other = opened.write_blob(b"x"), opened.write_blob(b"y")
    names = [f"d/{number:03}" for number in range(150)]
    tree = opened.edit_tree(None, dict.fromkeys(names, (FILE, blob)))
    edited = opened.edit_tree(tree, {"d/007": (FILE, other), "d/008": None, "d/new": (FILE, blob)})
    assert contents(opened, tree) == dict.fromkeys(names, (FILE, blob))
    assert contents(opened, tree) == contents(Repository.open(opened.git_dir), tree)
    assert [change.path for change in opened.diff(tree, edited)] == ["d/007", "d/008", "d/new"]


def test_paths_are_found_at_any_depth(opened: Repository) -> None:
    head = opened.resolve("HEAD")
    tree = opened.tree_of(head)
    assert [e.path for e in opened.list_tree(tree)] == ["a.txt", "src"]
    found = opened.entry(tree, "src")
    assert found is not None
    assert (found.path, found.mode) == ("src", TREE)
    assert [e.path for e in opened.walk_tree(found.oid, "src/")] == ["src/app.py"]
    assert opened.read_path(head, "src/app.py") == b"print('hello')\n"
    assert opened.read_path(tree, "a.txt") == b"one\n"
    for nothing in ("src", "src/none", "a.txt/below", "none/app.py"):
        assert opened.read_path(head, nothing) is None


def test_a_path_that_reaches_git_is_refused(opened: Repository) -> None:
    with pytest.raises(InvalidInput, match="not a path"):
        opened.edit_tree(None, {".git/config": (FILE, opened.write_blob(b"x"))})


def test_a_damaged_tree_is_named(opened: Repository, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"100644 a\0" + b"x" * 10)
    write = ("hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "bad"))
    oid = Oid(git_bytes(*write, cwd=opened.git_dir).decode().strip())
    with pytest.raises(OrchestrateError, match=f"tree {oid} is damaged"):
        opened.list_tree(oid)


def test_a_padded_folder_mode_of_old_tools_is_a_folder(opened: Repository, tmp_path: Path) -> None:
    inner = opened.edit_tree(None, {"x": (FILE, opened.write_blob(b"x"))})
    (tmp_path / "old").write_bytes(b"040000 d\0" + bytes.fromhex(inner))
    write = ("hash-object", "-t", "tree", "-w", "--literally", str(tmp_path / "old"))
    tree = Oid(git_bytes(*write, cwd=opened.git_dir).decode().strip())
    assert opened.read_path(tree, "d/x") == b"x"
    assert list(contents(opened, opened.edit_tree(tree, {"d/y": None}))) == ["d/x"]
