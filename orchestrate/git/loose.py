"""Objects read from the files of their own that git first writes them to, without a process.

What was just staged stands there. Rules kept here:

* What is not there, or in any way odd (large, broken, of another kind), is asked of git: it decides
  what the object is, or that there is none.
* As in git, the name of an object is trusted to be that of its content.
"""

from __future__ import annotations

import os
import zlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestrate.git.changes import Objects

MAX_FILE = 1 << 17  # bytes of a file that is read here: a read of a pipe's size, and no more
MAX_HEAD = 32  # bytes of `blob 123\0`
AT_ONCE = 100  # objects held


class LooseFirst:
    """Contents of objects as `Objects` gives them; most come from their files."""

    def __init__(self, store: str, objects: Objects) -> None:
        """`store` is the folder of objects."""
        self._store = store
        self._objects = objects

    def for_child(self) -> LooseFirst:
        """The same for a process that was split off."""
        return LooseFirst(self._store, self._objects.for_child())

    def contents(self, names: Sequence[str]) -> Iterator[tuple[str, str, bytes] | None]:
        """(id, kind, content) of each object in order, None where there is none."""
        for at in range(0, len(names), AT_ONCE):
            part = names[at : at + AT_ONCE]
            found = [self._read(name) for name in part]
            others = [name for name, data in zip(part, found, strict=True) if data is None]
            asked = self._objects.contents(others)
            for name, data in zip(part, found, strict=True):
                yield next(asked) if data is None else (name, "blob", data)

    def _read(self, name: str) -> bytes | None:
        return None if ":" in name else read_blob(self._store, name, self._objects.most)


def read_blob(store: str, oid: str, most: int) -> bytes | None:
    """The content of a blob of at most `most` bytes that has a file of its own, or None."""
    try:
        file = os.open(f"{store}/{oid[:2]}/{oid[2:]}", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            packed = os.read(file, MAX_FILE)
        finally:
            os.close(file)
    except (OSError, ValueError):
        return None
    inflating = zlib.decompressobj()
    try:
        text = inflating.decompress(packed, most + MAX_HEAD)
    except zlib.error:
        return None
    end = text.find(b"\0", 0, MAX_HEAD)
    if not inflating.eof or text[:end] != b"blob %d" % (len(text) - end - 1):
        return None
    return text[end + 1 :]
