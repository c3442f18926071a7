"""The change under judgement: changed entries, a reader of blobs, and the tree it is built on.

Rules kept here:

* A change is data about two trees. Where it came from (index, commits, a workspace) is not seen.
* Renames are a delete and an add: both names are judged.
* What counts as an added line needs no diff program (checks/lines.py), so hook, runner and CI
  agree by construction.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from orchestrate.checks.lines import Line, added_lines
from orchestrate.checks.secrets.text import readable
from orchestrate.git.types import EXECUTABLE, FILE, TREE, EntryChange, Oid, TreeEntry

# Larger files are not read: `too-large-to-scan` blocks them.
MAX_CONTENT = 64 * 1024 * 1024  # bytes
MAX_LINK = 4096  # bytes; no system follows a longer symlink target

REGULAR = (FILE, EXECUTABLE)


class Blobs(Protocol):
    """Reads blobs of one repository."""

    def read_blob(self, oid: Oid, limit: int | None = None) -> bytes: ...

    def blob_size(self, oid: Oid) -> int: ...


class TreeLister(Protocol):
    """Reads trees of one repository, one level at a time."""

    def list_tree(self, tree: Oid) -> Sequence[TreeEntry]: ...


class Trees(Blobs, TreeLister, Protocol):
    """Reads blobs and trees: what `between` needs of a repository."""

    def diff(self, old_tree: Oid | None, new_tree: Oid) -> Sequence[EntryChange]: ...


Children = Callable[[str], Sequence[TreeEntry]]


def _no_children(folder: str) -> Sequence[TreeEntry]:
    return ()


@dataclass(frozen=True)
class Change:
    """Every entry that differs between a base tree and a candidate tree.

    `base_children(folder)` lists one level of the base tree with paths from the top of the tree,
    "" being the top; it returns nothing for a folder that is not there. `other_olds` are the same
    files in a merge's other parents: what stands in one of them is not new either. `merged` is
    what a merge takes from its other parents as it stands there: not new, but in the candidate.
    """

    entries: tuple[EntryChange, ...]
    blobs: Blobs
    base_children: Children = _no_children
    other_olds: Mapping[str, tuple[Oid, ...]] = field(default_factory=dict)
    merged: tuple[EntryChange, ...] = ()
    _read: dict[Oid, bytes] = field(
        init=False, repr=False, compare=False, default_factory=dict[Oid, bytes]
    )

    _bytes: list[int] = field(init=False, repr=False, compare=False, default_factory=lambda: [0])
    _folded: dict[str, dict[str, list[str]]] = field(
        init=False, repr=False, compare=False, default_factory=dict[str, dict[str, list[str]]]
    )

    @property
    def _all(self) -> tuple[EntryChange, ...]:
        return (*self.merged, *self.entries)

    @cached_property
    def _by_path(self) -> dict[str, EntryChange]:
        return {entry.path: entry for entry in self._all}

    @cached_property
    def _made(self) -> dict[str, set[str]]:
        """Folder -> the paths right below it that hold something the change makes or keeps."""
        return _folders(entry.path for entry in self._all if entry.new_mode)

    @cached_property
    def _emptied(self) -> dict[str, set[str]]:
        """Folder -> the paths right below it that are deleted or hold something deleted."""
        return _folders(entry.path for entry in self._all if entry.is_deleted)

    def entry(self, path: str) -> EntryChange | None:
        """What the change, or what it merges, does to exactly `path`; None is nothing."""
        return self._by_path.get(path)

    def files(self) -> Iterator[EntryChange]:
        """The regular files whose content or existence is new."""
        for entry in self.entries:
            if entry.new_mode in REGULAR and (
                entry.old_oid != entry.new_oid or entry.old_mode not in REGULAR
            ):
                yield entry

    def content(self, entry: EntryChange) -> bytes | None:
        """The new bytes of a file, or None when it is over `MAX_CONTENT`."""
        return self._blob(entry.new_oid)

    def text(self, entry: EntryChange) -> bytes | None:
        """The new bytes of a file with UTF-16 read as UTF-8, or None when it is too large."""
        data = self.content(entry)
        return None if data is None else readable(data)

    def old_text(self, entry: EntryChange) -> bytes:
        """The same of the old file; b"" when there was none, or it was too large to be known."""
        return b"\n".join(map(readable, self.old_contents(entry)))

    def old_contents(self, entry: EntryChange) -> list[bytes]:
        """The bytes of the old file in each parent that a merge has, most often in one.

        b"" is where there was none, or it is over `MAX_CONTENT`.
        """
        first = (self._blob(entry.old_oid) or b"") if entry.old_mode in REGULAR else b""
        others = [self._blob(oid) or b"" for oid in self.other_olds.get(entry.path, ()) if oid]
        return [first, *others]

    def size(self, oid: Oid) -> int:
        """The size of a blob in bytes."""
        return self.blobs.blob_size(oid)

    def link_bytes(self, oid: Oid) -> bytes | None:
        """Where a symlink points, or None when that is over `MAX_LINK`."""
        return None if self.size(oid) > MAX_LINK else self.blobs.read_blob(oid)

    def added(self, entry: EntryChange) -> list[Line]:
        """The lines that the change adds to a regular file, in order."""
        new = self.text(entry)
        return [] if new is None else added_lines(self.old_text(entry), new)

    def mode_after(self, path: str) -> int:
        """The mode of `path` in the candidate tree; 0 when it is not there."""
        return self.node_after(path)[0]

    def node_after(self, path: str) -> tuple[int, Oid]:
        """Mode and id of `path` in the candidate tree; (0, "") when it is not there.

        A folder that only the change creates has mode TREE and id "".
        """
        changed = self._by_path.get(path)
        if changed is not None and changed.new_mode:
            return changed.new_mode, changed.new_oid
        if path == "" or path in self._made:
            return TREE, Oid("")
        if changed is not None:
            return 0, Oid("")
        for child in self.base_children(path.rpartition("/")[0]):
            if child.path == path and self._survives(child):
                return child.mode, child.oid
        return 0, Oid("")

    def children_after(self, folder: str) -> list[str]:
        """The paths one level below `folder` in the candidate tree, sorted."""
        kept = {child.path for child in self.base_children(folder) if self._survives(child)}
        return sorted(kept | self._made.get(folder, set()))

    def same_folded(self, folder: str, path: str) -> list[str]:
        """The paths in `folder` of the candidate tree that `path` equals but for case, sorted."""
        if folder not in self._folded:
            names = self._folded[folder] = {}
            for child in self.children_after(folder):
                names.setdefault(fold(child), []).append(child)
        return self._folded[folder].get(fold(path), [])

    def _survives(self, entry: TreeEntry) -> bool:
        """Whether something of the base's `entry` is still there."""
        left = [entry]  # no recursion: a hostile tree is a thousand folders deep
        while left:
            one = left.pop()
            if one.mode == TREE and one.path in self._emptied:
                left += self.base_children(one.path)
                continue
            changed = self._by_path.get(one.path)
            if one.mode == TREE or changed is None or not changed.is_deleted:
                return True
        return False

    def _blob(self, oid: Oid) -> bytes | None:
        if oid in self._read:
            return self._read[oid]
        if self.blobs.blob_size(oid) > MAX_CONTENT:
            return None
        # Several checks read one file in turn: keep that one, not the whole change.
        if len(self._read) > 1:
            self._read.clear()
        data = self._read[oid] = self.blobs.read_blob(oid)
        self._bytes[0] += len(data)
        return data

    @property
    def bytes_read(self) -> int:
        """How many bytes of content were read so far."""
        return self._bytes[0]


