"""Notes that git shows, and that no concurrent writer loses."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import pytest

from orchestrate.errors import InvalidInput
from orchestrate.git.notes import append_notes, read_notes
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from tests.git.conftest import ME, Commit, Git

REF = "refs/notes/orchestrate"


def test_lines_are_appended_and_git_shows_them(
    opened: Repository, commit: Commit, git: Git
) -> None:
    head = opened.resolve("HEAD")
    other = commit(opened, {"a": "1"})
    append_notes(opened, REF, {head: ['{"v": 1}', "ünï"], other: ["x"]}, ME)
    append_notes(opened, REF, {head: ['{"v": 2}']}, ME, message="verdicts\n")
    assert read_notes(opened, REF, head) == ['{"v": 1}', "ünï", '{"v": 2}']
    assert read_notes(opened, REF, other) == ["x"]
    show = ("notes", "--ref", REF, "show", head)
    assert git(*show, cwd=opened.git_dir) == '{"v": 1}\nünï\n{"v": 2}'
    assert [c.subject for c in opened.log(opened.ref(REF) or Oid(""))] == [
        "verdicts",
        "notes: 2 commits",
    ]
    assert opened.read_commit(opened.ref(REF) or Oid("")).author == ME


def test_a_commit_without_a_note_has_no_lines(opened: Repository) -> None:
    head = opened.resolve("HEAD")
    assert read_notes(opened, REF, head) == []
    append_notes(opened, REF, {}, ME)
    append_notes(opened, REF, {head: []}, ME)
    assert opened.ref(REF) is None


def test_a_line_is_there_once_and_nothing_new_writes_nothing(opened: Repository) -> None:
    head = opened.resolve("HEAD")
    append_notes(opened, REF, {head: ["a", "b", "a"]}, ME)
    tip = opened.ref(REF)
    append_notes(opened, REF, {head: ["b"]}, ME)
    assert opened.ref(REF) == tip
    assert read_notes(opened, REF, head) == ["a", "b"]


@pytest.mark.parametrize("line", ["two\nlines", "", "  ", "a\r"])
def test_what_is_no_line_is_refused(opened: Repository, line: str) -> None:
    with pytest.raises(InvalidInput, match="one line of text"):
        append_notes(opened, REF, {opened.resolve("HEAD"): [line]}, ME)
    with pytest.raises(InvalidInput, match="full id"):
        append_notes(opened, REF, {Oid("HEAD"): ["x"]}, ME)


def test_notes_that_git_wrote_are_taken_over(opened: Repository, git: Git) -> None:
    head = opened.resolve("HEAD")
    git("notes", "--ref", REF, "add", "-m", "from git", head, cwd=opened.git_dir)
    append_notes(opened, REF, {head: ["from us"]}, ME)
    assert git("notes", "--ref", REF, "show", head, cwd=opened.git_dir) == "from git\nfrom us"
    tip = opened.ref(REF)
    assert tip is not None
    assert len(list(opened.walk_tree(opened.tree_of(tip)))) == 1
    git("notes", "--ref", REF, "append", "-m", "again", head, cwd=opened.git_dir)
    assert read_notes(opened, REF, head) == ["from git", "from us", "", "again"]


def test_many_commits_are_one_write(opened: Repository, commit: Commit, git: Git) -> None:
    """Enough that git itself splits its tree: it must read our way of splitting then, too."""
    commits = [commit(opened, {"n": str(n)}) for n in range(300)]
    append_notes(opened, REF, {oid: [f"of {oid}"] for oid in commits}, ME)
    assert read_notes(opened, REF, commits[7]) == [f"of {commits[7]}"]
    listed = git("notes", "--ref", REF, "list", cwd=opened.git_dir).split("\n")
    assert {line.split()[1] for line in listed} == set(commits)
    git("notes", "--ref", REF, "append", "-m", "more", commits[7], cwd=opened.git_dir)
    append_notes(opened, REF, {commits[7]: ["last"]}, ME)
    assert read_notes(opened, REF, commits[7]) == [f"of {commits[7]}", "", "more", "last"]


def test_histories_of_notes_merge_line_by_line(opened: Repository, git: Git) -> None:
    head = opened.resolve("HEAD")
    append_notes(opened, REF, {head: ["base"]}, ME)
    base = opened.ref(REF)
    assert base is not None
    append_notes(opened, "refs/notes/theirs", {head: ["base", "theirs"]}, ME)
    append_notes(opened, REF, {head: ["ours"]}, ME)
    merge = ("notes", "--ref", REF, "merge", "-s", "cat_sort_uniq", "refs/notes/theirs")
    git(*merge, cwd=opened.work_tree)
    assert read_notes(opened, REF, head) == ["base", "ours", "theirs"]


def write_notes(folder: str, commits: list[Oid], writer: int, count: int) -> None:
    repo = Repository.open(folder)
    for number in range(count):
        append_notes(repo, REF, {oid: [f"{writer}/{number}"] for oid in commits}, ME)


def test_concurrent_writers_lose_no_line(opened: Repository, commit: Commit) -> None:
    commits = [commit(opened, {"a": "1"}), commit(opened, {"a": "2"})]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(4, mp_context=context) as pool:
        runs = [
            pool.submit(write_notes, str(opened.git_dir), commits, writer, 10)
            for writer in range(4)
        ]
        for run in runs:
            run.result()
    expected = {f"{writer}/{number}" for writer in range(4) for number in range(10)}
    for oid in commits:
        assert set(read_notes(opened, REF, oid)) == expected
