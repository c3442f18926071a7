"""Files of the hooks' cache: marshalled values that only their own user wrote.

Rules kept here:

* A file is read only when it is a plain file that this user owns and nobody else may write: marshal
  trusts its input.
* Anything wrong with it (absent, cut short, of another version) reads as None, and is rebuilt.
* Writing is a rename of a complete file, so that readers and other writers never meet a half.
"""

from __future__ import annotations

import marshal
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FORMAT = 2  # of what the files hold; grows with every change of it
MAX_BYTES = 64 * 1024 * 1024

# What must be equal for a file to mean the same: this code, this interpreter, this processor.
STAMP = (FORMAT, sys.implementation.cache_tag, os.uname().machine)


def folder_of(common: str) -> str:
    """This user's cache folder in a common git directory."""
    return os.path.join(common, "orchestrate", f"cache-{os.geteuid()}")


def read(path: str) -> Any:
    """The value in the file at `path`, or None when there is none that can be trusted."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        about = os.fstat(descriptor)
        if not _is_ours(about) or about.st_size > MAX_BYTES:
            return None
        data = _all(descriptor, about.st_size)
    finally:
        os.close(descriptor)
    try:
        stamp, value = marshal.loads(data)
    except (ValueError, EOFError, TypeError):
        return None
    return value if stamp == STAMP else None


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
            file.write(marshal.dumps((STAMP, value)))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _is_ours(about: os.stat_result) -> bool:
    writable_by_others = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not writable_by_others


def _all(descriptor: int, size: int) -> bytes:
    parts = []
    while part := os.read(descriptor, max(size, 1 << 16)):
        parts.append(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
