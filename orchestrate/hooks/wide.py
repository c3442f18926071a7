"""What `check` looks at beyond the index: the work tree, whole trees, files, all of history."""

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from orchestrate.checks.change import Change, Children, children_of
from orchestrate.checks.reading import (
    GitObjects,
    change_between,
    empty_tree,
    entry_changes,
)
from orchestrate.errors import InvalidInput
from orchestrate.git import changes
from orchestrate.git.process import hook_environment, run_git
from orchestrate.git.types import EXECUTABLE, FILE, SUBMODULE, SYMLINK, EntryChange, Oid, path_text
from orchestrate.hooks.place import Place

DISK = "disk:"  # before the path of a file that is read from the work tree, in a blob id's place

NO_COMMIT = "there is no commit yet"


class WorkTree:
    """Blobs of the repository, and files of the work tree under ids of their own."""

    def __init__(self, objects: GitObjects, top: Path) -> None:
        self._objects = objects
        self._top = os.fsencode(top)

    def read_blob(self, oid: Oid, limit: int | None = None) -> bytes:
        """The first `limit` bytes, or all, of a blob, a file or what a link points to."""
        if not oid.startswith(DISK):
            return self._objects.read_blob(oid, limit)
        path = self._path(oid)
        if stat.S_ISLNK(os.lstat(path).st_mode):
            return os.readlink(path)[:limit]
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as file:
            return file.read(-1 if limit is None else limit)

    def blob_size(self, oid: Oid) -> int:
        """The size in bytes."""
        if not oid.startswith(DISK):
            return self._objects.blob_size(oid)
        return os.lstat(self._path(oid)).st_size

    def _path(self, oid: Oid) -> bytes:
        return os.path.join(self._top, oid[len(DISK) :].encode("utf-8", "surrogateescape"))


def worktree_change(place: Place, paths: Sequence[str] = ()) -> Change:
    """The change from HEAD to the files on disk, untracked ones included, ignored ones not.

    Of `paths` (relative to the place's folder) each file is taken whole, changed or not, with HEAD
    beside them: a link may lead to a file that was not named, a policy is more than one file.

    Raises:
        InvalidInput: no file is at `paths`.
    """
    top = Path(place.folder)
    blobs = WorkTree(place.objects, top)
    if paths:
        names = _listed(top, "--cached", "--others", "--exclude-standard", "--", *paths)
        if not names:
            raise InvalidInput(f"no file of the work tree is at {', '.join(paths)}")
        whole = (_added(top, name) for name in sorted(set(names)))
        return Change(tuple(e for e in whole if e is not None), blobs, _head(place))
    base = place.head or empty_tree(place.objects)
    raw = changes.parse_raw(changes.start_worktree(base, place.folder).read_all())
    entries = [_on_disk(top, entry) for entry in entry_changes(raw)]
    untracked = (_added(top, n) for n in _listed(top, "--others", "--exclude-standard", "--"))
    entries += [entry for entry in untracked if entry is not None]
    return Change(tuple(sorted(entries)), blobs, _head(place))


def _head(place: Place) -> Children:
    """The folders of HEAD: what stands beside the files that are looked at."""
    return children_of(place.objects, place.objects.resolve("HEAD", "tree"))


def _listed(top: Path, *args: str) -> list[str]:
    command = ["--literal-pathspecs", "ls-files", "-z", *args]
    found = run_git(command, cwd=top, env=hook_environment()).stdout
    return [path_text(name) for name in found.split(b"\0")[:-1]]


def _added(top: Path, name: str) -> EntryChange | None:
    mode = _mode(top, name)
    return EntryChange(name, 0, mode, Oid(""), Oid(DISK + name)) if mode else None


def _on_disk(top: Path, entry: EntryChange) -> EntryChange:
    """The entry with what is on disk as its new side; a submodule stays as git says."""
    if SUBMODULE in (entry.old_mode, entry.new_mode):
        return entry
    mode = _mode(top, entry.path)
    return entry._replace(new_mode=mode, new_oid=Oid(DISK + entry.path if mode else ""))


def _mode(top: Path, name: str) -> int:
    try:
        about = os.lstat(os.path.join(os.fsencode(top), name.encode("utf-8", "surrogateescape")))
    except (FileNotFoundError, NotADirectoryError):
        return 0
    if stat.S_ISLNK(about.st_mode):
        return SYMLINK
    if not stat.S_ISREG(about.st_mode):
        return 0
    return EXECUTABLE if about.st_mode & stat.S_IXUSR else FILE


def everything(place: Place) -> Change:
    """The whole of HEAD, as a change from nothing."""
    if place.head is None:
        raise InvalidInput(NO_COMMIT)
    return change_between(place.objects, None, place.head, place.folder, checked_out=True)


def commits(place: Place) -> list[list[Oid]]:
    """Each commit that a branch, tag or HEAD reaches, with its parents behind it, oldest first.

    Raises:
        InvalidInput: there is no commit.
    """
    tips = ("--all", "HEAD") if place.head else ("--all",)
    args = ("rev-list", *tips, "--reverse", "--topo-order", "--parents")
    top = Path(place.folder)
    listed = run_git(args, cwd=top, env=hook_environment()).stdout.decode().splitlines()
    if not listed:
        raise InvalidInput(NO_COMMIT)
    return [[Oid(id) for id in line.split()] for line in listed]


def is_shallow(place: Place) -> bool:
    """Whether the repository holds only the newest commits of its history."""
    args = ("rev-parse", "--is-shallow-repository")
    return run_git(args, cwd=Path(place.folder), env=hook_environment()).stdout == b"true\n"
