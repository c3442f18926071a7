"""Taking checkpoints: the working tree, index, HEAD and branch as one commit on the owner's chain.

Rules this file keeps:
- What is read, and how, is in `reading.py`; nothing of the user's is written.
- The same state twice makes one checkpoint.
"""

import time
from collections.abc import Callable, Sequence

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints.append import NOBODY, Captured, Created, Labels, append, draft, record
from orchestrate.checkpoints.reading import TreeReader
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.checkpoints.state import State
from orchestrate.errors import Unsupported
from orchestrate.git.private_layout import worktree_id
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, Signature

__all__ = ["Created", "Recorder", "create", "record"]


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


class Recorder(TreeReader):
    """Takes checkpoints of one working tree; keep it to take many. Not for several threads.

    Raises (the constructor):
        InvalidInput: a bare repository.
    """

    def __init__(self, repo: Repository, clock: Callable[[], float] = time.time) -> None:
        super().__init__(repo)
        self.clock = clock
        self.who = _identity(repo)
        self._hints: dict[str, int] = {}
        self._known: tuple[State, Oid] | None = None
        self._last: Oid | None = None  # the newest checkpoint of the whole tree made here

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
            found = self.steadily(lambda: self.everything(since, include, self._held()))
            self.private.save()
            return self._append(found, owner, message, kind, since)

    def look(self) -> Created:
        """A checkpoint that no ref holds: what `create` would record now."""
        with self.private.locked():
            since = self.clock()
            found = self.steadily(lambda: self.everything(since, (), self._held()))
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
            return self.captured(
                tree, user, reading.unstable, reading.unreadable, self.dirty(scope), scope
            )

        return self._append(self.steadily(read), owner, message, kind, since)

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
        plain = self.plain(paths, base)
        if plain is None:
            return None

        def read() -> Captured:
            reading = self.files().read(plain, base)
            tree = self.repo.edit_tree(base, reading.entries)
            user = self.user_index()
            dirty = self.dirty() if self.dirty(()) is not None else None
            return self.captured(tree, user, reading.unstable, reading.unreadable, dirty)

        found = self.steadily(read)
        if found.state is None or found.state.index_tree != previous.index_tree:
            return None  # what is tracked although ignored may differ now
        return self._append(found, owner, "", kind, since)

    def _held(self) -> Oid | None:
        """The newest checkpoint's tree, else HEAD's: git keeps all of it."""
        owner = chain.owner_of(self.repo)
        newest = chain.latest(self.repo, owner, self._hints.get(owner, 0))
        return newest.tree if newest else self._head_tree()

    def _head_tree(self) -> Oid | None:
        head = self.repo.head_commit()
        return self.repo.tree_of(head) if head else None

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
