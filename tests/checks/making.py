"""Changes made in memory: a real reader over two dictionaries of files."""

import hashlib
from collections.abc import Mapping, Sequence

from orchestrate.checks.change import Change, between
from orchestrate.git.types import (
    EXECUTABLE,
    FILE,
    SUBMODULE,
    SYMLINK,
    TREE,
    EntryChange,
    Oid,
    TreeEntry,
)

Files = Mapping[str, bytes | tuple[int, bytes]]  # path -> content, or (mode, content)


class Store:
    """Trees and blobs in memory, addressed by content."""

    def __init__(self) -> None:
        self.blobs: dict[Oid, bytes] = {}
        self.trees: dict[Oid, list[TreeEntry]] = {}
        self.flat: dict[Oid, dict[str, tuple[int, Oid]]] = {}
        self.read: list[Oid] = []

    def read_blob(self, oid: Oid, limit: int | None = None) -> bytes:
        self.read.append(oid)
        return self.blobs[oid][:limit]

    def blob_size(self, oid: Oid) -> int:
        return len(self.blobs[oid])

    def list_tree(self, tree: Oid) -> Sequence[TreeEntry]:
        return self.trees[tree]

    def diff(self, old_tree: Oid | None, new_tree: Oid) -> Sequence[EntryChange]:
        old, new = self.flat[old_tree] if old_tree else {}, self.flat[new_tree]
        return [
            EntryChange(
                path,
                old.get(path, (0, Oid("")))[0],
                new.get(path, (0, Oid("")))[0],
                old.get(path, (0, Oid("")))[1],
                new.get(path, (0, Oid("")))[1],
            )
            for path in sorted(old.keys() | new.keys())
            if old.get(path) != new.get(path)
        ]

    def add(self, files: Files) -> Oid:
        flat = {}
        for path, value in files.items():
            mode, data = value if isinstance(value, tuple) else (FILE, value)
            oid = Oid(hashlib.sha1(data).hexdigest())
            self.blobs[oid] = data
            flat[path] = (mode, oid)
        tree = self._tree(flat)
        self.flat[tree] = flat
        return tree

    def _tree(self, flat: Mapping[str, tuple[int, Oid]]) -> Oid:
        below: dict[str, dict[str, tuple[int, Oid]]] = {}
        entries = []
        for path, node in flat.items():
            name, slash, rest = path.partition("/")
            if slash and rest:
                below.setdefault(name, {})[rest] = node
            else:
                entries.append(TreeEntry(path, *node))
        entries += [TreeEntry(name, TREE, self._tree(inner)) for name, inner in below.items()]
        tree = Oid(hashlib.sha1(repr(sorted(entries)).encode()).hexdigest())
        self.trees[tree] = sorted(entries)
        return tree


def change_of(old: Files | None, new: Files) -> Change:
    """The change from one set of files to another; None is no base at all."""
    store = Store()
    base = None if old is None else store.add(old)
    return between(store, base, store.add(new))


def link(target: str) -> tuple[int, bytes]:
    return (SYMLINK, target.encode())


def program(content: bytes = b"#!/bin/sh\n") -> tuple[int, bytes]:
    return (EXECUTABLE, content)


def submodule(commit: str) -> tuple[int, bytes]:
    return (SUBMODULE, commit.encode())
