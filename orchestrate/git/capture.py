"""Working-tree files as tree entries: their exact bytes, as what they are, or the reason why not.

Rules this file keeps:
- Never through a symbolic link: a path below one does not exist in this working tree.
- A folder with a repository in it is one entry (a gitlink), never its files.
- A file that changes while it is read is read again; one that will not hold still is named.
- Nothing is converted: the blob is the file.
"""

# Paths are bytes here: pathlib has none, and costs more than the work.
# ruff: noqa: PTH115, PTH123

import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from orchestrate.git.process import QUIET, run_git
from orchestrate.git.repository import Repository
from orchestrate.git.types import (
    EXECUTABLE,
    FILE,
    SUBMODULE,
    SYMLINK,
    Oid,
    TreeEntry,
    path_bytes,
)

TRIES = 3  # readings of a file that changes meanwhile
LARGE = 16 * 1024 * 1024  # bytes; larger files go through git, which streams them
TICK = 0.02  # s; a kernel clock may stand still this long, so that a write leaves no trace

Entry = tuple[int, Oid]


class Reading(NamedTuple):
    """What stood at some paths: entries (None for nothing there), and the paths that resisted.

    `unstable` were still changing at the last reading, whose bytes are taken; `unreadable` have no
    entry at all.
    """

    entries: dict[str, Entry | None]
    unstable: tuple[str, ...]
    unreadable: tuple[str, ...]


class FileModes(NamedTuple):
    """What the file system can tell of a file (core.fileMode, core.symlinks)."""

    executable: bool = True
    symlink: bool = True


