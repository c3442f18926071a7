"""Giving the user's index back as a checkpoint holds it, whole or for some paths.

An entry that says the same as before keeps its stat data, so that `git status` stays fast. An entry
whose file was restored gets none, so that git compares the content; except where git held the file
for unchanged though it differs from the blob, which only the stat data can say (`State.clean`).
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
    """What must change in the index: paths whose entries are replaced, and `clean` ones."""

    replaced: frozenset[str]
    clean: frozenset[str]

    def __bool__(self) -> bool:
        return bool(self.replaced or self.clean)


def index_change(
    repo: Repository,
    now: UserIndex,
    goal: State,
    restored: Set[str],
    paths: Sequence[str] | None,
) -> IndexChange:
    """What sets the index now apart from the goal, given the files that are being restored.

    Only for `paths`, if these are given.
    """
    if paths is not None:
        return _change_of(repo, now, goal, restored, frozenset(paths))
    trees = {change.path for change in repo.diff(now.tree, goal.index_tree)}
    differing = set(now.specials) ^ set(goal.specials)
    replaced = trees | {special.path for special in differing}
    return IndexChange(frozenset(replaced), frozenset(set(goal.clean) & restored))


def _change_of(
    repo: Repository, now: UserIndex, goal: State, restored: Set[str], paths: frozenset[str]
) -> IndexChange:
    """The same for few paths: looked up one by one, since the trees may differ in many."""
    differing = {special.path for special in set(now.specials) ^ set(goal.specials)} & paths
    trees = {
        path
        for path in paths
        if _entry(repo, now.tree, path) != _entry(repo, goal.index_tree, path)
    }
    return IndexChange(frozenset(differing | trees), frozenset(set(goal.clean) & restored & paths))


def _entry(repo: Repository, tree: Oid, path: str) -> TreeEntry | None:
    found = repo.entry(tree, path)
    return None if found is None or found.mode == TREE else found


def restore_index(
    repo: Repository,
    files: WorkTree,
    now: UserIndex,
    goal: State,
    change: IndexChange,
    token: str,
) -> None:
    """Replace the user's index by one in which `change` is carried out.

    Raises:
        IndexMoved: it is not the index `now` any more.
        Conflict: its lock does not come free.
    """
    path = repo.git_dir / "index"
    data = path.read_bytes() if now.key else b""
    rows = [_refreshed(row, files, change) for row in _kept(data, change)]
    rows += _new_rows(repo, files, goal, change)
    write_index(repo.git_dir, index_file.encode(rows), now.key, token)


def _kept(data: bytes, change: IndexChange) -> Iterator[IndexEntry]:
    replaced = {path_bytes(path) for path in change.replaced}
    return (row for row in index_file.entries(data) if row.path not in replaced)


def _refreshed(row: IndexEntry, files: WorkTree, change: IndexChange) -> IndexEntry:
    if not change.clean or path_text(row.path) not in change.clean:
        return row
    return row._replace(stat=_stat(files, path_text(row.path), row.mode))


def _new_rows(
    repo: Repository, files: WorkTree, goal: State, change: IndexChange
) -> Iterator[IndexEntry]:
    specials: dict[str, list[Special]] = {}
    for special in goal.specials:
        specials.setdefault(special.path, []).append(special)
    for path in change.replaced:
        found = specials.get(path, [])
        for special in found:
            yield _row(files, path, special.mode, special.oid, special.flags, change)
        entry = None if found else _entry(repo, goal.index_tree, path)
        if entry is not None:
            yield _row(files, path, entry.mode, entry.oid, 0, change)


def _row(
    files: WorkTree, path: str, mode: int, oid: Oid, flags: int, change: IndexChange
) -> IndexEntry:
    stat = _stat(files, path, mode) if path in change.clean else stat_bytes(mode, None)
    return IndexEntry(path_bytes(path), stat, bytes.fromhex(oid), flags & (SPECIAL | INTENT_TO_ADD))


def _stat(files: WorkTree, path: str, mode: int) -> bytes:
    found = files.lstat(path)
    return stat_bytes(mode, stat_like(found) if found else None)
