"""Taking checkpoints: the working tree, index, HEAD and branch as one commit on the owner's chain.

Rules this file keeps:
- Nothing of the user's is written: not the index, not a file, no lock that git would wait for.
- What changed while it was read is read again; what still changes is named in the checkpoint.
- The same state twice makes one checkpoint.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints.append import NOBODY, Captured, Created, Labels, append, draft, record
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.checkpoints.state import State
from orchestrate.errors import Conflict, Unsupported
from orchestrate.git.capture import Entry, FileModes, Reading, WorkTree, is_file
from orchestrate.git.errors import ObjectMissing
from orchestrate.git.index_file import SKIP_WORKTREE
from orchestrate.git.private_index import FOLD_AT, PrivateIndex, Scan
from orchestrate.git.private_layout import worktree_id
from orchestrate.git.process import GitFailed
from orchestrate.git.progress import read_progress
from orchestrate.git.repository import Repository
from orchestrate.git.types import SUBMODULE, Oid, Signature
from orchestrate.git.user_index import (
    UserIndex,
    has_attributes,
    index_key,
    is_true,
    read_settings,
    read_user_index,
    stat_dirty,
)
from orchestrate.git.user_tree import work_tree_of

__all__ = ["Created", "Recorder", "create", "record"]

TRIES = 3  # captures begun anew because HEAD or the index moved meanwhile


def create(
    repo: Repository,
    *,
    owner: str | None = None,
    message: str = "",
    kind: Kind = Kind.MANUAL,
    include: Sequence[str] = (),
) -> Created:
    """A checkpoint of the repository's working tree, never amid a rollback.

    Raises: as `Recorder` and `Recorder.create`.
    """
    with journal.alone(repo.git_dir, shared=True):
        return Recorder(repo).create(owner=owner, message=message, kind=kind, include=include)


class Recorder:
    """Takes checkpoints of one working tree; keep it to take many. Not for several threads.

    Raises (the constructor):
        InvalidInput: a bare repository.
    """

    def __init__(self, repo: Repository, clock: Callable[[], float] = time.time) -> None:
        self.work_tree = Path(str(work_tree_of(repo)).rstrip("/"))
        self.repo = repo
        self.clock = clock
        self.settings = read_settings(repo, self.work_tree)
        self.private = PrivateIndex(repo, self.work_tree, self.settings)
        self._hints: dict[str, int] = {}
        self._known: tuple[State, Oid] | None = None
        self._last: Oid | None = None  # the newest checkpoint of the whole tree made here
        self.who = _identity(repo)
        self._has_attributes = has_attributes(repo, self.work_tree, self.settings)

    def create(
        self,
        *,
        owner: str | None = None,
        message: str = "",
        kind: Kind = Kind.MANUAL,
        include: Sequence[str] = (),
    ) -> Created:
        """A checkpoint of everything, or the newest one if nothing changed since.

        `include` names ignored files and folders to record as well.

        Raises:
            Unsupported: a split or sparse index.
            Conflict: HEAD and the index would not hold still.
        """
        with self.private.locked():
            since = self.clock()
            found = self._steadily(lambda: self._everything(since, include))
            self.private.save()
            return self._append(found, owner, message, kind, since)

    def look(self) -> Created:
        """A checkpoint that no ref holds: what `create` would record now."""
        with self.private.locked():
            since = self.clock()
            found = self._steadily(lambda: self._everything(since, ()))
            self.private.save()
            return Created(self._draft(found), False, since)

    def create_for(
        self, paths: Sequence[str], *, owner: str | None = None, message: str = "", kind: Kind
    ) -> Created:
        """A checkpoint of these files only, on top of the newest one; the rest costs nothing."""
        since = self.clock()
        owner = owner or chain.owner_of(self.repo)
        previous = chain.latest(self.repo, owner, self._hints.get(owner, 0))
        base = previous.tree if previous else self._head_tree()

        def read() -> Captured:
            reading = self.files().read(paths, base)
            tree = self.repo.edit_tree(base, reading.entries)
            user, scope = self.user_index(), tuple(sorted(paths))
            return self._captured(
                tree, user, reading.unstable, reading.unreadable, self.dirty(scope), scope
            )

        return self._append(self._steadily(read), owner, message, kind, since)

    def create_changed(
        self, paths: Sequence[str], *, owner: str | None = None, kind: Kind = Kind.WATCH
    ) -> Created | None:
        """A checkpoint of everything, given that only these paths changed since the newest one.

        None when that cannot be known from here: take a whole one then.
        """
        since = self.clock()
        owner = owner or chain.owner_of(self.repo)
        previous = chain.latest(self.repo, owner, self._hints.get(owner, 0))
        if previous is None or previous.oid != self._last or previous.unrecorded:
            return None
        base = previous.tree
        plain = self._plain(paths, base)
        if plain is None:
            return None

        def read() -> Captured:
            reading = self.files().read(plain, base)
            tree = self.repo.edit_tree(base, reading.entries)
            user = self.user_index()
            dirty = self.dirty() if self.dirty(()) is not None else None
            return self._captured(tree, user, reading.unstable, reading.unreadable, dirty)

        found = self._steadily(read)
        if found.state is None or found.state.index_tree != previous.index_tree:
            return None  # what is tracked although ignored may differ now
        return self._append(found, owner, "", kind, since)

    # Reading.

    def _steadily(self, read: Callable[[], Captured]) -> Captured:
        """What `read` returns when HEAD and the index were the same before and after."""
        for _ in range(TRIES):
            before = self._moving()
            found = read()
            if self._moving() == before:
                return found
        raise Conflict(
            "HEAD or the index changed each time while the working tree was read",
            hint="another git command runs in a loop here; try again when it has ended",
        )

    def _moving(self) -> tuple[object, ...]:
        index = index_key(self.repo.git_dir / "index")
        return self.repo.head_branch(), self.repo.head_commit(), index

    def _everything(self, since: float, include: Sequence[str]) -> Captured:
        user = self.user_index()
        try:
            return self._look(user, since, include)
        except ObjectMissing:  # a gc took what only our cache held: begin anew
            self.private.forget()
            return self._look(self.user_index(), since, include)

    def _look(self, user: UserIndex, since: float, include: Sequence[str]) -> Captured:
        scan = self.private.scan(user)
        files = self.files()
        tree, reading = self._read_scan(scan, files, since)
        if include:
            extra = files.read(self.private.including(include), tree)
            tree = self.repo.edit_tree(tree, extra.entries)
            reading = _joined(reading, extra)
        empty = [path for path in scan.nested if reading.entries.get(path) is None]
        self._check_objects(tree)
        unrecorded = (*reading.unreadable, *empty)
        return self._captured(tree, user, reading.unstable, unrecorded, self.dirty())

    def _read_scan(self, scan: Scan, files: WorkTree, since: float) -> tuple[Oid, Reading]:
        """The working tree as a tree, and how its changed paths were read."""
        base, changed = scan.base, scan.changed
        if len(changed) + len(scan.gone) >= FOLD_AT:
            try:
                base = self.private.fold(changed, scan.gone)
            except GitFailed:  # a path that git cannot read: ours names it and goes on
                pass
            else:
                reading = files.recheck(base, changed, since)
                nested = files.read(scan.nested, base)
                reading = _joined(reading, nested)
                return self.repo.edit_tree(base, _present(reading.entries, nested)), reading
        reading = _joined(files.read(changed, base), files.read(scan.nested, base))
        edits = dict.fromkeys(scan.gone) | reading.entries
        return self.repo.edit_tree(base, edits), reading

    def _captured(
        self,
        tree: Oid,
        user: UserIndex,
        unstable: Sequence[str],
        unrecorded: Sequence[str],
        dirty: dict[str, int] | None,
        scope: tuple[str, ...] | None = None,
    ) -> Captured:
        progress = read_progress(self.repo.git_dir)
        absent = self._absent(user)
        state = State(user.tree, user.specials, dirty, absent, progress)
        return Captured(
            tree,
            state,
            self.repo.head_commit(),
            self.repo.head_branch(),
            tuple(sorted(unstable)),
            tuple(sorted(unrecorded)),
            scope,
        )

    def _absent(self, user: UserIndex) -> tuple[str, ...]:
        """The paths that git is told not to look at and that do not stand there."""
        skipped = [row.path for row in user.specials if row.flags & SKIP_WORKTREE]
        if is_true(self.settings, "core.sparsecheckout", "false"):
            return tuple(skipped)  # git drops the flag of those that stand
        files = self.files()
        return tuple(path for path in skipped if files.lstat(path) is None)

    def dirty(self, paths: Sequence[str] | None = None) -> dict[str, int] | None:
        """What `State.dirty` says, of all paths or of these."""
        if not (self.private.may_convert or self._has_attributes):
            return None
        if paths is not None and not paths:
            return {}
        return stat_dirty(self.repo, self.work_tree, paths or ())

    def _check_objects(self, tree: Oid) -> None:
        """Nothing when all of the tree is in the repository.

        What the newest checkpoint shares with it is: a ref holds that. Raises: ObjectMissing.
        """
        owner = chain.owner_of(self.repo)
        newest = chain.latest(self.repo, owner, self._hints.get(owner, 0))
        base = newest.tree if newest else self._head_tree()
        for change in self.repo.diff(base, tree):
            if change.new_mode not in (0, SUBMODULE) and not self.repo.exists(change.new_oid):
                raise ObjectMissing(change.new_oid, "blob")

    def _plain(self, paths: Sequence[str], base: Oid) -> list[str] | None:
        """Those of the paths that git does not ignore; None if one needs a look at everything.

        That is a folder, a rule of git's own, or something in a nested repository.
        """
        files = self.files()
        plain: list[str] = []
        unknown: list[str] = []
        for path in paths:
            name = path.rpartition("/")[2]
            found = files.lstat(path)
            is_rule = name in (".gitignore", ".gitattributes") or ".git" in path.split("/")
            if is_rule or (found is not None and not is_file(found)):
                return None
            is_new = found is not None and self.repo.entry(base, path) is None
            (unknown if is_new else plain).append(path)
        ignored = self.private.ignored(unknown)
        return plain + [path for path in unknown if path not in ignored]

    def user_index(self) -> UserIndex:
        """The user's index as it is now. Raises: Unsupported."""
        return read_user_index(self.repo, self.private.folder)

    def _head_tree(self) -> Oid | None:
        head = self.repo.head_commit()
        return self.repo.tree_of(head) if head else None

    def files(self) -> WorkTree:
        """The files on disk as entries; for one pass, since it remembers the folders it saw."""
        modes = FileModes(
            is_true(self.settings, "core.filemode", "true"),
            is_true(self.settings, "core.symlinks", "true"),
        )
        return WorkTree(self.repo, self.work_tree, modes)

    # Writing.

    def _append(
        self, found: Captured, owner: str | None, message: str, kind: Kind, since: float
    ) -> Created:
        labels = self._labels(owner, message, kind)
        created = append(self.repo, labels, found, since)
        self._hints[labels.owner] = created.checkpoint.number
        self._last = created.checkpoint.oid if created.checkpoint.scope is None else None
        if found.state is not None and created.checkpoint.state is not None:
            self._known = (found.state, created.checkpoint.state)
        return created

    def _draft(self, found: Captured) -> Checkpoint:
        labels = self._labels(None, "", Kind.MANUAL)
        previous = chain.latest(self.repo, labels.owner)
        return draft(self.repo, labels, found, previous, Signature(*self.who, int(self.clock())))

    def _labels(self, owner: str | None, message: str, kind: Kind) -> Labels:
        owner = owner or chain.owner_of(self.repo)
        hint = self._hints.get(owner, 0)
        return Labels(owner, message, kind, worktree_id(self.repo), hint, self.who, self._known)


def _identity(repo: Repository) -> tuple[str, str]:
    try:
        return repo.identity()
    except Unsupported:
        return NOBODY


def _joined(one: Reading, other: Reading) -> Reading:
    return Reading(
        one.entries | other.entries,
        (*one.unstable, *other.unstable),
        (*one.unreadable, *other.unreadable),
    )


def _present(entries: Mapping[str, Entry | None], nested: Reading) -> dict[str, Entry | None]:
    """The entries without nested repositories that have no commit: there is nothing to remove."""
    return {
        path: entry
        for path, entry in entries.items()
        if entry is not None or path not in nested.entries
    }
