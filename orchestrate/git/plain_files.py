"""Files below a work tree, read and written without ever following a symlink.

Every folder on the way is opened by name inside the one above it, so that nobody who can write to
the tree can point us out of it, not even between a look and a write. A write is whole or it is not:
the new text is written beside the old one and renamed over it, with the old one's permissions.
"""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrate.errors import InvalidInput

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a pipe must not stall us
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOT_PLAIN = (errno.ELOOP, errno.ENOTDIR, errno.EISDIR, errno.EMLINK, errno.ENXIO)
_MAX = 64 * 1024 * 1024  # bytes; nothing that people write by hand is larger


class PlainFiles:
    """Paths are relative to `top`, with `/` between names."""

    def __init__(self, top: Path) -> None:
        self.top = top

    def read(self, path: str) -> bytes | None:
        """The bytes of the file, or None when there is none.

        Raises:
            InvalidInput: it is not a plain file, or a folder on the way is none.
        """
        try:
            with self._folder(path, make=False) as folder:
                number = os.open(_name(path), _READ, dir_fd=folder)
                with os.fdopen(number, "rb") as file:
                    return file.read(_MAX)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _refusal(path, error) from None

    def write(self, path: str, data: bytes) -> None:
        """Make the file hold `data`, and the folders on the way where they are missing.

        Raises:
            InvalidInput: something on the way is a symlink or no folder, or cannot be written.
        """
        temporary = f".{_name(path)}.{os.getpid()}.part"
        try:
            with self._folder(path, make=True) as folder:
                try:
                    _write_new(temporary, data, folder, _mode(_name(path), folder))
                    os.rename(temporary, _name(path), src_dir_fd=folder, dst_dir_fd=folder)
                except OSError:
                    _remove(temporary, folder)
                    raise
        except OSError as error:
            raise _refusal(path, error) from None

    def remove(self, path: str) -> None:
        """Take the file away, and the folders on the way that are empty then.

        Raises:
            InvalidInput: a folder on the way is a symlink, or it cannot be removed.
        """
        try:
            with self._folder(path, make=False) as folder:
                os.unlink(_name(path), dir_fd=folder)
            while "/" in path:
                path = path.rpartition("/")[0]
                with self._folder(path, make=False) as folder:
                    os.rmdir(_name(path), dir_fd=folder)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT):
                raise _refusal(path, error) from None

    @contextmanager
    def _folder(self, path: str, *, make: bool) -> Iterator[int]:
        """The open folder that the file stands in."""
        number = os.open(self.top, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in path.split("/")[:-1]:
                if make:
                    _make(name, number)
                below = os.open(name, _FOLDER, dir_fd=number)
                os.close(number)
                number = below
            yield number
        finally:
            os.close(number)


def _name(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _make(name: str, folder: int) -> None:
    try:
        os.mkdir(name, dir_fd=folder)
    except FileExistsError:
        pass  # a folder, or something that opening it as a folder refuses


def _mode(name: str, folder: int) -> int | None:
    """The permissions of the file that is there, None when there is none."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode & 0o777
    except FileNotFoundError:
        return None


def _write_new(name: str, data: bytes, folder: int, mode: int | None) -> None:
    created = 0o666 if mode is None else 0o600
    with os.fdopen(os.open(name, _NEW, created, dir_fd=folder), "wb") as file:
        if mode is not None:
            os.fchmod(file.fileno(), mode)
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _remove(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except OSError:
        pass  # it was never made; the first error is the one to tell


def _refusal(path: str, error: OSError) -> InvalidInput:
    if error.errno in _NOT_PLAIN:
        return InvalidInput(
            f"{path}: a symlink, or not what it should be, stands at this place",
            hint="only plain files in plain folders of the repository are written; move it away",
        )
    return InvalidInput(f"{path}: {error.strerror}")
