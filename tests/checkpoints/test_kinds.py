"""Every kind of thing in a working tree: recorded as what it is, and given back."""

import os
from pathlib import Path

import pytest

from orchestrate.checkpoints import chain
from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checkpoints.rollback import Mode, Report, Request, rollback, undo
from orchestrate.errors import Conflict, InvalidInput, Unsupported
from orchestrate.git.repository import Repository
from orchestrate.git.types import SUBMODULE

from .worlds import git, recorder, see


def create(folder: Path, **options: object) -> Checkpoint:
    return recorder(folder).create(**options).checkpoint  # type: ignore[arg-type]


def back(folder: Path, target: Checkpoint, **options: object) -> Report:
    return rollback(recorder(folder), target, Request(**options))  # type: ignore[arg-type]


def entries(folder: Path, found: Checkpoint) -> dict[str, int]:
    repo = Repository.open(folder)
    return {entry.path: entry.mode for entry in repo.walk_tree(found.tree)}


def nested_repository(folder: Path) -> None:
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "inner.txt").write_text("inner\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "inner")


def test_a_nested_repository_is_one_entry_and_never_touched(tree: Path) -> None:
    before = create(tree)
    nested_repository(tree / "vendor")
    found = create(tree)
    assert entries(tree, found)["vendor"] == SUBMODULE
    assert "vendor/inner.txt" not in entries(tree, found)
    report = back(tree, before)
    assert report.outcome.nested == ("vendor",)
    assert (tree / "vendor" / "inner.txt").read_text() == "inner\n"


def test_a_nested_repository_without_commits_is_named_and_left_alone(tree: Path) -> None:
    before = create(tree)
    (tree / "empty").mkdir()
    git(tree / "empty", "init", "-q")
    (tree / "empty" / "draft.txt").write_text("not committed\n")
    found = create(tree)
    assert found.unrecorded == ("empty",)
    report = back(tree, before)
    assert report.untouched == ("empty",)
    assert (tree / "empty" / "draft.txt").read_text() == "not committed\n"


def test_a_submodule_that_moved_is_named_and_its_folder_comes_back(tree: Path) -> None:
    nested_repository(tree.parent / "library")
    git(tree, "-c", "protocol.file.allow=always", "submodule", "add", "-q", "../library", "lib")
    git(tree, "commit", "-q", "-am", "feat: library")
    target = create(tree)
    git(tree / "lib", "commit", "-q", "--allow-empty", "-m", "moved")
    report = back(tree, target)
    assert report.outcome.nested == ("lib",)
    assert (tree / "lib" / "inner.txt").exists()


def test_a_sparse_checkout_keeps_what_is_outside_of_it_and_leaves_it_there(tree: Path) -> None:
    (tree / "docs").mkdir()
    (tree / "docs" / "long.md").write_text("long\n")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "docs: long")
    git(tree, "sparse-checkout", "set", "--no-cone", "/src/", "/a.txt")
    target = create(tree)
    assert "docs/long.md" in entries(tree, target)
    captured = see(tree)
    (tree / "a.txt").write_text("changed\n")
    back(tree, target)
    assert see(tree) == captured
    assert not (tree / "docs").exists()


def test_leaving_a_sparse_checkout_can_be_rolled_back_and_undone(tree: Path) -> None:
    git(tree, "commit", "-q", "-m", "staged")
    whole = create(tree)
    seen = see(tree)
    git(tree, "sparse-checkout", "set", "--no-cone", "/a.txt")
    sparse = see(tree)
    back(tree, whole)
    assert see(tree).files == seen.files
    undo(recorder(tree))
    assert see(tree).files == sparse.files


def test_a_linked_worktree_has_its_own_owner_index_and_rollback(tree: Path) -> None:
    git(tree, "worktree", "add", "-q", "-b", "side", "../linked")
    linked = tree.parent / "linked"
    (linked / "a.txt").write_text("linked\n")
    target = create(linked)
    assert target.owner == "linked-linked/side"
    captured, untouched = see_files(linked), see(tree)
    (linked / "a.txt").write_text("later\n")
    (linked / "more.txt").write_text("more\n")
    back(linked, target)
    assert see_files(linked) == captured
    assert see(tree) == untouched


def see_files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_two_branches_whose_names_could_collide_have_two_chains(tree: Path) -> None:
    git(tree, "switch", "-q", "-c", "a/1")
    one = create(tree)
    git(tree, "switch", "-q", "-c", "a%2F1")
    other = create(tree)
    assert (one.owner, other.owner) == ("main/a%2F1", "main/a%252F1")


def test_a_task_owns_the_checkpoints_of_its_worktree(tree: Path) -> None:
    (tree / ".git" / "orchestrate-task.json").write_text('{"plan": "login-abc234", "task": "fix"}')
    assert create(tree).name == "task/login-abc234/fix/1"


