"""Putting tree entries back into a working tree, and an index in place: each path by one rename.

Rules this file keeps:
- A file is written beside the tree and renamed into place: a reader sees the old or the new.
- Nothing is replaced or removed that is not what the caller says stands there and has saved.
- Never through a symbolic link, never into or over a nested repository.
- The user's index is replaced under git's own lock, and only if it is the one that was read.
"""

# Paths are bytes here: pathlib has none, and costs more than the work.
# ruff: noqa: PTH102, PTH105, PTH106, PTH108, PTH112, PTH114, PTH123, PTH211

import errno
import os
import stat
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrate.errors import Conflict
from orchestrate.git.capture import Entry, WorkTree
from orchestrate.git.repository import Repository
from orchestrate.git.types import EXECUTABLE, SUBMODULE, SYMLINK, EntryChange, path_bytes
from orchestrate.git.user_index import index_key

LOCK_WAIT = 5.0  # s; git itself holds the index's lock for milliseconds
_POLL = 0.01  # s
SETTLED = 2_000_000_000  # ns; more than the coarsest clock that git compares by
TEMPORARY = ".orchestrate-"


class IndexMoved(Conflict):
    """Another git wrote the index meanwhile; nothing was changed."""


class Outcome(NamedTuple):
    """What became of the changes.

    `raced` were not what the caller said stood there, `blocked` could not be put in place, `nested`
    are repositories of their own, which are never touched. None of these was changed.
    """

    done: tuple[str, ...]
    raced: tuple[str, ...]
    blocked: tuple[str, ...]
    nested: tuple[str, ...]


class Restorer:
    """Carries out changes below one working tree. `token` names its temporary files.

    `settled` files get a time two seconds back: an index entry as young as the index is compared by
    content, in whole seconds, where stat data should decide (racy-git.txt).
    """

    def __init__(
        self, repo: Repository, root: Path, files: WorkTree, token: str, *, settled: bool = False
    ) -> None:
        self.repo = repo
        self.root = os.fsencode(root)
        self.files = files
        self.token = token
        self._settled = settled
        staging = repo.git_dir / "orchestrate" / f"staging-{token}"
        staging.mkdir(parents=True, exist_ok=True)
        self._staging = os.fsencode(staging)
        self._count = 0

    def apply(self, changes: Sequence[EntryChange], since: float) -> Outcome:
        """Make each path's new entry true where its old one stands, as it did at time `since`."""
        nested = [change for change in changes if SUBMODULE in (change.old_mode, change.new_mode)]
        plain = [change for change in changes if change not in nested]
        ready, raced = self._standing(plain, since)
        blocked = self._remove([change for change in ready if change.is_deleted])
        blocked += self._write([change for change in ready if not change.is_deleted])
        left = self._link(nested)
        refused = {*blocked, *raced}
        done = tuple(change.path for change in plain if change.path not in refused)
        return Outcome(done, tuple(raced), tuple(blocked), tuple(left))

    def close(self) -> None:
        """Remove the staging folder; it is empty unless something failed."""
        clean_staging(self.repo.git_dir, self.token)

    def _standing(
        self, changes: Iterable[EntryChange], since: float
    ) -> tuple[list[EntryChange], list[str]]:
        """The changes whose old entry stands, and the paths where something else does.

        A path that already has its new entry is neither: an interrupted call left it done.
        """
        ready: list[EntryChange] = []
        raced: list[str] = []
        for change in changes:
            if self.files.holds(change.path, old_entry(change), since):
                ready.append(change)
            elif not self.files.holds(change.path, new_entry(change), since=0):
                raced.append(change.path)
        return ready, raced

    def _remove(self, changes: Iterable[EntryChange]) -> list[str]:
        folders: set[bytes] = set()
        blocked: list[str] = []
        for change in changes:
            path = path_bytes(change.path)
            try:
                os.unlink(self.root + b"/" + path)
            except FileNotFoundError:
                continue
            except OSError:
                blocked.append(change.path)
                continue
            folder = path.rpartition(b"/")[0]
            while folder:
                folders.add(folder)
                folder = folder.rpartition(b"/")[0]
        for folder in sorted(folders, key=len, reverse=True):
            try:
                os.rmdir(self.root + b"/" + folder)
            except OSError:  # something is still in it
                continue
        return blocked

    def _write(self, changes: Sequence[EntryChange]) -> list[str]:
        blocked: list[str] = []
        for change in changes:
            try:
                self._put(change)
            except OSError:
                blocked.append(change.path)
        return blocked

    def _put(self, change: EntryChange) -> None:
        target = self.root + b"/" + path_bytes(change.path)
        folder = target.rpartition(b"/")[0]
        self._make_folder(folder)
        temporary = self._temporary(self._staging)
        self._fill(temporary, target, change)
        if os.path.isdir(target) and not os.path.islink(target):
            os.rmdir(target)  # only an empty one goes
        try:
            os.replace(temporary, target)
        except OSError as error:
            os.unlink(temporary)
            if error.errno != errno.EXDEV:  # the git directory is on another file system
                raise
            temporary = self._temporary(folder)
            self._fill(temporary, target, change)
            os.replace(temporary, target)

    def _make_folder(self, folder: bytes) -> None:
        """The folder, made where it is missing.

        Raises:
            OSError: something that is no folder is in the way, a symbolic link for one.
        """
        at = self.root
        for part in folder[len(self.root) :].split(b"/"):
            at += b"/" + part if part else b""
            try:
                found = os.lstat(at)
            except FileNotFoundError:
                os.mkdir(at)
                continue
            if not stat.S_ISDIR(found.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, "not a folder", os.fsdecode(at))

    def _temporary(self, folder: bytes) -> bytes:
        self._count += 1
        return folder + b"/" + f"{TEMPORARY}{self.token}-{self._count}".encode()

    def _fill(self, temporary: bytes, target: bytes, change: EntryChange) -> None:
        """The new content under its temporary name, with the permissions that the old file had."""
        data = self.repo.read_blob(change.new_oid)
        if change.new_mode == SYMLINK:
            os.symlink(data, temporary)
            return
        bits = 0o777 if change.new_mode == EXECUTABLE else 0o666
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, bits)
        with open(fd, "wb", buffering=0) as file:
            view = memoryview(data)
            while view:
                view = view[file.write(view) :]
            if self._settled:
                when = time.time_ns() - SETTLED
                os.utime(file.fileno(), ns=(when, when))
            kept = _permissions(target, change.new_mode == EXECUTABLE)
            if kept is not None:
                os.fchmod(file.fileno(), kept)

    def _link(self, changes: Iterable[EntryChange]) -> list[str]:
        """The nested repositories that are not at the commit they were recorded with."""
        left: list[str] = []
        for change in changes:
            target = self.root + b"/" + path_bytes(change.path)
            if change.new_mode == SUBMODULE and not os.path.lexists(target):
                self._make_folder(target)
            left.append(change.path)
        return left


