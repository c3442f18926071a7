"""Plain values that stand for git's things. No pygit2, no process: hooks import this.

Paths are `str` decoded with `surrogateescape`, so that every byte string git can hold survives;
`path_bytes` gives the bytes back.
"""

from typing import NamedTuple, NewType

Oid = NewType("Oid", str)  # lower-case hex, 40 (SHA-1) or 64 (SHA-256) digits

FILE = 0o100644
EXECUTABLE = 0o100755
SYMLINK = 0o120000
SUBMODULE = 0o160000
TREE = 0o040000


def path_text(raw: bytes) -> str:
    """A path as text; undecodable bytes become lone surrogates."""
    return raw.decode("utf-8", "surrogateescape")


def path_bytes(path: str) -> bytes:
    """The bytes of a path made by `path_text`."""
    return path.encode("utf-8", "surrogateescape")


class TreeEntry(NamedTuple):
    """One entry of a tree; `path` is relative to the tree that was asked for."""

    path: str
    mode: int
    oid: Oid


class EntryChange(NamedTuple):
    """One path whose entry differs between two trees; renames are a delete and an add.

    An absent side has mode 0 and id "".
    """

    path: str
    old_mode: int
    new_mode: int
    old_oid: Oid
    new_oid: Oid

    @property
    def is_added(self) -> bool:
        return self.old_mode == 0

    @property
    def is_deleted(self) -> bool:
        return self.new_mode == 0


class Signature(NamedTuple):
    """Who and when; `time` is seconds since the epoch, `offset` minutes east of UTC."""

    name: str
    email: str
    time: int
    offset: int = 0


class Commit(NamedTuple):
    """A commit as read; `trailers` are the last paragraph's `Key: value` lines in order."""

    oid: Oid
    tree: Oid
    parents: tuple[Oid, ...]
    author: Signature
    committer: Signature
    message: str
    trailers: tuple[tuple[str, str], ...]

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]

    def trailer(self, key: str) -> str | None:
        """The value of the last trailer of that name, or None."""
        return next((v for k, v in reversed(self.trailers) if k.lower() == key.lower()), None)


class RefUpdate(NamedTuple):
    """One ref's move in a transaction.

    `old` is the value it must have now, None for "must not exist"; `new` None deletes it.
    """

    name: str
    new: Oid | None
    old: Oid | None
