"""Blobs read from the work tree, which is quicker than having git inflate them.

Rules kept here:

* A file is taken for a blob only when the hash of its bytes is the blob's id, and those bytes are
  what is judged. Index, times and attributes are not believed; where line ends or filters make
  other bytes of a blob, git is asked for it.
* What is no regular file is not opened for long: no link is followed at the end of a path, no pipe
  is waited for.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Mapping
from typing import Any

from orchestrate.git.types import Oid, path_bytes

TRIED = 16  # misses after which a quarter of all reads may miss; then the work tree is another one

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# By the length of an id (git's hash-function-transition document).
_HASHES: Mapping[int, Callable[..., Any]] = {40: hashlib.sha1, 64: hashlib.sha256}


class CheckedOut:
    """The files at `top` that may hold some blobs; `paths` says where each would be.

    Files of more than `limit` bytes are left to git.
    """

    def __init__(self, top: str, paths: Mapping[Oid, str], limit: int) -> None:
        self._top = os.fsencode(top)
        self._paths = paths
        self._limit = limit
        self._hits = self._misses = 0

    @property
    def is_useful(self) -> bool:
        """Whether it is worth while to look here: most blobs asked for were there."""
        return self._misses * 4 <= self._hits + TRIED * 4

    def read(self, oid: Oid) -> bytes | None:
        """The blob, or None where its file is not there, holds something else or too much."""
        path = self._paths.get(oid)
        if path is None:
            return None
        data = _bytes_at(b"%s/%s" % (self._top, path_bytes(path)), self._limit)
        if data is None or blob_id(data, len(oid)) != oid:
            self._misses += 1
            return None
        self._hits += 1
        return data


def blob_id(data: bytes, digits: int) -> str:
    """The id that git gives to a blob, in hex: SHA-1 has 40 digits, SHA-256 64."""
    digest = _HASHES[digits](b"blob %d\0" % len(data), usedforsecurity=False)
    digest.update(data)
    return str(digest.hexdigest())


def _bytes_at(path: bytes, limit: int) -> bytes | None:
    """All of a regular file of at most `limit` bytes, or None."""
    try:
        file = os.open(path, _FLAGS)
    except OSError:
        return None
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode) or about.st_size > limit:
            return None
        data = os.read(file, about.st_size + 1)
        return data if len(data) == about.st_size else None
    except OSError:
        return None
    finally:
        os.close(file)
