"""Trees as raw bytes: read, walk, and edit nested paths touching only the trees on the way.

A raw tree is `<mode> <name> NUL <20-byte id>` again and again, sorted by name, where a folder's
name sorts as if it ended in "/" (git-mktree(1)). One regular expression reads it faster than
libgit2's objects can be made, and keeps every byte of a name.
"""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pygit2
from pygit2.enums import ObjectType

from orchestrate.errors import OrchestrateError
from orchestrate.git.names import check_path
from orchestrate.git.objects import object_header, read_object, write_object
from orchestrate.git.types import TREE, Oid, TreeEntry, path_bytes, path_text

EMPTY_TREE = Oid("4b825dc642cb6eb9a060e54bf8d69288fbee4904")

_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
FOLDER_MODES = (b"40000", b"040000")  # some old tools wrote the zero

Rows = Mapping[bytes, tuple[bytes, bytes]]  # name -> (mode in octal digits, id in 20 bytes)

Edits = Mapping[str, tuple[int, Oid] | None]

# Large trees that were read or written last: a ledger's tree of tasks is looked into several times
# for each event. A tree never changes, so what is kept cannot be stale; nobody may change a Rows.
WORTH_KEEPING = range(100, 20_000)  # entries
MOST_KEPT = 16  # trees
_KNOWN: dict[tuple[str, str], Rows] = {}


def read_rows(handle: pygit2.Repository, tree: str) -> Rows:
    """The tree's entries in git's order.

    Raises:
        ObjectMissing: there is no such tree.
        OrchestrateError: its bytes are not those of a tree.
    """
    if tree == EMPTY_TREE:
        return {}
    key = (handle.path, tree)
    known = _KNOWN.get(key)
    if known is not None:
        return known
    raw = read_object(handle, tree, ObjectType.TREE)
    rows = {name: (mode, oid) for mode, name, oid in _ENTRY.findall(raw)}
    if sum(map(len, rows)) + sum(len(mode) + 22 for mode, _ in rows.values()) != len(raw):
        raise OrchestrateError(f"tree {tree} is damaged", hint="`git fsck` tells more")
    _remember(key, rows)
    return rows


def _remember(key: tuple[str, str], rows: Rows) -> None:
    if len(rows) not in WORTH_KEEPING:
        return
    while len(_KNOWN) >= MOST_KEPT:
        # Another thread may have removed the oldest already.
        _KNOWN.pop(next(iter(_KNOWN), key), None)
    _KNOWN[key] = rows


def write_rows(handle: pygit2.Repository, rows: Rows, *, sort: bool) -> Oid:
    """The id of a tree of these entries."""
    entries = rows.items()
    ordered = sorted(entries, key=_sort_key) if sort else entries
    raw = b"".join([b"%b %b\0%b" % (mode, name, oid) for name, (mode, oid) in ordered])
    tree = write_object(handle, ObjectType.TREE, raw)
    _remember((handle.path, tree), dict(ordered))
    return tree


def _sort_key(entry: tuple[bytes, tuple[bytes, bytes]]) -> bytes:
    name, (mode, _) = entry
    return name + b"/" if mode in FOLDER_MODES else name


def tree_of(handle: pygit2.Repository, oid: str) -> Oid:
    """The tree of a commit; a tree is its own.

    Raises:
        ObjectMissing: it is neither, or not there.
    """
    if oid == EMPTY_TREE:
        return EMPTY_TREE
    kind, _ = object_header(handle, oid)
    if kind == ObjectType.TREE:
        return Oid(oid)
    raw = read_object(handle, oid, ObjectType.COMMIT)
    return Oid(raw[5:45].decode("ascii"))  # "tree <id>" is a commit's first line


def list_tree(handle: pygit2.Repository, tree: Oid) -> list[TreeEntry]:
    """The entries of one level, in git's order."""
    return [_entry(name, row, "") for name, row in read_rows(handle, tree).items()]


def walk_tree(handle: pygit2.Repository, tree: Oid, prefix: str) -> Iterator[TreeEntry]:
    """Every entry below that is no folder, with `prefix` before its path, in git's order."""
    for name, row in read_rows(handle, tree).items():
        entry = _entry(name, row, prefix)
        if entry.mode == TREE:
            yield from walk_tree(handle, entry.oid, entry.path + "/")
        else:
            yield entry


def _entry(name: bytes, row: tuple[bytes, bytes], prefix: str) -> TreeEntry:
    mode, oid = row
    return TreeEntry(prefix + path_text(name), int(mode, 8), Oid(oid.hex()))


def find_entry(handle: pygit2.Repository, tree: Oid, path: str) -> TreeEntry | None:
    """The entry at `path` below the tree, a folder's too; None if there is none."""
    *folders, last = path_bytes(path).split(b"/")
    at: str = tree
    for folder in folders:
        row = read_rows(handle, at).get(folder)
        if row is None or row[0] not in FOLDER_MODES:
            return None
        at = row[1].hex()
    row = read_rows(handle, at).get(last)
    return None if row is None else _entry(last, row, "")._replace(path=path)


class _Folder(NamedTuple):
    """The edits below one folder: its own entries, and those of the folders in it."""

    entries: dict[bytes, tuple[int, Oid] | None]
    folders: dict[bytes, "_Folder"]


def edit_tree(handle: pygit2.Repository, tree: Oid | None, edits: Edits) -> Oid:
    """The id of the tree after the edits: path -> (mode, id), or None to remove what is there.

    Removing a folder's path removes all below it; a folder left empty goes; a file gives way to a
    folder and a folder to a file. Where two edits contradict each other, the deeper path stays.

    Raises:
        InvalidInput: a path that a tree cannot hold.
        ObjectMissing: a tree on the way is not there.
    """
    plan = _Folder({}, {})
    for path, new in edits.items():
        *folders, name = path_bytes(check_path(path)).split(b"/")
        at = plan
        for folder in folders:
            at = at.folders.setdefault(folder, _Folder({}, {}))
        at.entries[name] = new
    return _apply(handle, tree, plan) or write_rows(handle, {}, sort=False)


def _apply(handle: pygit2.Repository, tree: str | None, plan: _Folder) -> Oid | None:
    """The edited folder's tree, None when nothing is left in it."""
    rows = read_rows(handle, tree) if tree else {}
    edited = {name: _row(new) for name, new in plan.entries.items()}
    for name, below in plan.folders.items():
        mode, oid = edited.get(name, rows.get(name)) or (b"", b"")
        is_folder = mode in FOLDER_MODES
        subtree = _apply(handle, oid.hex() if is_folder else None, below)
        if subtree or is_folder:  # removals below a path that is now a file leave the file
            edited[name] = _row((TREE, subtree) if subtree else None)
    changed = {name: row for name, row in edited.items() if row != rows.get(name)}
    if not changed and rows and tree:
        return Oid(tree)
    moved = any(_place(rows.get(name)) != _place(row) for name, row in changed.items())
    after = dict(rows)
    for name, row in changed.items():
        if row is None:
            del after[name]
        else:
            after[name] = row
    return write_rows(handle, after, sort=moved) if after else None


def _row(new: tuple[int, Oid] | None) -> tuple[bytes, bytes] | None:
    return None if new is None else (b"%o" % new[0], bytes.fromhex(new[1]))


def _place(row: tuple[bytes, bytes] | None) -> bool | None:
    """What decides where a name sorts: absent, a folder or something else."""
    return None if row is None else row[0] in FOLDER_MODES
