"""The index file (gitformat-index(5)) as a value: read its entries, write one.

Rules this file keeps:
- Reading is one pass over the bytes and holds no list, so that 100,000 entries cost no memory.
- Version 4's shortened paths are read, version 2 or 3 is written. A split index keeps its entries
  in another file and a sparse one leaves them out: both are refused with the reason.
- Extensions (cached trees, untracked cache, ...) only save time; they are not carried over.
"""

import hashlib
from collections.abc import Iterable, Iterator, Set
from typing import NamedTuple

from orchestrate.errors import OrchestrateError, Unsupported
from orchestrate.git.types import Oid

ASSUME_VALID = 0x8000 << 16
EXTENDED = 0x4000 << 16
STAGE = 0x3000 << 16
SKIP_WORKTREE = 0x4000
INTENT_TO_ADD = 0x2000
SPECIAL = ASSUME_VALID | STAGE | SKIP_WORKTREE | INTENT_TO_ADD  # what a tree cannot say

_STAT = 40  # bytes: ctime, mtime, device, inode, mode, uid, gid, size


class IndexEntry(NamedTuple):
    """One entry. `stat` is 40 bytes, its mode included; `flags` the two flag words, length out."""

    path: bytes
    stat: bytes
    oid: bytes
    flags: int

    @property
    def mode(self) -> int:
        return int.from_bytes(self.stat[24:28], "big")

    @property
    def seconds(self) -> int:
        """When the file was written, as far as the entry knows (s since the epoch)."""
        return int.from_bytes(self.stat[8:12], "big")

    def without_size(self) -> "IndexEntry":
        """The entry as git writes it when only the content can tell whether the file changed."""
        return self._replace(stat=self.stat[:36] + b"\0" * 4)

    @property
    def size(self) -> int:
        """The file's size in bytes (modulo 2^32) when the entry was last found to match."""
        return int.from_bytes(self.stat[36:40], "big")

    @property
    def stage(self) -> int:
        return (self.flags & STAGE) >> 28

    @property
    def hex(self) -> Oid:
        return Oid(self.oid.hex())


def entries(
    data: bytes, *, only: int = 0, wanted: Set[bytes] | None = None, hash_size: int = 20
) -> Iterator[IndexEntry]:
    """The entries in the file's order; those with a flag of `only`, those of the paths `wanted`.

    Raises:
        OrchestrateError: the bytes are no index, or are cut off.
        Unsupported: a split or sparse index.
    """
    if not data:
        return
    version, count = _header(data)
    position, path, oid_end = 12, b"", _STAT + hash_size
    for _ in range(count):
        flags = int.from_bytes(data[position + oid_end : position + oid_end + 2], "big") << 16
        name = position + oid_end + 2
        if flags & EXTENDED:
            flags |= int.from_bytes(data[name : name + 2], "big")
            name += 2
        if version == 4:
            drop, name = _varint(data, name)
            end = data.index(0, name)
            path = path[: len(path) - drop] + data[name:end]
            after = end + 1
        else:
            end = data.index(0, name)
            path = data[name:end]
            after = position + ((end - position + 8) & ~7)
        if (not only or flags & only) and (wanted is None or path in wanted):
            stat, oid = (
                data[position : position + _STAT],
                data[position + _STAT : position + oid_end],
            )
            yield IndexEntry(path, stat, oid, flags & (SPECIAL | EXTENDED))
        position = after
    _check_extensions(data, position, hash_size)


def _header(data: bytes) -> tuple[int, int]:
    version = int.from_bytes(data[4:8], "big")
    if data[:4] != b"DIRC" or version not in (2, 3, 4):
        raise OrchestrateError("the index file is not one that git writes", hint="try `git status`")
    return version, int.from_bytes(data[8:12], "big")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at` in git's offset encoding (varint.c) and the place after it."""
    byte = data[at]
    value = byte & 127
    while byte & 128:
        at += 1
        byte = data[at]
        value = ((value + 1) << 7) | (byte & 127)
    return value, at + 1


def _check_extensions(data: bytes, position: int, hash_size: int) -> None:
    while position + 8 <= len(data) - hash_size:
        name, size = data[position : position + 4], data[position + 4 : position + 8]
        if name in (b"link", b"sdir"):
            kind = "split" if name == b"link" else "sparse"
            raise Unsupported(
                f"the repository has a {kind} index, which cannot be recorded",
                hint="turn it off: `git update-index --no-split-index`"
                if kind == "split"
                else "turn it off: `git sparse-checkout reapply --no-sparse-index`",
            )
        position += 8 + int.from_bytes(size, "big")


def encode(rows: Iterable[IndexEntry], *, hash_size: int = 20, extensions: bytes = b"") -> bytes:
    """The bytes of an index file with these entries, sorted as git wants them."""
    ordered = sorted(rows, key=lambda row: (row.path, row.flags & STAGE))
    extended = any(row.flags & (SKIP_WORKTREE | INTENT_TO_ADD) for row in ordered)
    parts = [b"DIRC", (3 if extended else 2).to_bytes(4, "big"), len(ordered).to_bytes(4, "big")]
    for row in ordered:
        parts.append(_encode_entry(row))
    body = b"".join(parts) + extensions
    digest = hashlib.sha1 if hash_size == 20 else hashlib.sha256
    return body + digest(body, usedforsecurity=False).digest()


def _encode_entry(row: IndexEntry) -> bytes:
    low = row.flags & (SKIP_WORKTREE | INTENT_TO_ADD)
    high = (row.flags & (ASSUME_VALID | STAGE)) | (EXTENDED if low else 0)
    word = (high >> 16) | min(len(row.path), 0xFFF)
    fixed = row.stat + row.oid + word.to_bytes(2, "big") + (low.to_bytes(2, "big") if low else b"")
    size = len(fixed) + len(row.path)
    return fixed + row.path + b"\0" * (8 - size % 8)


def stat_bytes(mode: int, found: "StatLike | None", size: int = 0) -> bytes:
    """The 40 bytes that say "this file, as lstat found it, matches"; none does without `found`.

    Without `found`, git compares the content, unless `size` is not 0 and not the file's.
    """
    if found is None:
        return b"\0" * 24 + mode.to_bytes(4, "big") + b"\0" * 8 + size.to_bytes(4, "big")
    words = (
        *divmod(found.st_ctime_ns, 1_000_000_000),
        *divmod(found.st_mtime_ns, 1_000_000_000),
        found.st_dev,
        found.st_ino,
        mode,
        found.st_uid,
        found.st_gid,
        found.st_size,
    )
    return b"".join((word & 0xFFFFFFFF).to_bytes(4, "big") for word in words)


class StatLike(NamedTuple):
    """The fields of `os.stat_result` that an index entry keeps."""

    st_ctime_ns: int
    st_mtime_ns: int
    st_dev: int
    st_ino: int
    st_uid: int
    st_gid: int
    st_size: int


def stat_like(found: "object") -> StatLike:
    """These fields of an `os.stat_result`."""
    return StatLike(*(getattr(found, name) for name in StatLike._fields))
