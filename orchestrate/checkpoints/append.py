"""Putting what was read on its owner's chain, as a new checkpoint or as the newest one again.

A ref is created only where none is: two captures at once get two numbers.
"""

import time
from typing import NamedTuple

from orchestrate.checkpoints import chain
from orchestrate.checkpoints.record import Checkpoint, Kind, to_message
from orchestrate.checkpoints.state import State, write_state
from orchestrate.git.errors import RefMoved
from orchestrate.git.repository import Repository
from orchestrate.git.types import SUBMODULE, Oid, RefUpdate, Signature

NOBODY = ("orchestrate", "orchestrate@localhost")  # a checkpoint must not fail for want of a name


class Created(NamedTuple):
    """A checkpoint, and whether it is new; `since` is when its capture began (s)."""

    checkpoint: Checkpoint
    is_new: bool
    since: float


class Captured(NamedTuple):
    """What was read of a working tree; the last three fields as in `Checkpoint`."""

    tree: Oid
    state: State | None
    head: Oid | None
    branch: str | None
    unstable: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()
    scope: tuple[str, ...] | None = None


class Labels(NamedTuple):
    """What goes with it.

    `hint` is the number that was the newest a moment ago, `known` a state that was written before.
    """

    owner: str
    message: str
    kind: Kind
    worktree: str
    hint: int = 0
    who: tuple[str, str] = NOBODY
    known: tuple[State, Oid] | None = None


def record(
    repo: Repository,
    tree: Oid,
    *,
    owner: str,
    head: Oid | None = None,
    message: str = "",
    kind: Kind = Kind.ATTEMPT,
    worktree: str = "workspace",
) -> Created:
    """A checkpoint of a tree that is in the repository already, a workspace's; it has no index."""
    empty = Captured(tree, None, head, None)
    return append(repo, Labels(owner, message, kind, worktree), empty, time.time())


def append(repo: Repository, labels: Labels, found: Captured, since: float) -> Created:
    """The checkpoint of what was read: the newest one when it is the same, else a new one."""
    who = Signature(*labels.who, int(since))
    while True:
        previous = chain.latest(repo, labels.owner, labels.hint)
        new = draft(repo, labels, found, previous, who)
        if previous is not None and new.says_no_more_than(previous) and not found.unstable:
            return Created(previous, False, since)
        old = previous.tree if previous else repo.tree_of(found.head) if found.head else None
        new = new._replace(size=_size(repo, old, found.tree))
        message = to_message(new)
        oid = repo.commit(new.tree, new.parents, message, author=who, committer=who)
        try:
            repo.swap_refs([RefUpdate(new.ref, oid, None)], message="checkpoint")
        except RefMoved:
            continue  # another capture took the number: look again
        return Created(new._replace(oid=oid), True, since)


def draft(
    repo: Repository,
    labels: Labels,
    found: Captured,
    previous: Checkpoint | None,
    who: Signature,
) -> Checkpoint:
    """What `append` would make the next checkpoint; only its state is written."""
    state = found.state
    return Checkpoint(
        owner=labels.owner,
        number=previous.number + 1 if previous else 1,
        oid=Oid(""),
        tree=found.tree,
        message=labels.message,
        kind=labels.kind,
        time=who.time,
        named=bool(labels.message) and labels.kind is Kind.MANUAL,
        worktree=labels.worktree,
        previous=previous.oid if previous else None,
        head=found.head,
        branch=found.branch,
        state=_state(repo, labels, state, previous, who) if state else None,
        index_tree=state.index_tree if state else None,
        scope=found.scope,
        unstable=found.unstable,
        unrecorded=found.unrecorded,
    )


def _state(
    repo: Repository, labels: Labels, state: State, previous: Checkpoint | None, who: Signature
) -> Oid:
    if labels.known is not None and labels.known[0] == state and repo.exists(labels.known[1]):
        return labels.known[1]
    return write_state(repo, state, previous.state if previous else None, who)


def _size(repo: Repository, old: Oid | None, new: Oid) -> int:
    """Bytes of content in `new` that `old` does not have at the same path."""
    return sum(
        repo.blob_size(change.new_oid)
        for change in (repo.diff(old, new) if old else ())
        if change.new_mode not in (0, SUBMODULE)
    )