def old_entry(change: EntryChange) -> Entry | None:
    """What the change replaces."""
    return (change.old_mode, change.old_oid) if change.old_mode else None


def new_entry(change: EntryChange) -> Entry | None:
    """What the change puts there."""
    return (change.new_mode, change.new_oid) if change.new_mode else None


def _permissions(target: bytes, executable: bool) -> int | None:
    """The permissions of the regular file at `target`, with the execute bits as wanted."""
    try:
        found = os.lstat(target)
    except OSError:
        return None
    if not stat.S_ISREG(found.st_mode):
        return None
    readable = found.st_mode & 0o444
    bits = found.st_mode & 0o777
    return bits | readable >> 2 if executable else bits & ~0o111


def clean_staging(git_dir: Path, token: str, folders: Iterable[Path] = ()) -> None:
    """Remove the temporary files of `token`, from the staging folder and from `folders`."""
    staging = git_dir / "orchestrate" / f"staging-{token}"
    for folder in (staging, *folders):
        for left in folder.glob(f"{TEMPORARY}{token}-*"):
            left.unlink(missing_ok=True)
    if staging.is_dir():
        staging.rmdir()


def write_index(git_dir: Path, data: bytes, expected: tuple[int, ...], token: str) -> None:
    """Replace the user's index, under git's lock.

    Raises:
        IndexMoved: it is not the one with the key `expected`.
        Conflict: its lock does not come free.
    """
    draft = git_dir / "orchestrate" / f"index-{token}"
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(data)
    lock = git_dir / "index.lock"
    _take(lock, draft)
    try:
        if index_key(git_dir / "index") != expected:
            raise IndexMoved("the index changed while it was being restored", hint="try again")
        lock.rename(git_dir / "index")
    except BaseException:
        lock.unlink(missing_ok=True)
        raise
    finally:
        draft.unlink(missing_ok=True)


def _take(lock: Path, draft: Path) -> None:
    end = time.monotonic() + LOCK_WAIT
    while True:
        try:
            # The lock is a second name of the draft: whose lock it is shows after a crash.
            os.link(draft, lock)
        except FileExistsError:
            if time.monotonic() > end:
                draft.unlink()
                raise Conflict(
                    f"{lock} exists: another git process works on the index",
                    hint="try again when it has ended",
                ) from None
            time.sleep(_POLL)
        else:
            return


def free_index(git_dir: Path, token: str) -> None:
    """Remove the index lock that an interrupted `write_index` of this token left behind."""
    draft, lock = git_dir / "orchestrate" / f"index-{token}", git_dir / "index.lock"
    try:
        if lock.samefile(draft):
            lock.unlink()
    except FileNotFoundError:
        pass
    draft.unlink(missing_ok=True)