def test_ignored_files_are_recorded_when_named_and_given_back(tree: Path) -> None:
    plain = create(tree)
    found = create(tree, include=("debug.log",), message="with the log")
    assert "debug.log" not in entries(tree, plain)
    assert "debug.log" in entries(tree, found)
    (tree / "debug.log").write_text("longer\n")
    back(tree, found)
    assert (tree / "debug.log").read_text() == "ignored\n"
    undo(recorder(tree))
    assert (tree / "debug.log").read_text() == "longer\n"
    back(tree, plain)
    assert (tree / "debug.log").read_text() == "longer\n"


def test_a_tracked_file_that_is_ignored_is_recorded_while_it_is_tracked(tree: Path) -> None:
    create(tree)
    git(tree, "add", "-f", "debug.log")
    assert "debug.log" in entries(tree, create(tree))
    git(tree, "rm", "-q", "--cached", "debug.log")
    assert "debug.log" not in entries(tree, create(tree))


def test_a_file_that_becomes_ignored_leaves_the_next_checkpoint(tree: Path) -> None:
    assert "new.txt" in entries(tree, create(tree))
    (tree / ".git" / "info" / "exclude").write_text("new.txt\n")
    assert "new.txt" not in entries(tree, create(tree))


def test_a_same_size_edit_in_the_same_tick_is_seen(tree: Path) -> None:
    seen = set()
    for number in range(100, 130):
        (tree / "a.txt").write_text(f"{number}\n")
        seen.add(create(tree).tree)
    assert len(seen) == 30


def test_a_same_size_edit_with_the_old_times_is_seen(tree: Path) -> None:
    first = create(tree)
    found = os.stat(tree / "a.txt")
    (tree / "a.txt").write_text("two\n")
    os.utime(tree / "a.txt", ns=(found.st_atime_ns, found.st_mtime_ns))
    assert create(tree).tree != first.tree


@pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16"])
def test_a_working_tree_encoding_keeps_the_bytes_on_disk(tree: Path, encoding: str) -> None:
    text = "größe\r\n".encode("UTF-16LE")
    data = text if encoding == "UTF-16LE" else b"\xff\xfe" + text
    (tree / ".gitattributes").write_text(f"*.u16 text working-tree-encoding={encoding}\n")
    (tree / "wide.u16").write_bytes(data)
    git(tree, "add", "-A")
    target = create(tree)
    captured = see(tree)
    (tree / "wide.u16").write_bytes(data * 2)
    back(tree, target)
    assert see(tree) == captured


def test_a_large_file_filter_is_never_run(tree: Path) -> None:
    for name in ("clean", "smudge"):
        git(tree, "config", f"filter.big.{name}", f"touch ran-{name}; cat")
    (tree / ".git" / "info" / "attributes").write_text("*.bin filter=big\n")
    (tree / "data.bin").write_bytes(bytes(range(256)) * 10)
    target = create(tree)
    (tree / "data.bin").write_bytes(b"gone")
    back(tree, target)
    assert (tree / "data.bin").read_bytes() == bytes(range(256)) * 10
    assert not list(tree.glob("ran-*"))


def test_a_file_that_git_calls_unchanged_by_its_stat_data_alone_stays_so(tree: Path) -> None:
    (tree / "quiet.flt").write_text("quiet\n")
    os.utime(tree / "quiet.flt", (1_700_000_000, 1_700_000_000))
    git(tree, "add", "-A")
    git(tree, "config", "filter.up.clean", "tr a-z A-Z")  # its content says "changed" from now on
    (tree / ".git" / "info" / "attributes").write_text("*.flt filter=up\n")
    assert b"AM quiet.flt" not in see(tree).status
    target = create(tree)
    captured = see(tree)
    (tree / "quiet.flt").write_text("other\n")
    git(tree, "add", "-A")
    back(tree, target)
    assert see(tree) == captured


def test_what_stands_ignored_where_a_file_must_be_is_saved_first(tree: Path) -> None:
    (tree / "build").write_text("a file\n")
    target = create(tree)
    (tree / "build").unlink()
    (tree / "build").mkdir()
    (tree / "build" / "out.log").write_text("precious\n")
    back(tree, target)
    assert (tree / "build").read_text() == "a file\n"
    undo(recorder(tree))
    assert (tree / "build" / "out.log").read_text() == "precious\n"


