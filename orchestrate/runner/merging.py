"""Lands a completed plan's branch on the branch it is meant for.

Rules kept here:

* Only a completed plan lands, and only what merges without a conflict; until all is known to be in
  order nothing moves. The merge is made without a working tree.
* The target's own policy decides: with `gates.merge` there, a passing verdict of that profile on
  exactly the tree that would land must be stored.
* Where the target stands checked out, a checkpoint of that tree comes first, and git itself moves
  branch, index and files together; it refuses to overwrite what is not committed. No hook runs.
  Elsewhere the branch moves only if it still is where it was read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from orchestrate.checkpoints.capture import create
from orchestrate.checkpoints.record import Kind
from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.names import compose_message
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, RefUpdate, Signature
from orchestrate.git.user_tree import fast_forward, uncommitted, work_tree_of
from orchestrate.git.worktrees import worktree_on
from orchestrate.ledger.promotion import branch_tip
from orchestrate.ledger.store import Ledger
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import PlanStatus
from orchestrate.runner import clock
from orchestrate.runner.gatekeeper import stored_verdict
from orchestrate.runner.project import policy_at

_BRANCHES = "refs/heads/"
_MOST_NAMED = 10  # paths in a message


class Style(StrEnum):
    """What is asked of the shape of the history."""

    EITHER = "either"  # a fast-forward where that is possible
    MERGE_COMMIT = "no-ff"
    FAST_FORWARD = "ff-only"


class Way(StrEnum):
    """How the plan lands."""

    NOTHING = "up to date"
    FAST_FORWARD = "fast-forward"
    MERGE_COMMIT = "merge commit"


@dataclass(frozen=True, slots=True)
class Merge:
    """A merge that is in order: `target` moves from `before` to `after`.

    `worktree` is where the target stands checked out, `gate` what the merge profile said, and
    `checkpoint` names the tree as it was before, once the merge is done.
    """

    plan: str
    branch: str
    target: str
    way: Way
    before: Oid
    after: Oid
    worktree: Path | None = None
    gate: str = ""
    checkpoint: str = ""


def prepare_merge(ledger: Ledger, into: str = "", style: Style = Style.EITHER) -> Merge:
    """The merge, ready to be carried out; nothing has moved.

    Raises:
        Conflict: the plan is not completed or is a person's own, the two sides conflict, the merge
            profile has not passed, or uncommitted changes stand in the way.
        InvalidInput: there is no such target.
    """
    repo, state = ledger.repo, ledger.load().state
    target = _target(repo, state, into)
    tip = branch_tip(repo, state)
    _check_completed(state)
    before = repo.ref(target)
    if before is None:
        raise InvalidInput(f"there is no branch {_short(target)}", hint="name one with --into")
    if repo.is_ancestor(tip, before):
        return Merge(state.plan.id, state.branch, target, Way.NOTHING, before, before)
    way, after = _built(repo, state, target, before, tip, style)
    merge = Merge(state.plan.id, state.branch, target, way, before, after)
    gate = _gate(repo, merge)
    worktree = worktree_on(repo.common_dir, target)
    if worktree is not None:
        _check_clean(repo, merge, worktree)
    return replace(merge, worktree=worktree, gate=gate)


def is_merged(ledger: Ledger, state: PlanState) -> bool:
    """Whether the branch that the plan is meant for holds the plan's own."""
    landed = ledger.repo.ref(state.target) if state.target and not state.in_own_tree else None
    if landed is None or state.status is not PlanStatus.COMPLETED:
        return False
    return ledger.repo.is_ancestor(branch_tip(ledger.repo, state), landed)


def carry_out(repo: Repository, merge: Merge) -> Merge:
    """Move the target; the merge with the checkpoint of the tree that it changed, if one did.

    Raises:
        Conflict: the target moved meanwhile, or git does not update the tree it stands in.
    """
    if merge.way is Way.NOTHING:
        return merge
    if merge.worktree is None:
        update = RefUpdate(merge.target, merge.after, merge.before)
        repo.swap_refs([update], message=f"merge plan {merge.plan}: {merge.way}")
        return merge
    there = Repository.open(merge.worktree)
    taken = create(there, message=f"before the merge of plan {merge.plan}", kind=Kind.MERGE)
    _update_worktree(there, merge)
    return replace(merge, checkpoint=taken.checkpoint.name)


