"""Going back to a checkpoint, and back again: every step is written down before it is taken.

Rules this file keeps:
- First a checkpoint of what is replaced. Only what it holds is replaced; what it could not record
  (unreadable files, nested repositories) is left alone and named.
- A journal stands as long as a rollback is under way. The next call finds it and completes the
  rollback, or takes it back; both are safe to be interrupted again.
- HEAD stays where it is unless the caller asks to move it.
"""

import fcntl
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from typing import NamedTuple

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints.capture import Created, Recorder
from orchestrate.checkpoints.goal import (
    Checker,
    Goal,
    check_progress,
    check_target,
    partial_tree,
    paths_below,
    smart_goal,
)
from orchestrate.checkpoints.index import IndexChange, index_change, restore_index
from orchestrate.checkpoints.journal import Journal
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.checkpoints.state import State, read_state
from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.capture import is_file
from orchestrate.git.process import QUIET, run_git
from orchestrate.git.progress import read_progress, write_progress
from orchestrate.git.restore import IndexMoved, Outcome, Restorer, clean_staging, free_index
from orchestrate.git.types import SUBMODULE, TREE, EntryChange, Oid, RefUpdate


class Mode(StrEnum):
    """How much of the checkpoint comes back."""

    FULL = "full"
    PARTIAL = "partial"
    SMART = "smart"


class Request(NamedTuple):
    """What is asked: `paths` for partial, `check` for smart, `move_branch` for full only."""

    mode: Mode = Mode.FULL
    paths: tuple[str, ...] = ()
    move_branch: bool = False
    message: str = ""
    check: Checker | None = None
    exact: bool = False  # the paths are files, whether they are there or not


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


NOTHING = Outcome((), (), (), ())
TRIES = 3  # of writing an index that others write too


class _Plan(NamedTuple):
    """A rollback that is decided and not begun."""

    before: Created
    goal: Goal
    changes: tuple[EntryChange, ...]
    paths: tuple[str, ...] | None
    move: tuple[str, Oid, Oid] | None
    untouched: tuple[str, ...]


def rollback(recorder: Recorder, target: Checkpoint, request: Request) -> Report:
    """Make the working tree (and index) what the checkpoint holds.

    Raises:
        InvalidInput: paths that name nothing, a checkpoint of some paths for a full rollback, ...
        Conflict: an interrupted rollback stands (`recover`), or what is in progress forbids it.
    """
    with alone(recorder):
        _refuse_pending(recorder)
        plan = _plan(recorder, target, request, _takes(recorder, target, request))
        entry = Journal(
            token=secrets.token_hex(6),
            mode=request.mode.value,
            target=target.name,
            before=plan.before.checkpoint.name,
            goal=plan.goal.tree,
            paths=plan.paths,
            move=plan.move,
            since=plan.before.since,
        )
        if _is_nothing(recorder, target, plan):
            return Report(
                target.name, "", request.mode.value, (), plan.goal, False, None, NOTHING,
                plan.untouched,
            )  # fmt: skip
        journal.begin(recorder.repo.git_dir, entry)
        report = _carry_out(recorder, entry, plan.changes, target)
        journal.finish(recorder.repo.git_dir)
        shown = _shown(recorder, plan)
        return report._replace(goal=plan.goal, untouched=plan.untouched, shown=shown)


def preview(recorder: Recorder, target: Checkpoint, request: Request) -> Report:
    """What `rollback` would do; no file, index or ref is touched. Raises: as `rollback`."""
    with alone(recorder):
        _refuse_pending(recorder)
        plan = _plan(recorder, target, request, lambda _: recorder.look())
        change = _index_change(recorder, target, plan.changes, plan.paths)
        return Report(
            target.name, "", request.mode.value, plan.changes, plan.goal, bool(change),
            plan.move, NOTHING, plan.untouched,
        )  # fmt: skip


