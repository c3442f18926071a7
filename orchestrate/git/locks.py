"""Who holds a ref's lock file, and clearing one whose holder is provably dead.

Git's lock files do not name their owner. So a writer of ours first notes the refs it is about to
lock in a file of its own, `orchestrate/writers/<name>` in the common directory, on which it holds a
flock as long as it lives (a git it starts inherits it). The kernel drops a flock when the last
holder is gone, whatever killed it. A lock file is abandoned when a dead writer's note names the ref
and the lock file was made within seconds of the note; any other lock file stays, however old.
"""

import fcntl
import os
import secrets
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from orchestrate.git import file_lock

PACKED_REFS = "packed-refs"  # deletions lock this file too
_SLACK = 5.0  # s between a writer's note and the lock file it then makes


class WriterNote:
    """This process's note in one repository; made at the first write, gone with its owner."""

    def __init__(self, common_dir: Path) -> None:
        self._folder = _folder(common_dir)
        self._fd = -1

    @contextmanager
    def naming(self, refs: Sequence[str]) -> Iterator[int]:
        """The note's file descriptor, for a child to inherit, while it names `refs`."""
        if self._fd < 0:
            self._fd = self._create()
        text = "\n".join([f"{time.time()!r} {os.getpid()}", *refs, ""])
        os.pwrite(self._fd, text.encode("utf-8", "surrogateescape"), 0)
        try:
            yield self._fd
        finally:
            os.ftruncate(self._fd, 0)

    def _create(self) -> int:
        self._folder.mkdir(parents=True, exist_ok=True)
        sweep(self._folder)
        while True:
            path = self._folder / secrets.token_hex(8)
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            fcntl.flock(fd, fcntl.LOCK_EX)
            if os.fstat(fd).st_nlink:
                break
            os.close(fd)  # another writer's sweep took it before it was locked
        weakref.finalize(self, _forget, path, fd, os.getpid())
        return fd


def _forget(path: Path, fd: int, pid: int) -> None:
    if os.getpid() == pid:  # a forked child shares the note but does not own it
        path.unlink(missing_ok=True)
    os.close(fd)


def _folder(common_dir: Path) -> Path:
    return common_dir / "orchestrate" / "writers"


class _Note(NamedTuple):
    """A writer's note as read: when it was written, by which process, and the refs it names."""

    path: Path
    time: float
    pid: int
    refs: tuple[str, ...]
    alive: bool


def _notes(folder: Path) -> Iterator[_Note]:
    for path in folder.iterdir() if folder.is_dir() else ():
        with suppress(OSError, ValueError), path.open("rb") as file:  # gone, or no note
            alive = not file_lock.take(file.fileno())
            lines = file.read().decode("utf-8", "surrogateescape").split("\n")
            moment, _, pid = lines[0].partition(" ")
            yield _Note(path, float(moment or 0), int(pid or 0), tuple(lines[1:-1]), alive)


def sweep(folder: Path) -> None:
    """Removes the notes of dead writers that left no lock file behind."""
    common_dir = folder.parent.parent
    for note in _notes(folder):
        if not note.alive and not any(lock_path(common_dir, ref).exists() for ref in note.refs):
            note.path.unlink(missing_ok=True)


def lock_path(common_dir: Path, ref: str) -> Path:
    """Git's lock file for a ref."""
    return common_dir / f"{ref}.lock"


def lock_age(lock: Path) -> float:
    """Seconds since the lock file was made; 0 when there is none."""
    try:
        return max(0.0, time.time() - lock.stat().st_mtime)
    except FileNotFoundError:
        return 0.0


def lock_owner(common_dir: Path, ref: str) -> str:
    """The live writer of ours whose note names the ref, "" if none does."""
    live = (note for note in _notes(_folder(common_dir)) if note.alive and ref in note.refs)
    return next((f"process {note.pid}" for note in live), "")


def clear_abandoned(common_dir: Path, ref: str) -> bool:
    """Whether the ref's lock file was left by a dead writer of ours, and is now removed.

    Clearing is serialised, so that none removes the lock file of the next owner.
    """
    folder = _folder(common_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "clearing.lock").open("a") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        lock = lock_path(common_dir, ref)
        for note in _notes(folder):
            if not note.alive and ref in note.refs and _made_near(lock, note.time):
                lock.unlink(missing_ok=True)
                return True
    return False


def _made_near(lock: Path, moment: float) -> bool:
    try:
        return abs(lock.stat().st_mtime - moment) < _SLACK
    except FileNotFoundError:
        return False