def _target(repo: Repository, state: PlanState, into: str) -> str:
    target = f"{_BRANCHES}{into.removeprefix(_BRANCHES)}" if into else state.target
    if not target:
        raise InvalidInput(
            f"plan {state.plan.id} was not made for a branch", hint="name one with --into"
        )
    if target == state.branch:
        raise InvalidInput(f"{_short(target)} is the plan's own branch", hint="name another one")
    return target


def _check_completed(state: PlanState) -> None:
    if state.status is not PlanStatus.COMPLETED:
        why = f" ({state.reason})" if state.reason else ""
        raise Conflict(
            f"plan {state.plan.id} is {state.status}{why}: only a completed plan is merged",
            hint=f"orchestrate status {state.plan.id} shows what is left",
        )


def _built(
    repo: Repository, state: PlanState, target: str, before: Oid, tip: Oid, style: Style
) -> tuple[Way, Oid]:
    """How the plan lands, and the commit that the target moves to."""
    can_forward = repo.is_ancestor(before, tip)
    if can_forward and style is not Style.MERGE_COMMIT:
        return Way.FAST_FORWARD, tip
    if style is Style.FAST_FORWARD:
        raise Conflict(
            f"{_short(target)} has commits that {_short(state.branch)} does not have",
            hint="without --ff-only a merge commit joins them",
        )
    merged = repo.merge(before, tip)
    if merged.tree is None:
        raise Conflict(
            f"{_short(state.branch)} conflicts with {_short(target)} in {_named(merged.conflicts)}",
            hint=f"merge by hand, on {_short(target)}: git merge {_short(state.branch)}",
        )
    who = Signature(*repo.identity(), clock.now())
    title = " ".join(state.plan.title.split())
    trailers = [("Orchestrate-Plan", state.plan.id)]
    message = compose_message(f"Merge plan {state.plan.id}", title, trailers)
    return Way.MERGE_COMMIT, repo.commit(
        merged.tree, [before, tip], message, author=who, committer=who
    )


def _gate(repo: Repository, merge: Merge) -> str:
    """What the merge profile said of the tree, "" where none is configured.

    Raises:
        Conflict: it is not known to have passed.
    """
    policy = policy_at(repo, merge.before)
    profile = policy.config.gates.merge
    if profile is None:
        return ""
    stored = stored_verdict(repo, policy, profile, repo.tree_of(merge.after))
    if stored.run is not None and stored.run.passed:
        return stored.run.summary
    found = stored.run.summary if stored.run is not None else f"its verdict is {stored.freshness}"
    raise Conflict(
        f"gate {profile} has not passed on the tree that would land on {_short(merge.target)}: "
        f"{found}",
        hint=f"orchestrate gate run {profile} {merge.after} --policy {_short(merge.target)}",
    )


def _check_clean(repo: Repository, merge: Merge, worktree: Path) -> None:
    """Refuse where the merge would touch what is not committed."""
    changes = repo.diff(repo.tree_of(merge.before), repo.tree_of(merge.after))
    touched = {part for change in changes for part in _with_folders(change.path)}
    below = {change.path for change in changes}
    dirty = [
        path
        for path in uncommitted(Repository.open(worktree))
        if path in touched or below.intersection(_with_folders(path))
    ]
    if dirty:
        raise Conflict(
            f"{worktree} has uncommitted changes that the merge would touch: {_named(dirty)}",
            hint="commit them or set them aside there, then merge again",
        )


def _with_folders(path: str) -> list[str]:
    """The path and every folder above it: a file may stand where a folder must be."""
    parts = path.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def _update_worktree(there: Repository, merge: Merge) -> None:
    folder = work_tree_of(there)
    refused = fast_forward(there, merge.after)
    if refused is not None or there.ref(merge.target) != merge.after:
        said = refused or f"{_short(merge.target)} moved meanwhile"
        raise Conflict(
            f"git does not merge in {folder}: {said}", hint="put that right there, then merge again"
        )


def _named(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_NAMED} more" if len(paths) > _MOST_NAMED else ""
    return ", ".join(paths[:_MOST_NAMED]) + more


def _short(ref: str) -> str:
    return ref.removeprefix(_BRANCHES)
