"""Reading refs, and the one verb that moves them: compare old values under git's locks, then swap.

One ref that is made or moved goes through libgit2's transaction in this process: the lock file is
the one git uses, and the old value is read while it is held. Several refs, or a deletion, go
through one `git update-ref` transaction: libgit2 writes the new values one after the other while it
commits, so a full disk half way would leave some moved; git writes all values into the lock files
before it renames any. Either way a crash between two renames can leave the first moved: put first
what can be repaired from. Hooks of the repository do not run for these moves.
"""

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import ReferenceType

from orchestrate.errors import OrchestrateError
from orchestrate.git.errors import ObjectMissing, RefLocked, RefMoved, RefNameTaken
from orchestrate.git.locks import (
    PACKED_REFS,
    WriterNote,
    clear_abandoned,
    lock_age,
    lock_owner,
    lock_path,
)
from orchestrate.git.names import check_ref_name, is_oid
from orchestrate.git.process import QUIET, run_git
from orchestrate.git.retry import retry
from orchestrate.git.types import Oid, RefUpdate, path_bytes, path_text

_UNDECODABLE = re.compile("[\udc80-\udcff]")  # see `types.path_text`
LOGGED = ("refs/heads/", "refs/remotes/", "refs/notes/")  # git keeps a reflog of these
LOCK_PATIENCE = 1.0  # s that a lock file may stay before RefLocked reaches the caller
LOCK_SUSPECT = 0.1  # s after which a lock's owner is looked for


def read_ref(handle: pygit2.Repository, name: str) -> Oid | None:
    """The id the ref holds, through symbolic refs; None if there is no such ref.

    Raises:
        OrchestrateError: the ref's file is damaged, as a power cut can leave it.
    """
    found = _lookup(handle, name)
    if found is None:
        return None
    try:
        target = found.target if found.type == ReferenceType.DIRECT else found.resolve().target
    except KeyError:  # symbolic, of a branch that has no commit yet
        return None
    return Oid(str(target))


def _lookup(handle: pygit2.Repository, name: str) -> pygit2.Reference | None:
    try:
        return handle.references.get(name)
    except pygit2.GitError as error:
        raise OrchestrateError(
            f"the ref {name} cannot be read: {error}", hint="`git fsck` and the reflog tell more"
        ) from None


def list_refs(handle: pygit2.Repository, common_dir: Path, prefix: str) -> dict[str, Oid]:
    """Every ref whose name begins with `prefix`, with its id, sorted by name.

    libgit2 can only walk all refs there are; this looks at the prefix's folder and the packed file.
    Names that are not UTF-8 are left out: pygit2 cannot read them, and none of ours is.
    """
    names = _loose_names(common_dir, prefix)  # first: a ref being packed is seen in either
    start = b" " + path_bytes(prefix)
    for line in _packed_lines(common_dir, start):
        names.add(path_text(line.partition(b" ")[2]))
    readable = sorted(name for name in names if not _UNDECODABLE.search(name))
    found = ((name, read_ref(handle, name)) for name in readable)
    return {name: oid for name, oid in found if oid is not None}


def _loose_names(common_dir: Path, prefix: str) -> set[str]:
    names: set[str] = set()
    for folder, _, files in os.walk(common_dir / prefix.rpartition("/")[0]):
        at = os.path.relpath(folder, common_dir)
        names.update(f"{at}/{file}" for file in files if not file.endswith(".lock"))
    return {name for name in names if name.startswith(prefix)}


def _packed_lines(common_dir: Path, holding: bytes) -> Iterator[bytes]:
    """The lines of the packed-refs file that hold those bytes; the file can have 100,000 others."""
    try:
        packed = (common_dir / "packed-refs").read_bytes()
    except FileNotFoundError:
        return
    at = packed.find(holding)
    while at >= 0:
        end = packed.find(b"\n", at)
        yield packed[packed.rfind(b"\n", 0, at) + 1 : end]
        at = packed.find(holding, end)


def swap_refs(
    handle: pygit2.Repository,
    common_dir: Path,
    note: WriterNote,
    updates: Sequence[RefUpdate],
    message: str,
) -> None:
    """Moves all the refs or none; `message` goes to the reflogs that git keeps.

    Raises:
        RefMoved: a ref does not have the expected value.
        RefLocked: a lock file stayed for `LOCK_PATIENCE` seconds.
        RefNameTaken: a new ref's name collides with another ref's folder.
        ObjectMissing: a new value is not in the repository.
        InvalidInput: a name is no ref name.
    """
    for update in updates:
        check_ref_name(update.name)
        if update.new is not None and not (is_oid(update.new) and handle.odb.exists(update.new)):
            raise ObjectMissing(update.new)
    if not updates:
        return
    one = len(updates) == 1 and updates[0].new is not None
    swap = _swap_one if one else _swap_many

    def once() -> None:
        try:
            swap(handle, common_dir, note, updates, message)
        except RefLocked as locked:
            if locked.age > LOCK_SUSPECT:
                clear_abandoned(common_dir, locked.name)
            raise

    retry(once, on=(RefLocked,), deadline_sec=LOCK_PATIENCE)