class WorkTree:
    """The files below one folder; for one pass, since it remembers the folders it saw."""

    def __init__(self, repo: Repository, root: Path, modes: FileModes) -> None:
        self.repo = repo
        self.root = os.fsencode(root)
        self.modes = modes
        self._folders: dict[bytes, bool] = {b"": True}

    def read(self, paths: Iterable[str], base: Oid | None) -> Reading:
        """The entries at `paths`; `base` is the tree that says what could not be told from disk."""
        entries: dict[str, Entry | None] = {}
        unstable: list[str] = []
        unreadable: list[str] = []
        for path in paths:
            try:
                entries[path], steady = self._entry(path, base)
            except OSError:
                unreadable.append(path)
            else:
                if not steady:
                    unstable.append(path)
        return Reading(entries, tuple(unstable), tuple(unreadable))

    def recheck(self, tree: Oid, paths: Iterable[str], since: float) -> Reading:
        """What differs from `tree` among the paths that may have been written after `since`."""
        limit = int((since - TICK) * 1e9)
        suspects = [path for path in paths if self._changed_after(path, limit)]
        found = self.read(suspects, tree)
        known = {path: self.repo.entry(tree, path) for path in found.entries}
        differing = {
            path: entry
            for path, entry in found.entries.items()
            if entry != ((row.mode, row.oid) if (row := known[path]) else None)
        }
        return found._replace(entries=differing)

    def holds(self, path: str, entry: Entry | None, since: float) -> bool:
        """Whether `entry` stands at the path, given that it did at the time `since`.

        Only what may have been written after `since` is read.
        """
        found = self.lstat(path)
        if entry is None:  # a plain folder is nothing that is recorded
            return found is None or (stat.S_ISDIR(found.st_mode) and not self._is_nested(path))
        if found is None:
            return False
        if not self._changed_after(path, int((since - TICK) * 1e9)):
            return True
        read = self.read([path], None)
        now = read.entries.get(path)
        return now == entry and not read.unstable

    def lstat(self, path: str) -> os.stat_result | None:
        """What stands at the path itself; None for nothing, or when its folder is no folder."""
        raw = path_bytes(path)
        if not self._is_folder(raw.rpartition(b"/")[0]):
            return None
        try:
            return os.lstat(self.root + b"/" + raw)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def _is_nested(self, path: str) -> bool:
        return is_repository(self.root + b"/" + path_bytes(path))

    def _is_folder(self, folder: bytes) -> bool:
        known = self._folders.get(folder)
        if known is None:
            known = self._is_folder(folder.rpartition(b"/")[0]) and self._looks_real(folder)
            self._folders[folder] = known
        return known

    def _looks_real(self, folder: bytes) -> bool:
        full = self.root + b"/" + folder
        try:
            return stat.S_ISDIR(os.lstat(full).st_mode) and not is_repository(full)
        except OSError:
            return False

    def _changed_after(self, path: str, limit: int) -> bool:
        found = self.lstat(path)
        return found is None or max(found.st_ctime_ns, found.st_mtime_ns) >= limit

    def _entry(self, path: str, base: Oid | None) -> tuple[Entry | None, bool]:
        """The entry, and whether it held still; None for nothing that git records."""
        found = self.lstat(path)
        if found is None:
            return None, True
        full = self.root + b"/" + path_bytes(path)
        if stat.S_ISLNK(found.st_mode):
            return (SYMLINK, self.repo.write_blob(os.readlink(full))), True
        if stat.S_ISDIR(found.st_mode):
            head = gitlink(full)
            return ((SUBMODULE, head) if head else None), True
        if not stat.S_ISREG(found.st_mode):
            return None, True  # a pipe, socket or device: git does not record it, nor do we
        oid, steady, mode_bits = self._read_file(full)
        return (self._mode(path, mode_bits, base), oid), steady

    def _read_file(self, full: bytes) -> tuple[Oid, bool, int]:
        """The blob, whether two looks agreed on it, and the file's mode bits."""
        for _ in range(TRIES):
            before = os.lstat(full)
            oid, size = self._hash(full, before.st_size)
            after = os.lstat(full)
            if _same(before, after) and size == after.st_size:
                recent = time.time() - max(after.st_ctime, after.st_mtime) < TICK
                if not recent or self._hash(full, after.st_size)[0] == oid:
                    return oid, True, after.st_mode
        return oid, False, after.st_mode

    def _hash(self, full: bytes, size: int) -> tuple[Oid, int]:
        if size > LARGE:
            command = [*QUIET, "hash-object", "-w", "--no-filters", os.fsdecode(full)]
            found = run_git(command, git_dir=self.repo.git_dir)
            return Oid(found.stdout.decode("ascii").strip()), size
        fd = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        with open(fd, "rb", buffering=0) as file:
            data = file.readall()
        return self.repo.write_blob(data), len(data)

    def _mode(self, path: str, bits: int, base: Oid | None) -> int:
        row = None if self.modes == FileModes() or base is None else self.repo.entry(base, path)
        return _mode_of(bits, row, self.modes)


def _mode_of(bits: int, known: TreeEntry | None, modes: FileModes) -> int:
    if known is not None and known.mode == SYMLINK and not modes.symlink:
        return SYMLINK
    if not modes.executable:
        return known.mode if known is not None and known.mode in (FILE, EXECUTABLE) else FILE
    return EXECUTABLE if bits & stat.S_IXUSR else FILE


def _same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_mtime_ns, one.st_ctime_ns, one.st_size, one.st_ino, one.st_mode) == (
        other.st_mtime_ns,
        other.st_ctime_ns,
        other.st_size,
        other.st_ino,
        other.st_mode,
    )


def is_file(found: os.stat_result) -> bool:
    """Whether it is a regular file or a symbolic link."""
    return stat.S_ISREG(found.st_mode) or stat.S_ISLNK(found.st_mode)


def is_repository(folder: bytes) -> bool:
    """Whether the folder is a repository's working tree of its own."""
    return os.path.lexists(folder + b"/.git")


def gitlink(folder: bytes) -> Oid | None:
    """The commit that a nested repository is at; None if it has none, or is no repository."""
    if not is_repository(folder):
        return None
    command = [*QUIET, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"]
    found = run_git(command, cwd=Path(os.fsdecode(folder)), check=False)
    return Oid(found.stdout.decode("ascii").strip()) or None