def fold(path: str) -> str:
    """A path as systems that ignore case compare it (and normalise accents, as macOS does)."""
    return unicodedata.normalize("NFC", path).casefold()


def _folders(paths: Iterable[str]) -> dict[str, set[str]]:
    below: dict[str, set[str]] = {}
    for path in paths:
        while path:
            folder = path.rpartition("/")[0]
            siblings = below.setdefault(folder, set())
            if path in siblings:
                break
            siblings.add(path)
            path = folder
    return below


def between(trees: Trees, old_tree: Oid | None, new_tree: Oid) -> Change:
    """The change from `old_tree` (None: nothing) to `new_tree`."""
    return Change(tuple(trees.diff(old_tree, new_tree)), trees, children_of(trees, old_tree))


def children_of(trees: TreeLister, tree: Oid | None) -> Children:
    """A lister of the folders of one tree by path; each folder is read once."""
    listed: dict[str, Sequence[TreeEntry]] = {}

    def children(folder: str) -> Sequence[TreeEntry]:
        missing: list[str] = []  # no recursion: a hostile tree is a thousand folders deep
        at: str | None = folder
        while at is not None and at not in listed:
            missing.append(at)
            at = at.rpartition("/")[0] if at else None
        for one in reversed(missing):
            listed[one] = _list(trees, tree, one, listed.get(one.rpartition("/")[0], ()))
        return listed[folder]

    return children


def _list(
    trees: TreeLister, top: Oid | None, folder: str, above: Sequence[TreeEntry]
) -> Sequence[TreeEntry]:
    if top is None:
        return ()
    if folder == "":
        return trees.list_tree(top)
    for entry in above:
        if entry.path == folder and entry.mode == TREE:
            return [
                TreeEntry(f"{folder}/{below.path}", below.mode, below.oid)
                for below in trees.list_tree(entry.oid)
            ]
    return ()
