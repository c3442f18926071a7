"""Giving the user's index back as a checkpoint holds it, whole or for some paths.

An entry that says the same as before keeps its stat data, so that `git status` stays fast; git then
finds by content that a restored file is what it was. Where a filter or line-end conversion may
stand between file and blob, content does not decide alone: there the entry of a restored file gets
stat data that match, or that do not, as they did (`State.dirty`).
"""

from collections.abc import Iterator, Sequence, Set
from typing import NamedTuple

from orchestrate.checkpoints.state import State
from orchestrate.git import index_file
from orchestrate.git.capture import WorkTree
from orchestrate.git.index_file import INTENT_TO_ADD, SPECIAL, IndexEntry, stat_bytes, stat_like
from orchestrate.git.repository import Repository
from orchestrate.git.restore import write_index
from orchestrate.git.types import TREE, Oid, TreeEntry, path_bytes, path_text
from orchestrate.git.user_index import Special, UserIndex


class IndexChange(NamedTuple):
    """What must change in the index: paths with other entries, and with other stat data."""

    replaced: frozenset[str]
    restat: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.replaced or self.restat)


def index_change(
    repo: Repository,
    now: UserIndex,
    goal: State,
    unsettled: Set[str],
    paths: Sequence[str] | None,
) -> IndexChange:
    """What sets the index now apart from the goal; only for `paths`, if these are given.

    `unsettled` are the paths whose files are restored or whose stat data do not match now.
    """
    if paths is not None:
        return _change_of(repo, now, goal, unsettled, frozenset(paths))
    trees = {change.path for change in repo.diff(now.tree, goal.index_tree)}
    differing = set(now.specials) ^ set(goal.specials)
    replaced = trees | {special.path for special in differing}
    return IndexChange(frozenset(replaced), _restat(goal, unsettled))


def _change_of(
    repo: Repository, now: UserIndex, goal: State, unsettled: Set[str], paths: frozenset[str]
) -> IndexChange:
    """The same for few paths: looked up one by one, since the trees may differ in many."""
    differing = {special.path for special in set(now.specials) ^ set(goal.specials)} & paths
    trees = {
        path
        for path in paths
        if _entry(repo, now.tree, path) != _entry(repo, goal.index_tree, path)
    }
    return IndexChange(frozenset(differing | trees), _restat(goal, unsettled) & paths)


def _restat(goal: State, unsettled: Set[str]) -> frozenset[str]:
    return frozenset() if goal.dirty is None else frozenset(unsettled | goal.dirty.keys())


def _entry(repo: Repository, tree: Oid, path: str) -> TreeEntry | None:
    found = repo.entry(tree, path)
    return None if found is None or found.mode == TREE else found


def restore_index(
    repo: Repository,
    files: WorkTree,
    now: UserIndex,
    goal: State,
    change: IndexChange,
    dirty: Set[str],
    token: str,
) -> None:
    """Replace the user's index by one in which `change` is carried out.

    `dirty` are the paths whose stat data do not match now.

    Raises:
        IndexMoved: it is not the index `now` any more.
        Conflict: its lock does not come free.
    """
    path = repo.git_dir / "index"
    data = path.read_bytes() if now.key else b""
    young = now.time_ns // 1_000_000_000
    rows = [_settled(row, files, goal, change, dirty, young) for row in _kept(data, change)]
    rows += _new_rows(repo, files, goal, change)
    write_index(repo.git_dir, index_file.encode(rows), now.key, token)


def _kept(data: bytes, change: IndexChange) -> Iterator[IndexEntry]:
    replaced = {path_bytes(path) for path in change.replaced}
    return (row for row in index_file.entries(data) if row.path not in replaced)


def _settled(
    row: IndexEntry,
    files: WorkTree,
    goal: State,
    change: IndexChange,
    dirty: Set[str],
    young: int,
) -> IndexEntry:
    """The entry with stat data that mean in the new index what they should."""
    path = path_text(row.path)
    if path in change.restat:
        return row._replace(stat=_stat(files, path, row.mode, goal))
    if path in dirty:
        return row._replace(stat=stat_bytes(row.mode, None, size=row.size))
    # Git compares an entry as young as the index by content (Documentation/technical/racy-git.txt,
    # in whole seconds where it is built so). In a younger index it would not: size 0 makes it.
    return row.without_size() if goal.dirty is None and row.seconds >= young else row


def _new_rows(
    repo: Repository, files: WorkTree, goal: State, change: IndexChange
) -> Iterator[IndexEntry]:
    specials: dict[str, list[Special]] = {}
    for special in goal.specials:
        specials.setdefault(special.path, []).append(special)
    for path in change.replaced:
        found = specials.get(path, [])
        for special in found:
            yield _row(files, path, special.mode, special.oid, special.flags, goal)
        entry = None if found else _entry(repo, goal.index_tree, path)
        if entry is not None:
            yield _row(files, path, entry.mode, entry.oid, 0, goal)


def _row(files: WorkTree, path: str, mode: int, oid: Oid, flags: int, goal: State) -> IndexEntry:
    stat = stat_bytes(mode, None) if goal.dirty is None else _stat(files, path, mode, goal)
    return IndexEntry(path_bytes(path), stat, bytes.fromhex(oid), flags & (SPECIAL | INTENT_TO_ADD))


def _stat(files: WorkTree, path: str, mode: int, goal: State) -> bytes:
    """Stat data that match the file, or that do not and give the size that they gave."""
    assert goal.dirty is not None
    if path in goal.dirty:
        return stat_bytes(mode, None, size=goal.dirty[path])
    found = files.lstat(path)
    return stat_bytes(mode, stat_like(found) if found else None)
