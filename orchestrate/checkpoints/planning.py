"""Deciding a rollback: what is asked, what it aims at, what stands in the way.

Nothing here changes a file; the checkpoint of what would be replaced is taken here, though.
"""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from orchestrate.checkpoints.append import Created
from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.goal import (
    Checker,
    Goal,
    check_progress,
    check_target,
    partial_tree,
    paths_below,
    smart_goal,
)
from orchestrate.checkpoints.index import IndexChange, index_change
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.checkpoints.state import State, read_state
from orchestrate.errors import Conflict
from orchestrate.git.capture import is_file
from orchestrate.git.types import SUBMODULE, TREE, EntryChange, Oid


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


class Plan(NamedTuple):
    """A rollback that is decided and not begun."""

    before: Created
    goal: Goal
    changes: tuple[EntryChange, ...]
    paths: tuple[str, ...] | None
    move: tuple[str, Oid, Oid] | None
    untouched: tuple[str, ...]


Take = Callable[[Sequence[str]], Created]  # ignored paths to include -> what is replaced


def takes(recorder: Recorder, target: Checkpoint, request: Request) -> Take:
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


def make_plan(recorder: Recorder, target: Checkpoint, request: Request, take: Take) -> Plan:
    if request.mode is not Mode.PARTIAL:
        check_target(target)
    before = take(())
    goal = _goal(recorder, before.checkpoint, target, request)
    in_the_way = _in_the_way(recorder, on_disk(recorder, before.checkpoint), goal.tree)
    if in_the_way:
        before = take(in_the_way)
        goal = _goal(recorder, before.checkpoint, target, request)
    differing = recorder.repo.diff(on_disk(recorder, before.checkpoint), goal.tree)
    changes, untouched = recorded(differing, before.checkpoint, target)
    if request.mode is Mode.FULL:
        move = _move(before.checkpoint, target) if request.move_branch else None
        _check_state(recorder, before.checkpoint, target, move is not None)
        return Plan(before, goal, changes, None, move, untouched)
    named = set(_named_paths(recorder, before.checkpoint, target, request, changes))
    index = index_difference(recorder, target, changes, tuple(named))
    paths = {change.path for change in changes} | index.replaced
    return Plan(before, goal, changes, tuple(sorted(paths)), None, untouched)


def _named_paths(
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
    present, wanted = on_disk(recorder, before), on_disk(recorder, target)
    if request.mode is Mode.FULL:
        return Goal(wanted)
    if request.mode is Mode.SMART:
        assert request.check is not None, "a smart rollback needs a checker"
        return smart_goal(recorder.repo, present, wanted, request.check)
    paths = _named_paths(recorder, before, target, request, ())
    return Goal(partial_tree(recorder.repo, present, wanted, paths))


def on_disk(recorder: Recorder, checkpoint: Checkpoint) -> Oid:
    """The checkpoint's tree without what was outside of a sparse checkout."""
    state = state_of(recorder, checkpoint)
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


def recorded(
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
    wanted, present = state_of(recorder, target), state_of(recorder, now)
    if wanted is not None and present is not None:
        check_progress(target, wanted, now, present, moves)


def state_of(recorder: Recorder, checkpoint: Checkpoint) -> State | None:
    return read_state(recorder.repo, checkpoint.state) if checkpoint.state else None


def index_difference(
    recorder: Recorder,
    target: Checkpoint,
    changes: Sequence[EntryChange],
    paths: Sequence[str] | None,
) -> IndexChange:
    state = state_of(recorder, target)
    if state is None:
        return IndexChange(frozenset(), frozenset())
    unsettled = {change.path for change in changes} | set(recorder.dirty(paths) or ())
    return index_change(recorder.repo, recorder.user_index(), state, unsettled, paths)


def is_nothing(recorder: Recorder, target: Checkpoint, plan: Plan) -> bool:
    """Whether all is as it should be: then the rollback before stays the one to undo."""
    if plan.changes or plan.move:
        return False
    same_state = plan.before.checkpoint.state == target.state or target.state is None
    if plan.paths is None:
        return same_state
    return not index_difference(recorder, target, (), plan.paths)