def _swap_one(
    handle: pygit2.Repository,
    common_dir: Path,
    note: WriterNote,
    updates: Sequence[RefUpdate],
    message: str,
) -> None:
    update = updates[0]
    _compare(handle, update)  # most races are lost before this point: no lock needed to see it
    name = _real_name(handle, update.name)
    try:
        with note.naming([name]), handle.transaction() as transaction:
            transaction.lock_ref(name)
            _compare(handle, update)
            if update.old is None:
                _check_room(handle, common_dir, name)
            transaction.set_target(name, update.new or "", None, message or None)
    except (pygit2.GitError, OSError) as error:
        raise _why(str(error), handle, common_dir, updates) from None


def _real_name(handle: pygit2.Repository, name: str) -> str:
    """The ref that a symbolic ref stands for; any other name itself."""
    found = _lookup(handle, name)
    return name if found is None else found.resolve().name


def _compare(handle: pygit2.Repository, update: RefUpdate) -> None:
    actual = read_ref(handle, update.name)
    if actual != update.old:
        raise RefMoved(update.name, update.old, actual)


def _check_room(handle: pygit2.Repository, common_dir: Path, name: str) -> None:
    """Looks for a ref that is a folder of `name` or below it; libgit2 overlooks packed ones."""
    parts = name.split("/")
    for count in range(2, len(parts)):
        above = "/".join(parts[:count])
        if _lookup(handle, above) is not None:
            raise RefNameTaken(name, above)
    for below in list_refs(handle, common_dir, name + "/"):
        raise RefNameTaken(name, below)


def _swap_many(
    handle: pygit2.Repository,
    common_dir: Path,
    note: WriterNote,
    updates: Sequence[RefUpdate],
    message: str,
) -> None:
    # A name missing from the configuration must not keep the reflog from being written.
    args = [*QUIET, "-c", "user.useConfigOnly=false", "update-ref", "--stdin", "-z"]
    args += ["-m", message] if message else []
    lines = b"".join(path_bytes(_instruction(update)) for update in updates)
    names = [update.name for update in updates]
    with note.naming([*names, PACKED_REFS]) as alive:
        done = run_git(
            args,
            git_dir=common_dir,
            input=b"start\0" + lines + b"prepare\0commit\0",
            check=False,
            keep_fd=alive,
        )
    if done.code != 0:
        raise _why(done.stderr, handle, common_dir, updates)


def _instruction(update: RefUpdate) -> str:
    """One line of git-update-ref(1) --stdin -z."""
    name, new, old = update
    if new is None:
        return f"delete {name}\0{old}\0" if old else f"verify {name}\0\0"
    return f"update {name}\0{new}\0{old}\0" if old else f"create {name}\0{new}\0"


_LOCK_FILE = re.compile(r"'([^'\n]*)\.lock'")
_REF = re.compile(r"cannot lock ref '([^'\n]*)'")
_TAKEN = re.compile(r"'([^'\n]*)' exists; cannot create '([^'\n]*)'")
_CHANGED = ("but expected", "reference already exists", "unable to resolve reference")


def _why(
    said: str, handle: pygit2.Repository, common_dir: Path, updates: Sequence[RefUpdate]
) -> OrchestrateError:
    """What git's or libgit2's complaint about a swap means."""
    if taken := _TAKEN.search(said):
        return RefNameTaken(taken[2], taken[1])
    for update in updates:
        actual = read_ref(handle, update.name)
        if actual != update.old:
            return RefMoved(update.name, update.old, actual)
    if "File exists" in said or "failed to lock file" in said:
        return _locked(said, common_dir, updates)
    if any(sign in said for sign in _CHANGED):  # it moved and moved back while we looked
        ref = _REF.search(said)
        update = next((u for u in updates if ref and u.name == ref[1]), updates[0])
        return RefMoved(update.name, update.old, update.old)
    for update in updates:
        if update.old is None:
            _check_room(handle, common_dir, update.name)
    names = ", ".join(update.name for update in updates)
    return OrchestrateError(f"{names} could not be moved: {said.strip()}")


def _locked(said: str, common_dir: Path, updates: Sequence[RefUpdate]) -> RefLocked:
    file = _LOCK_FILE.search(said)
    name = os.path.relpath(file[1], common_dir.resolve()) if file else updates[0].name
    lock = lock_path(common_dir, name)
    return RefLocked(name, lock, lock_age(lock), lock_owner(common_dir, name))
