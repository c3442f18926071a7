"""Files of the hooks' cache: marshalled values that only their own user wrote.

Rules kept here:

* A file is read only when it is a plain file that this user owns and nobody else may write: marshal
  trusts its input.
* Anything wrong with it (absent, cut short, of another version) reads as None, and is rebuilt.
* Writing is a rename of a complete file, so that readers and other writers never meet a half.
* Large byte strings of a mapping stand behind the rest, as they are, and are read when asked for.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 6  # of what the files hold; grows with every change of it
MAX_BYTES = 64 * 1024 * 1024
LARGE = 16 * 1024  # bytes of a value that stands apart
_SIZE = 8  # bytes of the number at the beginning: how long the marshalled head is

# What must be equal for a file to mean the same: this code, this interpreter, this processor.
STAMP = (FORMAT, sys.implementation.cache_tag, os.uname().machine)


def folder_of(common: str) -> str:
    """This user's cache folder in a common git directory."""
    return os.path.join(common, "orchestrate", f"cache-{os.geteuid()}")


class Parts(dict[str, "Any"]):
    """A mapping from a cache file; what is large is read from there when it is asked for."""

    def __init__(
        self, small: dict[str, Any], places: dict[str, tuple[int, int]], file: int, first: int
    ) -> None:
        super().__init__(small)
        self._places = places  # key -> (offset from the byte `first` of the file, size)
        self._file = file
        self._first = first

    def __missing__(self, key: str) -> bytes:
        offset, size = self._places[key]
        value = self[key] = os.pread(self._file, size, self._first + offset)
        if len(value) != size:
            raise EOFError(f"the cache file ends within {key}")
        return value

    def __del__(self) -> None:
        os.close(self._file)

    def whole(self) -> dict[str, Any]:
        """All of it."""
        return {key: self[key] for key in (*self, *self._places)}


def read(path: str) -> Any:
    """The value in the file at `path`, or None when there is none that can be trusted."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    kept = False
    try:
        about = os.fstat(descriptor)
        if not _is_ours(about) or about.st_size > MAX_BYTES:
            return None
        size = int.from_bytes(os.read(descriptor, _SIZE), "little")
        if size > about.st_size:
            return None
        stamp, value, places = marshal.loads(os.read(descriptor, size))
        first = _SIZE + size
        if stamp != STAMP or sum(long for _, long in places.values()) != about.st_size - first:
            return None
        if places:
            value, kept = Parts(value, places, descriptor, first), True
        return value
    except (ValueError, EOFError, TypeError):
        return None
    finally:
        if not kept:
            os.close(descriptor)


def write(path: str, value: Any) -> None:
    """Put the value at `path`, whole or not at all.

    Raises:
        OSError: the folder cannot be made or written.
    """
    folder = os.path.dirname(path)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    temporary = f"{path}.{os.getpid()}.{os.urandom(4).hex()}"
    descriptor = os.open(
        temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
    )
    try:
        with open(descriptor, "wb") as file:
            file.writelines(_written(value))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _written(value: Any) -> list[bytes]:
    """The pieces of a file that holds the value."""
    if isinstance(value, Parts):
        value = value.whole()
    large: dict[str, bytes] = {}
    if isinstance(value, dict):
        large = {k: v for k, v in value.items() if isinstance(v, bytes) and len(v) >= LARGE}
        value = {k: v for k, v in value.items() if k not in large}
    places, at = {}, 0
    for key, data in large.items():
        places[key] = (at, len(data))
        at += len(data)
    head = marshal.dumps((STAMP, value, places))
    return [len(head).to_bytes(_SIZE, "little"), head, *large.values()]


def _is_ours(about: os.stat_result) -> bool:
    writable_by_others = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not writable_by_others
