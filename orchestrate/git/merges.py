"""Merging two commits without a working tree; conflicts come back as data.

Where no rename can be involved and no path was changed on both sides, the merge is a plain edit of
one side's tree: exact, and as fast at 100,000 files as at ten. Everything else is git's own
`merge-tree`. So the outcome never depends on which road was taken, only the time does.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pygit2

from orchestrate.errors import Conflict
from orchestrate.git.diffs import diff_trees
from orchestrate.git.objects import read_commit, write_commit
from orchestrate.git.process import QUIET, GitFailed, require_git, run_git
from orchestrate.git.trees import edit_tree, tree_of
from orchestrate.git.types import EntryChange, Oid, Signature, path_text

_NOBODY = Signature("orchestrate", "orchestrate@localhost", 0)
_LONGEST_BRANCH = 1000  # commits looked at to see that a branch is linear


class MergeResult(NamedTuple):
    """The merged tree, or None and the sorted paths in conflict."""

    tree: Oid | None
    conflicts: tuple[str, ...] = ()


def merge_base(handle: pygit2.Repository, one: Oid, other: Oid) -> Oid | None:
    """A best common ancestor of the two commits, None if they share no history."""
    found = handle.merge_base(one, other)
    return None if found is None else Oid(str(found))


def merge(
    handle: pygit2.Repository,
    git_dir: Path,
    work_tree: Path | None,
    ours: Oid,
    theirs: Oid,
    base: Oid | None,
) -> MergeResult:
    """Both commits' changes since `base`, which is their own merge base unless given.

    Attributes such as `merge=union` are those of the repository's working tree, as for git.

    Raises:
        Conflict: they share no history and no base is given.
        Unsupported: git is older than 2.38 and must be asked.
        ObjectMissing: a commit is not there.
    """
    ancestor = base or _only_merge_base(handle, ours, theirs)
    if ancestor is not None:
        trees = (tree_of(handle, oid) for oid in (ancestor, ours, theirs))
        tree = merge_entries(handle, *trees)
        if tree is not None:
            return MergeResult(tree)
    if base is not None:
        ours, theirs = (_child(handle, base, oid) for oid in (ours, theirs))
    return _merge_by_git(git_dir, work_tree, ours, theirs)


def _only_merge_base(handle: pygit2.Repository, ours: Oid, theirs: Oid) -> Oid | None:
    """The merge base, when there is provably no second one.

    With no merge commit between the base and one of the sides, every common ancestor is the base or
    an ancestor of it. Criss-cross histories have several bases, which git merges first.
    """
    base = merge_base(handle, ours, theirs)
    if base is not None and any(_is_linear(handle, base, tip) for tip in (theirs, ours)):
        return base
    return None


def _is_linear(handle: pygit2.Repository, base: Oid, tip: Oid) -> bool:
    at = tip
    for _ in range(_LONGEST_BRANCH):
        if at == base:
            return True
        parents = read_commit(handle, at).parents
        if len(parents) != 1:
            return False
        at = parents[0]
    return False


def merge_entries(handle: pygit2.Repository, base: Oid, ours: Oid, theirs: Oid) -> Oid | None:
    """The merged tree of three trees, None where contents or renames have to be looked at."""
    mine = diff_trees(handle, base, ours)
    other = diff_trees(handle, base, theirs)
    if not mine or not other:
        return ours if mine else theirs
    if _may_rename(mine) or _may_rename(other):
        return None
    at_mine = {change.path: change for change in mine}
    if any(change != at_mine.get(change.path, change) for change in other):
        return None
    if _collide(mine, other) or _collide(other, mine):
        return None
    edits = {
        change.path: None if change.is_deleted else (change.new_mode, change.new_oid)
        for change in other
    }
    return edit_tree(handle, ours, edits)


def _may_rename(changes: list[EntryChange]) -> bool:
    """Whether something went and something came, so that git could see a rename."""
    return any(c.is_deleted for c in changes) and any(c.is_added for c in changes)


def _collide(some: Iterable[EntryChange], others: Iterable[EntryChange]) -> bool:
    """Whether one side made a file where the other made a folder."""
    files = {change.path for change in some if change.is_added}
    return any(
        folder in files
        for change in others
        if change.is_added and files
        for folder in _folders(change.path)
    )


def _folders(path: str) -> Iterable[str]:
    parts = path.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _child(handle: pygit2.Repository, base: Oid, oid: Oid) -> Oid:
    """A commit of that tree whose only parent is `base`: git 2.38 cannot be told a merge base.

    The same input gives the same commit, so that repeated merges leave nothing new behind.
    """
    tree = tree_of(handle, oid)
    return write_commit(handle, tree, [base], "merge\n", _NOBODY, _NOBODY)


def _merge_by_git(git_dir: Path, work_tree: Path | None, ours: Oid, theirs: Oid) -> MergeResult:
    require_git((2, 38), "merging without a working tree")
    args = [*QUIET, "merge-tree", "--write-tree", "-z", "--name-only", "--no-messages"]
    args += [ours, theirs]
    done = run_git(
        args, git_dir=git_dir, work_tree=work_tree, cwd=work_tree or git_dir, check=False
    )
    if "unrelated histories" in done.stderr:
        raise Conflict(f"{ours} and {theirs} share no history")
    if done.code not in (0, 1) or not done.stdout:
        raise GitFailed(args, done.code, done.stderr)
    tree, *conflicts = done.stdout.rstrip(b"\0").split(b"\0")
    if done.code == 0:
        return MergeResult(Oid(tree.decode("ascii")))
    return MergeResult(None, tuple(sorted({path_text(path) for path in conflicts if path})))
