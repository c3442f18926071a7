"""Carrying a decided rollback out: files, git's progress files, the index, the branch.

Each step can be done again: what is done already is seen by its content.
"""

from collections.abc import Sequence
from typing import NamedTuple

from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.goal import Goal
from orchestrate.checkpoints.index import index_change, restore_index
from orchestrate.checkpoints.journal import Journal
from orchestrate.checkpoints.planning import state_of
from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checkpoints.state import State
from orchestrate.errors import Conflict
from orchestrate.git.progress import read_progress, write_progress
from orchestrate.git.restore import IndexMoved, Outcome, Restorer, clean_staging
from orchestrate.git.types import EntryChange, Oid, RefUpdate
from orchestrate.git.user_tree import move_head

NOTHING = Outcome((), (), (), ())
TRIES = 3  # of writing an index that others write too


class Report(NamedTuple):
    """What a rollback did, or would do. `before` names the checkpoint that undoes it, if any.

    `untouched` could not be recorded, so they were left alone. `shown` were ignored, so they stay,
    and are not ignored any more by the rules that came back.
    """

    target: str
    before: str
    mode: str
    changes: tuple[EntryChange, ...]
    goal: Goal
    index_changed: bool
    moved: tuple[str, Oid, Oid] | None
    outcome: Outcome
    untouched: tuple[str, ...]
    shown: tuple[str, ...] = ()

    @property
    def is_exact(self) -> bool:
        """Whether all of it was done."""
        return not (self.outcome.raced or self.outcome.blocked)


def carry_out(
    recorder: Recorder, entry: Journal, changes: Sequence[EntryChange], target: Checkpoint
) -> Report:
    """The steps, each of which can be done again."""
    repo = recorder.repo
    state = state_of(recorder, target)
    by_stat = state is not None and state.dirty is not None
    restorer = Restorer(repo, recorder.work_tree, recorder.files(), entry.token, settled=by_stat)
    # Other attributes make git see other changes: what it saw must be known before they come back.
    rules = any(change.path.endswith(".gitattributes") for change in changes)
    seen = frozenset(recorder.dirty() or ()) if rules else frozenset[str]()
    outcome = restorer.apply(changes, entry.since)
    if entry.paths is None and state is not None and state.progress != read_progress(repo.git_dir):
        write_progress(repo.git_dir, state.progress)
    index = state is not None and _restore_index(recorder, entry, state, outcome, seen)
    moved = entry.move if entry.move and _move_ref(recorder, entry) else None
    if entry.move and not moved:
        outcome = outcome._replace(raced=(*outcome.raced, entry.move[0]))
    restorer.close()
    return Report(
        target.name, entry.before, entry.mode, tuple(changes), Goal(entry.goal), index, moved,
        outcome, (),
    )  # fmt: skip


def _restore_index(
    recorder: Recorder, entry: Journal, state: State, outcome: Outcome, seen: frozenset[str]
) -> bool:
    for attempt in range(TRIES):
        now = recorder.user_index()
        unsettled = {*outcome.done, *(recorder.dirty(entry.paths) or ())}
        change = index_change(recorder.repo, now, state, unsettled, entry.paths)
        if not change:
            return attempt > 0
        try:
            dirty = seen | frozenset(recorder.dirty() or ())
            files = recorder.files()
            restore_index(recorder.repo, files, now, state, change, dirty, entry.token)
        except IndexMoved:
            continue
        return True
    raise Conflict(
        "the index changed each time it was to be restored; the files are restored",
        hint="`orchestrate rollback --continue` when the other git command has ended",
    )


def _move_ref(recorder: Recorder, entry: Journal) -> bool:
    """Whether the ref now has its new value; false when it was at neither of the two."""
    assert entry.move is not None
    name, old, new = entry.move
    now = recorder.repo.ref(name)
    if now == new:
        return True
    if now != old:
        return False
    reason = f"orchestrate rollback: to {entry.target}"
    if name == "HEAD":
        move_head(recorder.repo, old, new, message=reason)
    else:
        recorder.repo.swap_refs([RefUpdate(name, new, old)], message=reason)
    return True


def clean_temporaries(recorder: Recorder, token: str, changes: Sequence[EntryChange]) -> None:
    folders = {recorder.work_tree / change.path.rpartition("/")[0] for change in changes}
    clean_staging(recorder.repo.git_dir, token, folders)


def swapped(change: EntryChange) -> EntryChange:
    return EntryChange(
        change.path, change.new_mode, change.old_mode, change.new_oid, change.old_oid
    )