def undo(recorder: Recorder, message: str = "") -> Report:
    """Take the last rollback back; one that was interrupted is taken back to where it began.

    Raises:
        InvalidInput: there was none in this worktree.
    """
    if journal.pending(recorder.repo.git_dir) is not None:
        return recover(recorder, backwards=True)
    done = journal.last(recorder.repo.git_dir)
    if done is None:
        raise InvalidInput(
            "no rollback was done in this worktree", hint="`orchestrate checkpoint list`"
        )
    before = chain.find(recorder.repo, done.before, "")
    if done.paths is None:
        request = Request(Mode.FULL, move_branch=done.move is not None, message=message)
    else:
        request = Request(Mode.PARTIAL, done.paths, message=message, exact=True)
    return rollback(recorder, before, request)


def recover(recorder: Recorder, *, backwards: bool = False) -> Report:
    """Complete the interrupted rollback, or take it back. What stands there is recorded first.

    Raises:
        InvalidInput: none was interrupted.
    """
    with alone(recorder):
        git_dir = recorder.repo.git_dir
        entry = journal.pending(git_dir)
        if entry is None:
            raise InvalidInput("no rollback was interrupted in this worktree")
        free_index(git_dir, entry.token)
        before = chain.find(recorder.repo, entry.before, "")
        target = chain.find(recorder.repo, entry.target, "")
        differing = recorder.repo.diff(_on_disk(recorder, before), entry.goal)
        changes, untouched = _recorded(differing, before, target)
        _clean_temporaries(recorder, entry.token, changes)
        recorder.create(kind=Kind.ROLLBACK, message=f"amid the rollback to {entry.target}")
        # Whatever was done already is told apart by its content, not by its time.
        entry = entry._replace(since=0.0)
        if backwards:
            back = entry.move and (entry.move[0], entry.move[2], entry.move[1])
            undone = tuple(_swapped(change) for change in changes)
            report = _carry_out(recorder, entry._replace(move=back), undone, before)
            journal.drop(git_dir)
        else:
            report = _carry_out(recorder, entry, changes, target)
            journal.finish(git_dir)
        return report._replace(untouched=untouched)


