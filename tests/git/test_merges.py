"""Merges without a working tree are git's merges, whichever road they take."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orchestrate.errors import Conflict, Unsupported
from orchestrate.git import merges, process
from orchestrate.git.merges import MergeResult, merge_entries
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, Oid
from tests.git.conftest import ME, Commit

LINES = [f"line {n} of some text\n" for n in range(30)]


def text(*changes: tuple[int, str]) -> str:
    lines = list(LINES)
    for number, line in changes:
        lines[number] = line + "\n"
    return "".join(lines)


Gits = Callable[[Oid, Oid], MergeResult]


@pytest.fixture
def by_git(opened: Repository) -> Gits:
    """The result of `git merge-tree` for the same two commits."""

    def merge(ours: Oid, theirs: Oid) -> MergeResult:
        return merges._merge_by_git(opened.git_dir, opened.work_tree, ours, theirs)

    return merge


def test_changes_of_different_files_are_joined_without_git(
    opened: Repository, commit: Commit, by_git: Gits, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = commit(opened, {"a": "1", "d/b": "1", "d/c": "1"})
    ours = commit(opened, {"a": "2", "d/b": "1", "d/c": "1", "new": "1"}, base)
    theirs = commit(opened, {"a": "1", "d/b": "2", "d/c": "1"}, base)
    expected = by_git(ours, theirs)
    monkeypatch.setattr(merges, "_merge_by_git", None)
    assert opened.merge(ours, theirs) == expected


def test_one_file_changed_on_both_sides_is_merged_by_git(
    opened: Repository, commit: Commit
) -> None:
    base = commit(opened, {"a": text()})
    ours = commit(opened, {"a": text((3, "ours"))}, base)
    theirs = commit(opened, {"a": text((25, "theirs"))}, base)
    merged = opened.merge(ours, theirs)
    assert merged.tree is not None
    both = text((3, "ours"), (25, "theirs")).encode()
    assert opened.read_path(merged.tree, "a") == both


def test_conflicts_are_paths(opened: Repository, commit: Commit) -> None:
    names = {"dir/line\nbreak": "1", "\udcff": "1", "gone": text(), "same": "1"}
    base = commit(
        opened,
        {
            path.encode("utf-8", "surrogateescape").decode("utf-8", "surrogateescape"): t
            for path, t in names.items()
        },
    )
    ours = commit(
        opened, {**names, "dir/line\nbreak": "2", "\udcff": "2", "gone": text((1, "x"))}, base
    )
    theirs = commit(opened, {"dir/line\nbreak": "3", "\udcff": "3", "same": "1"}, base)
    assert opened.merge(ours, theirs) == (None, ("dir/line\nbreak", "gone", "\udcff"))


def test_a_rename_meets_a_change(opened: Repository, commit: Commit) -> None:
    base = commit(opened, {"old": text(), "x": "1"})
    ours = commit(opened, {"new": text(), "x": "1"}, base)
    theirs = commit(opened, {"old": text((4, "changed")), "x": "1"}, base)
    merged = opened.merge(ours, theirs)
    assert merged.tree is not None
    assert opened.read_path(merged.tree, "new") == text((4, "changed")).encode()
    assert opened.read_path(merged.tree, "old") is None


def test_a_file_added_where_a_folder_moved_away_goes_by_git(
    opened: Repository, commit: Commit, by_git: Gits
) -> None:
    files = {f"old/{n}": text((n, "own")) for n in range(4)}
    base = commit(opened, files)
    ours = commit(opened, {path.replace("old", "new"): t for path, t in files.items()}, base)
    theirs = commit(opened, {**files, "old/added": "1"}, base)
    merged = opened.merge(ours, theirs)
    assert merged == by_git(ours, theirs)
    assert merged.conflicts == ("new/added",)  # git suggests the moved folder


@pytest.mark.parametrize("swapped", [False, True])
def test_a_file_where_the_other_side_made_a_folder(
    opened: Repository, commit: Commit, by_git: Gits, swapped: bool
) -> None:
    base = commit(opened, {"a": "1"})
    sides = [
        commit(opened, {"a": "1", "n": "1"}, base),
        commit(opened, {"a": "1", "n/x": "1"}, base),
    ]
    ours, theirs = reversed(sides) if swapped else sides
    merged = opened.merge(ours, theirs)
    assert merged == by_git(ours, theirs)
    assert merged.tree is None


def test_a_side_that_did_nothing_gives_the_other_tree(opened: Repository, commit: Commit) -> None:
    base = commit(opened, {"a": "1"})
    ahead = commit(opened, {"b": "1"}, base)
    tree = opened.tree_of(ahead)
    assert opened.merge(base, ahead).tree == opened.merge(ahead, base).tree == tree
    assert opened.merge(ahead, ahead).tree == tree


def test_a_given_base_stands_for_the_history(opened: Repository, commit: Commit) -> None:
    first = commit(opened, {"a": text(), "b": "1"})
    base = commit(opened, {"a": text((3, "base")), "b": "1"}, first)
    ours = commit(opened, {"a": text((3, "base"), (10, "ours")), "b": "1"}, first)
    theirs = commit(opened, {"a": text((3, "base"), (20, "theirs")), "b": "1"}, first)
    assert opened.merge(ours, theirs, base).tree is not None
    away = commit(opened, {"a": text((3, "base")), "b": "2"}, first)
    picked = opened.merge(ours, away, base)
    assert picked.tree is not None
    assert opened.read_path(picked.tree, "b") == b"2"
    unrelated = commit(opened, {"a": text((3, "base"), (28, "other")), "b": "1"})
    assert opened.merge(ours, unrelated, base).tree is not None


def test_histories_without_a_common_commit_are_refused(opened: Repository, commit: Commit) -> None:
    with pytest.raises(Conflict, match="share no history"):
        opened.merge(commit(opened, {"a": "1"}), commit(opened, {"b": "1"}))


def test_a_criss_cross_history_is_left_to_git(
    opened: Repository, commit: Commit, by_git: Gits
) -> None:
    """Two merge bases; taking one of them alone would lose the other side's decision."""
    root = commit(opened, {"a": "1", "b": "1"})
    left, right = (
        commit(opened, {"a": "2", "b": "1"}, root),
        commit(opened, {"a": "1", "b": "2"}, root),
    )
    ours = commit(opened, {"a": "2", "b": "2", "o": "1"}, left, right)
    theirs = commit(opened, {"a": "1", "b": "2", "t": "1"}, right, left)
    assert merges._only_merge_base(opened._handle, ours, theirs) is None
    assert opened.merge(ours, theirs) == by_git(ours, theirs)


