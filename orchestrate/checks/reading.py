"""Changes, trees and policy read through the git command, for hooks, `check` and `verify`.

The same values that `git/repository.py` gives, from repositories that libgit2 cannot open too.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

from orchestrate.checks.change import MAX_CONTENT, Change, Children, children_of
from orchestrate.errors import FileError, OrchestrateError
from orchestrate.git import changes
from orchestrate.git.changes import Objects, Raw
from orchestrate.git.checked_out import CheckedOut
from orchestrate.git.types import (
    EXECUTABLE,
    FILE,
    SUBMODULE,
    SYMLINK,
    TREE,
    EntryChange,
    Oid,
    TreeEntry,
    path_text,
)

ROUND = 500  # blobs asked for at once
AHEAD = 4 * 1024 * 1024  # bytes of them held until they are looked at


class GitObjects:
    """Blobs and trees of the repository that git finds, through one `git cat-file`."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self._sizes: dict[Oid, int] = {}
        self._expected: tuple[Oid, ...] = ()
        self._places: dict[Oid, int] = {}  # in `_expected`
        self._ahead: dict[Oid, bytes] = {}
        self._reached = 0  # place of the first that was not asked for
        self._files: CheckedOut | None = None
        self._held: tuple[str, bytes] = ("", b"")  # the last one that came from a file

    def expect(self, oids: Iterable[Oid], files: CheckedOut | None = None) -> None:
        """Say which blobs will be read, in order: they are then asked for many at a time.

        `files` is a work tree that most of them are probably checked out in.
        """
        self._files = files
        self._expected = tuple(dict.fromkeys(oids))
        self._places = {oid: place for place, oid in enumerate(self._expected)}
        self._ahead, self._reached = {}, 0

    def expect_part(self, oids: Iterable[Oid]) -> None:
        """Say the same for a part of what was expected."""
        self.expect(oids, self._files)

    def reopen(self) -> None:
        """Start a git of our own, in a process that was split off from the one that began."""
        self.objects = Objects(self.objects.folder, most=self.objects.most)

    def read_blob(self, oid: Oid, limit: int | None = None) -> bytes:
        """The blob's first `limit` bytes, or all of it. Raises: OrchestrateError."""
        if self._is_file(oid):
            return self._held[1][:limit]
        if limit is None and self._files is None and self._places.get(oid, -1) >= self._reached:
            self._read_ahead(oid)
        if limit is None and (found := self._ahead.pop(oid, None)) is not None:
            return found
        return self._content(oid, "blob")[:limit]

    def _read_ahead(self, oid: Oid) -> None:
        """Read this blob and those expected next, as far as they fit `AHEAD`."""
        self._ahead.clear()
        wanted: list[Oid] = []
        total, first = 0, self._places[oid]
        for one in self._expected[first : first + ROUND]:
            total += self.blob_size(one)
            if total > AHEAD:
                break
            wanted.append(one)
        self._reached = first + max(1, len(wanted))
        for one, found in zip(wanted, self.objects.contents(wanted), strict=True):
            if found is not None and found[1] == "blob":
                self._ahead[one] = found[2]

    def blob_size(self, oid: Oid) -> int:
        """The blob's size in bytes. Raises: OrchestrateError."""
        if oid not in self._sizes and not self._is_file(oid):
            self._ask_sizes(oid)
        if oid not in self._sizes:
            raise OrchestrateError(f"there is no blob {oid} in this repository")
        return self._sizes[oid]

    def _is_file(self, oid: Oid) -> bool:
        """Whether the blob is checked out; it is then held."""
        if oid == self._held[0]:
            return True
        if self._files is None or (found := self._files.read(oid)) is None:
            return False
        self._held = oid, found
        self._sizes[oid] = len(found)
        return True

    def _ask_sizes(self, oid: Oid) -> None:
        if self._files is not None and not self._files.is_useful:
            self._files = None
        place = None if self._files else self._places.get(oid)
        together = (oid,) if place is None else self._expected[place : place + ROUND]
        self.objects.ask_info(together)
        answers = [self.objects.read_info() for _ in together]
        for one, found in zip(together, answers, strict=True):
            if found is not None and found[1] == "blob":
                self._sizes[one] = found[2]

    def list_tree(self, tree: Oid) -> list[TreeEntry]:
        """The entries of one level. Raises: OrchestrateError."""
        return [
            TreeEntry(path_text(name), mode, Oid(oid))
            for name, mode, oid in changes.parse_tree(self._content(tree, "tree"), len(tree) // 2)
        ]

    def resolve(self, name: str, kind: str) -> Oid | None:
        """The id of the object that a revision names, or None when it names no `kind`."""
        found = self.objects.info(f"{name}^{{{kind}}}")
        return Oid(found[0]) if found is not None else None

    def _content(self, oid: Oid, kind: str) -> bytes:
        found = next(self.objects.contents([oid]))
        if found is None or found[1] != kind:
            raise OrchestrateError(f"there is no {kind} {oid} in this repository")
        return found[2]


class TreeReader:
    """The policy files of one tree: what `policy.load_policy` reads. None is an empty tree."""

    def __init__(self, objects: GitObjects, tree: Oid | None) -> None:
        self._objects = objects
        self._children = children_of(objects, tree)

    def list(self, prefix: str) -> list[tuple[str, str]]:
        """(path, blob id) of every file whose path begins with `prefix`.

        Raises:
            FileError: one of them is a symlink or a submodule, where policy must be a plain file.
        """
        return [(e.path, e.oid) for e in self._below(prefix.rpartition("/")[0], prefix)]

    def read(self, path: str) -> bytes | None:
        """The bytes of a file, or None when there is none. Raises: FileError."""
        entry = self._entry(path)
        return None if entry is None else self._objects.read_blob(entry.oid)

    def _entry(self, path: str) -> TreeEntry | None:
        return next((e for e in self._level(path.rpartition("/")[0]) if e.path == path), None)

    def _below(self, folder: str, prefix: str) -> Iterable[TreeEntry]:
        for entry in self._level(folder):
            if not (entry.path.startswith(prefix) or prefix.startswith(f"{entry.path}/")):
                continue
            if entry.mode == TREE:
                yield from self._below(entry.path, prefix)
            elif entry.path.startswith(prefix):
                yield entry

    def _level(self, folder: str) -> Sequence[TreeEntry]:
        """One level; a link on the way to the policy would hide it, and is refused."""
        steps = folder.split("/") if folder else []
        for depth in range(1, len(steps) + 1):
            at = "/".join(steps[:depth])
            for entry in self._children(at.rpartition("/")[0]):
                if entry.path == at and entry.mode != TREE:
                    raise _no_plain_file(entry)
        found = self._children(folder)
        for entry in found:
            if folder.startswith(".orchestrate") and entry.mode not in (FILE, EXECUTABLE, TREE):
                raise _no_plain_file(entry)
        return found


def _no_plain_file(entry: TreeEntry) -> FileError:
    kind = "a symlink" if entry.mode == SYMLINK else "no folder"
    return FileError(
        entry.path, f"is {kind}; policy must be a plain file", hint="commit the file itself"
    )


def entry_changes(raw: Iterable[Raw]) -> list[EntryChange]:
    """The entries of a raw comparison."""
    return [
        EntryChange(path_text(path), old_mode, new_mode, Oid(old), Oid(new))
        for path, old_mode, new_mode, old, new in raw
    ]


def staged_change(objects: GitObjects, parents: Sequence[Oid], folder: str = "") -> Change:
    """The change from the commit's parents to the index, the first parent being HEAD.

    Of a merge only what differs from every parent is new; of no parent, everything.
    """
    return _beyond(objects, parents, lambda base: changes.start_staged(base, folder))


def commit_change(
    objects: GitObjects, parents: Sequence[Oid], commit: Oid, folder: str = ""
) -> Change:
    """What a commit brings that none of its parents has: what `staged_change` was before it."""
    return _beyond(objects, parents, lambda base: changes.start_between(base, commit, folder))


def _beyond(
    objects: GitObjects, parents: Sequence[Oid], compared: Callable[[Oid], changes.Running]
) -> Change:
    if not parents:
        return _change(objects, _entries(compared(empty_tree(objects))), None)
    all_of_it, *others = [_entries(compared(parent)) for parent in parents]
    first = all_of_it
    olds: dict[str, tuple[Oid, ...]] = {}
    for other in others:
        by_path = {entry.path: entry for entry in other}
        first = [e for e in first if e.path in by_path]
        for path, before in ((entry.path, by_path[entry.path]) for entry in first):
            # A submodule's id names a commit elsewhere: there is no content to compare with.
            old = Oid("") if before.old_mode == SUBMODULE else before.old_oid
            olds[path] = (*olds.get(path, ()), old)
    tree = objects.resolve(parents[0], "tree")
    new = {entry.path for entry in first}
    merged = tuple(entry for entry in all_of_it if entry.path not in new)
    return _change(objects, first, tree, olds, merged)


def change_between(
    objects: GitObjects, old: Oid | None, new: Oid, folder: str = "", *, checked_out: bool = False
) -> Change:
    """The change from one commit or tree to another; `old` None is nothing at all.

    `checked_out` says that the work tree at `folder` probably holds the new files.
    """
    base = old or empty_tree(objects)
    entries = _entries(changes.start_between(base, new, folder))
    tree = objects.resolve(old, "tree") if old else None
    change = _change(objects, entries, tree)
    if checked_out and folder:
        new_files = {entry.new_oid: entry.path for entry in change.files()}
        objects.expect(new_files, CheckedOut(folder, new_files, MAX_CONTENT))
    return change


def _entries(comparison: changes.Running) -> list[EntryChange]:
    return entry_changes(changes.parse_raw(comparison.read_all()))


def _change(
    objects: GitObjects,
    entries: Sequence[EntryChange],
    tree: Oid | None,
    olds: Mapping[str, tuple[Oid, ...]] = MappingProxyType({}),
    merged: tuple[EntryChange, ...] = (),
) -> Change:
    children: Children = children_of(objects, tree)
    change = Change(tuple(entries), objects, children, other_olds=olds, merged=merged)
    objects.expect(entry.new_oid for entry in change.files())
    return change


# hash("tree 0\0") in SHA-1 and SHA-256 (git's hash-function-transition document)
EMPTY_TREES = (
    Oid("4b825dc642cb6eb9a060e54bf8d69288fbee4904"),
    Oid("6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"),
)


def empty_tree(objects: GitObjects) -> Oid:
    """The id of the empty tree in the repository's own hash; git knows it without storing it."""
    for candidate in EMPTY_TREES:
        if objects.objects.info(candidate) is not None:
            return candidate
    raise OrchestrateError("this repository uses a hash that is neither SHA-1 nor SHA-256")
