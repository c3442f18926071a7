"""Going back to a checkpoint, and back again: every step is written down before it is taken.

Rules this file keeps:
- First a checkpoint of what is replaced. Only what it holds is replaced; what it could not record
  (unreadable files, nested repositories) is left alone and named.
- A journal stands as long as a rollback is under way. The next call finds it and completes the
  rollback, or takes it back; both are safe to be interrupted again.
- HEAD stays where it is unless the caller asks to move it.
"""

import secrets

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.carrying import (
    NOTHING,
    Report,
    carry_out,
    clean_temporaries,
    swapped,
)
from orchestrate.checkpoints.journal import Journal, alone
from orchestrate.checkpoints.planning import (
    Mode,
    Plan,
    Request,
    index_difference,
    is_nothing,
    make_plan,
    on_disk,
    recorded,
    takes,
)
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.restore import free_index

__all__ = ["Mode", "Report", "Request", "preview", "recover", "rollback", "undo"]


def rollback(recorder: Recorder, target: Checkpoint, request: Request) -> Report:
    """Make the working tree (and index) what the checkpoint holds.

    Raises:
        InvalidInput: paths that name nothing, a checkpoint of some paths for a full rollback, ...
        Conflict: an interrupted rollback stands (`recover`), or what is in progress forbids it.
    """
    with alone(recorder.repo.git_dir):
        _refuse_pending(recorder)
        plan = make_plan(recorder, target, request, takes(recorder, target, request))
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
        if is_nothing(recorder, target, plan):
            return Report(
                target.name, "", request.mode.value, (), plan.goal, False, None, NOTHING,
                plan.untouched,
            )  # fmt: skip
        journal.begin(recorder.repo.git_dir, entry)
        report = carry_out(recorder, entry, plan.changes, target)
        journal.finish(recorder.repo.git_dir)
        shown = _shown(recorder, plan)
        return report._replace(goal=plan.goal, untouched=plan.untouched, shown=shown)


def preview(recorder: Recorder, target: Checkpoint, request: Request) -> Report:
    """What `rollback` would do; no file, index or ref is touched. Raises: as `rollback`."""
    with alone(recorder.repo.git_dir):
        _refuse_pending(recorder)
        plan = make_plan(recorder, target, request, lambda _: recorder.look())
        change = index_difference(recorder, target, plan.changes, plan.paths)
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
    with alone(recorder.repo.git_dir):
        git_dir = recorder.repo.git_dir
        entry = journal.pending(git_dir)
        if entry is None:
            raise InvalidInput("no rollback was interrupted in this worktree")
        free_index(git_dir, entry.token)
        before = chain.find(recorder.repo, entry.before, "")
        target = chain.find(recorder.repo, entry.target, "")
        differing = recorder.repo.diff(on_disk(recorder, before), entry.goal)
        changes, untouched = recorded(differing, before, target)
        clean_temporaries(recorder, entry.token, changes)
        recorder.create(kind=Kind.ROLLBACK, message=f"amid the rollback to {entry.target}")
        # Whatever was done already is told apart by its content, not by its time.
        entry = entry._replace(since=0.0)
        if backwards:
            back = entry.move and (entry.move[0], entry.move[2], entry.move[1])
            undone = tuple(swapped(change) for change in changes)
            report = carry_out(recorder, entry._replace(move=back), undone, before)
            journal.drop(git_dir)
        else:
            report = carry_out(recorder, entry, changes, target)
            journal.finish(git_dir)
        return report._replace(untouched=untouched)


def _refuse_pending(recorder: Recorder) -> None:
    entry = journal.pending(recorder.repo.git_dir)
    if entry is not None:
        raise Conflict(
            f"the rollback to {entry.target} was interrupted",
            hint="`orchestrate rollback --continue` completes it, `--undo` takes it back",
        )


def _shown(recorder: Recorder, plan: Plan) -> tuple[str, ...]:
    if not any(change.path.endswith(".gitignore") for change in plan.changes):
        return ()
    after = recorder.look().checkpoint
    changes = recorder.repo.diff(plan.goal.tree, on_disk(recorder, after))
    return tuple(change.path for change in changes if change.is_added)