def test_an_old_git_is_asked_for_nothing(
    opened: Repository, commit: Commit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "git_version", lambda: (2, 34, 0))
    base = commit(opened, {"a": text(), "b": "1"})
    ours = commit(opened, {"a": text(), "b": "2"}, base)
    assert opened.merge(ours, commit(opened, {"a": "x", "b": "1"}, base)).tree is not None
    with pytest.raises(Unsupported, match="needs git 2"):
        opened.merge(ours, commit(opened, {"a": text(), "b": "3"}, base))


def test_attributes_of_the_working_tree_count(opened: Repository, commit: Commit) -> None:
    assert opened.work_tree is not None
    (opened.work_tree / ".gitattributes").write_text("log merge=union\n")
    base = commit(opened, {"log": "one\n"})
    ours = commit(opened, {"log": "one\nours\n"}, base)
    theirs = commit(opened, {"log": "one\ntheirs\n"}, base)
    merged = opened.merge(ours, theirs)
    assert merged.tree is not None
    assert opened.read_path(merged.tree, "log") == b"one\nours\ntheirs\n"


FILES = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d/e", "d/f", "d", "g/h/i"]), st.sampled_from("123"), max_size=6
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    folder = tmp_path_factory.mktemp("store")
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    return Repository.open(folder)


@given(trees=st.tuples(FILES, FILES, FILES))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_plain_edit_is_the_merge_that_git_makes(
    store: Repository, trees: tuple[dict[str, str], ...]
) -> None:
    ids = []
    for files in trees:
        kept = {p: t for p, t in files.items() if not any(p.startswith(q + "/") for q in files)}
        blobs = {p: store.write_blob(f"{t}{p}\n".encode()) for p, t in kept.items()}
        ids.append(store.edit_tree(None, {p: (FILE, blob) for p, blob in blobs.items()}))
    plain = merge_entries(store._handle, *ids)
    if plain is None:
        return
    base = store.commit(ids[0], [], "b\n", author=ME, committer=ME)
    ours, theirs = (store.commit(t, [base], "s\n", author=ME, committer=ME) for t in ids[1:])
    assert merges._merge_by_git(store.git_dir, store.work_tree, ours, theirs).tree == plain


def test_a_merge_leaves_index_and_files_alone(
    opened: Repository, commit: Commit, repo: Path
) -> None:
    def state() -> dict[Path, tuple[int, bytes]]:
        files = [p for p in repo.rglob("*") if p.is_file() and ".git" not in p.parts]
        return {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in [*files, repo / ".git/index"]}

    before = state()
    base = commit(opened, {"a": text()})
    ours, theirs = (commit(opened, {"a": text((n, "x"))}, base) for n in (1, 20))
    assert opened.merge(ours, theirs).tree is not None
    assert state() == before