@contextmanager
def alone(recorder: Recorder, *, shared: bool = False) -> Iterator[None]:
    """No rollback runs meanwhile in this worktree; `shared` lets others of that kind in."""
    folder = journal.folder(recorder.repo.git_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rollback.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def _is_nothing(recorder: Recorder, target: Checkpoint, plan: _Plan) -> bool:
    """Whether all is as it should be: then the rollback before stays the one to undo."""
    if plan.changes or plan.move:
        return False
    same_state = plan.before.checkpoint.state == target.state or target.state is None
    if plan.paths is None:
        return same_state
    return not _index_change(recorder, target, (), plan.paths)


def _shown(recorder: Recorder, plan: _Plan) -> tuple[str, ...]:
    if not any(change.path.endswith(".gitignore") for change in plan.changes):
        return ()
    after = recorder.look().checkpoint
    changes = recorder.repo.diff(plan.goal.tree, _on_disk(recorder, after))
    return tuple(change.path for change in changes if change.is_added)


def _refuse_pending(recorder: Recorder) -> None:
    entry = journal.pending(recorder.repo.git_dir)
    if entry is not None:
        raise Conflict(
            f"the rollback to {entry.target} was interrupted",
            hint="`orchestrate rollback --continue` completes it, `--undo` takes it back",
        )


# Deciding.

Take = Callable[[Sequence[str]], Created]  # ignored paths to include -> what is replaced


def _takes(recorder: Recorder, target: Checkpoint, request: Request) -> Take:
    message = request.message or f"before the {request.mode} rollback to {target.name}"

    def take(include: Sequence[str]) -> Created:
        if request.mode is Mode.PARTIAL and not include and _are_files(recorder, target, request):
            return recorder.create_for(request.paths, message=message, kind=Kind.ROLLBACK)
        return recorder.create(message=message, kind=Kind.ROLLBACK, include=include)

    return take


def _are_files(recorder: Recorder, target: Checkpoint, request: Request) -> bool:
    """Whether each path is one file at most, in the checkpoint and on disk."""
    files = recorder.files()
    for path in request.paths:
        found = files.lstat(path)
        entry = recorder.repo.entry(target.tree, path) if path not in ("", ".") else None
        if found is not None and not is_file(found):
            return False
        if entry is not None and entry.mode in (TREE, SUBMODULE):
            return False
        if entry is None and found is None and not request.exact:
            return False
    return True


def _plan(recorder: Recorder, target: Checkpoint, request: Request, take: Take) -> _Plan:
    if request.mode is not Mode.PARTIAL:
        check_target(target)
    before = take(())
    goal = _goal(recorder, before.checkpoint, target, request)
    in_the_way = _in_the_way(recorder, _on_disk(recorder, before.checkpoint), goal.tree)
    if in_the_way:
        before = take(in_the_way)
        goal = _goal(recorder, before.checkpoint, target, request)
    differing = recorder.repo.diff(_on_disk(recorder, before.checkpoint), goal.tree)
    changes, untouched = _recorded(differing, before.checkpoint, target)
    if request.mode is Mode.FULL:
        move = _move(before.checkpoint, target) if request.move_branch else None
        _check_state(recorder, before.checkpoint, target, move is not None)
        return _Plan(before, goal, changes, None, move, untouched)
    named = set(goal_paths(recorder, before.checkpoint, target, request, changes))
    index = _index_change(recorder, target, changes, tuple(named))
    paths = {change.path for change in changes} | index.replaced
    return _Plan(before, goal, changes, tuple(sorted(paths)), None, untouched)


def goal_paths(
    recorder: Recorder,
    before: Checkpoint,
    target: Checkpoint,
    request: Request,
    changes: Sequence[EntryChange],
) -> list[str]:
    """The files that a partial or smart rollback is about."""
    if request.mode is Mode.SMART:
        return [change.path for change in changes]
    if request.exact:
        return list(request.paths)
    return paths_below(recorder.repo, (target.tree, before.tree), request.paths)


def _goal(recorder: Recorder, before: Checkpoint, target: Checkpoint, request: Request) -> Goal:
    present, wanted = _on_disk(recorder, before), _on_disk(recorder, target)
    if request.mode is Mode.FULL:
        return Goal(wanted)
    if request.mode is Mode.SMART:
        assert request.check is not None, "a smart rollback needs a checker"
        return smart_goal(recorder.repo, present, wanted, request.check)
    paths = goal_paths(recorder, before, target, request, ())
    return Goal(partial_tree(recorder.repo, present, wanted, paths))


def _on_disk(recorder: Recorder, checkpoint: Checkpoint) -> Oid:
    """The checkpoint's tree without what was outside of a sparse checkout."""
    state = _state(recorder, checkpoint)
    if state is None or not state.absent:
        return checkpoint.tree
    return recorder.repo.edit_tree(checkpoint.tree, dict.fromkeys(state.absent))


def _in_the_way(recorder: Recorder, before: Oid, goal: Oid) -> list[str]:
    """What stands unrecorded (ignored) where the goal has a file: it is recorded, then replaced."""
    files = recorder.files()
    found: set[str] = set()
    for change in recorder.repo.diff(before, goal):
        if not change.is_added or change.new_mode == SUBMODULE:
            continue
        parts = change.path.split("/")
        for depth in range(1, len(parts) + 1):
            path = "/".join(parts[:depth])
            there = files.lstat(path)
            if there is None:
                break
            known = recorder.repo.entry(before, path)
            # A folder that was recorded may hold ignored files; a file may stand for a folder.
            is_recorded = known is not None and known.mode != TREE
            if (depth == len(parts) or is_file(there)) and not is_recorded:
                found.add(path)
                break
    return sorted(found)


def _recorded(
    changes: Sequence[EntryChange], before: Checkpoint, target: Checkpoint
) -> tuple[tuple[EntryChange, ...], tuple[str, ...]]:
    """The changes to carry out, and the unrecorded paths that must be left alone."""
    left = tuple(sorted({*before.unrecorded, *target.unrecorded}))
    below = tuple(f"{path}/" for path in left)
    kept = tuple(
        change
        for change in changes
        if change.path not in left and not change.path.startswith(below)
    )
    return kept, left


def _move(now: Checkpoint, target: Checkpoint) -> tuple[str, Oid, Oid] | None:
    """The ref to move, from and to; None when it is there already.

    Raises:
        Conflict: the checkpoint was taken on another branch, or before the first commit.
    """
    if target.head is None or now.head is None or target.branch != now.branch:
        raise Conflict(
            f"the branch cannot move: checkpoint {target.name} was taken on"
            f" {target.branch or 'no branch'}, you are on {now.branch or 'no branch'}",
            hint="switch to that branch first, or leave out --move-branch",
        )
    if target.head == now.head:
        return None
    return (target.branch or "HEAD", now.head, target.head)


def _check_state(recorder: Recorder, now: Checkpoint, target: Checkpoint, moves: bool) -> None:
    wanted, present = _state(recorder, target), _state(recorder, now)
    if wanted is not None and present is not None:
        check_progress(target, wanted, now, present, moves)


def _state(recorder: Recorder, checkpoint: Checkpoint) -> State | None:
    return read_state(recorder.repo, checkpoint.state) if checkpoint.state else None


def _index_change(
    recorder: Recorder,
    target: Checkpoint,
    changes: Sequence[EntryChange],
    paths: Sequence[str] | None,
) -> IndexChange:
    state = _state(recorder, target)
    if state is None:
        return IndexChange(frozenset(), frozenset())
    unsettled = {change.path for change in changes} | set(recorder.dirty(paths) or ())
    return index_change(recorder.repo, recorder.user_index(), state, unsettled, paths)


# Doing.


def _carry_out(
    recorder: Recorder, entry: Journal, changes: Sequence[EntryChange], target: Checkpoint
) -> Report:
    """The steps, each of which can be done again."""
    repo = recorder.repo
    restorer = Restorer(repo, recorder.work_tree, recorder.files(), entry.token)
    outcome = restorer.apply(changes, entry.since)
    state = _state(recorder, target)
    if entry.paths is None and state is not None and state.progress != read_progress(repo.git_dir):
        write_progress(repo.git_dir, state.progress)
    index = state is not None and _restore_index(recorder, entry, state, outcome)
    moved = entry.move if entry.move and _move_ref(recorder, entry) else None
    if entry.move and not moved:
        outcome = outcome._replace(raced=(*outcome.raced, entry.move[0]))
    restorer.close()
    return Report(
        target.name, entry.before, entry.mode, tuple(changes), Goal(entry.goal), index, moved,
        outcome, (),
    )  # fmt: skip


def _restore_index(recorder: Recorder, entry: Journal, state: State, outcome: Outcome) -> bool:
    for attempt in range(TRIES):
        now = recorder.user_index()
        unsettled = {*outcome.done, *(recorder.dirty(entry.paths) or ())}
        change = index_change(recorder.repo, now, state, unsettled, entry.paths)
        if not change:
            return attempt > 0
        try:
            restore_index(recorder.repo, recorder.files(), now, state, change, entry.token)
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
        command = ["update-ref", "--no-deref", "-m", reason, "HEAD", new, old]
        run_git([*QUIET, *command], git_dir=recorder.repo.git_dir)
    else:
        recorder.repo.swap_refs([RefUpdate(name, new, old)], message=reason)
    return True


def _clean_temporaries(recorder: Recorder, token: str, changes: Sequence[EntryChange]) -> None:
    folders = {recorder.work_tree / change.path.rpartition("/")[0] for change in changes}
    clean_staging(recorder.repo.git_dir, token, folders)


def _swapped(change: EntryChange) -> EntryChange:
    return EntryChange(
        change.path, change.new_mode, change.old_mode, change.new_oid, change.old_oid
    )