def test_nothing_is_written_through_a_symlink_out_of_the_tree(tree: Path) -> None:
    target = create(tree)
    outside = tree.parent / "outside"
    outside.mkdir()
    (outside / "app.py").write_text("outside\n")
    (tree / "src" / "app.py").unlink()
    (tree / "src").rmdir()
    (tree / ".git" / "info" / "exclude").write_text("/src\n")
    (tree / "src").symlink_to(outside)
    back(tree, target)
    assert (outside / "app.py").read_text() == "outside\n"
    assert (tree / "src" / "app.py").read_text() == "print('hello')\n"
    undo(recorder(tree))
    assert (tree / "src").is_symlink()


def start_rebase(tree: Path) -> None:
    git(tree, "commit", "-q", "-am", "staged")
    git(tree, "switch", "-q", "-c", "side", "HEAD~1")
    (tree / "staged.txt").write_text("other\n")
    git(tree, "add", "staged.txt")
    git(tree, "commit", "-q", "-m", "other")
    git(tree, "rebase", "main", check=False)


def test_a_rebase_in_progress_comes_back_while_head_is_the_same(tree: Path) -> None:
    start_rebase(tree)
    todo = (tree / ".git" / "rebase-merge" / "git-rebase-todo").read_bytes()
    target = create(tree)
    captured = see(tree)
    (tree / "staged.txt").write_text("solved\n")
    git(tree, "add", "staged.txt")
    back(tree, target)
    assert see(tree) == captured
    assert (tree / ".git" / "rebase-merge" / "git-rebase-todo").read_bytes() == todo
    git(tree, "rebase", "--abort")


def test_a_rebase_that_is_over_is_refused_with_the_reason(tree: Path) -> None:
    start_rebase(tree)
    target = create(tree)
    git(tree, "rebase", "--abort")
    before = see(tree)
    with pytest.raises(Conflict, match=r"in the middle of a rebase"):
        back(tree, target)
    assert see(tree) == before


def test_the_branch_moves_only_when_asked_and_the_reflog_brings_it_back(tree: Path) -> None:
    target = create(tree)
    old = git(tree, "rev-parse", "HEAD")
    git(tree, "commit", "-q", "-am", "later")
    later = git(tree, "rev-parse", "HEAD")
    back(tree, target)
    assert git(tree, "rev-parse", "HEAD") == later
    report = back(tree, target, move_branch=True)
    assert report.moved is not None
    assert git(tree, "rev-parse", "HEAD") == old
    assert git(tree, "rev-parse", "HEAD@{1}") == later
    undo(recorder(tree))
    assert git(tree, "rev-parse", "HEAD") == later


def test_the_branch_does_not_move_to_another_branchs_checkpoint(tree: Path) -> None:
    target = create(tree)
    git(tree, "switch", "-q", "-c", "side")
    with pytest.raises(Conflict, match="taken on refs/heads/main, you are on refs/heads/side"):
        back(tree, target, move_branch=True)


def test_a_checkpoint_of_some_paths_is_refused_as_a_whole_tree(tree: Path) -> None:
    target = create(tree)
    (tree / "a.txt").write_text("two\n")
    report = back(tree, target, mode=Mode.PARTIAL, paths=("a.txt",))
    some = chain.find(Repository.open(tree), report.before, "")
    with pytest.raises(InvalidInput, match="holds only 1 path"):
        back(tree, some)


def test_a_split_index_is_refused_with_the_reason(tree: Path) -> None:
    git(tree, "update-index", "--split-index")
    with pytest.raises(Unsupported, match="split"):
        create(tree)


def test_capture_works_while_git_holds_the_index_lock(tree: Path) -> None:
    (tree / ".git" / "index.lock").write_bytes(b"")
    assert create(tree).number == 1
    assert (tree / ".git" / "index.lock").read_bytes() == b""


def test_a_gc_between_captures_breaks_nothing(tree: Path) -> None:
    for number in range(90):  # more than are hashed in process: the private index takes them in
        (tree / f"file{number}.txt").write_text(f"{number}\n")
    create(tree)
    for name in git(tree, "for-each-ref", "--format=%(refname)", "refs/orchestrate").split():
        git(tree, "update-ref", "-d", os.fsdecode(name))
    git(tree, "gc", "-q", "--prune=now")
    found = create(tree)
    git(tree, "fsck", "--no-dangling", "--strict")
    assert len(entries(tree, found)) == 95


def test_a_damaged_cache_is_made_anew(tree: Path) -> None:
    first = create(tree)
    for index in (tree / ".git" / "orchestrate" / "worktrees" / "main").glob("index.*"):
        index.write_bytes(b"garbage")
    assert create(tree).oid == first.oid


def test_a_file_that_keeps_changing_is_named_unstable(tree: Path) -> None:
    pid = os.fork()
    if pid == 0:
        while True:
            (tree / "busy.txt").write_bytes(os.urandom(200_000))
    try:
        found = [create(tree) for _ in range(20)]
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert any(one.unstable == ("busy.txt",) for one in found)
