"""Verify a ledger by replay: each tree must be the fold of the events before it, to the byte.

Git's own chain makes a change to an old commit change every later id; the promoted commits on the
plan branch carry ledger ids, so a chain that was rewritten whole shows there.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from orchestrate.errors import OrchestrateError
from orchestrate.git.repository import Repository
from orchestrate.git.types import Commit, EntryChange, Oid
from orchestrate.ledger.codec import (
    DOCUMENT,
    EVENT_JSON,
    PLAN_YAML,
    from_json,
    plan_json,
    task_json,
)
from orchestrate.ledger.record import record_folder
from orchestrate.ledger.restore import RESTORED_FROM, read_record
from orchestrate.ledger.store import Ledger, event_files
from orchestrate.plans.events import Event, event_of, evolve
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import PlanEvent, TaskEvent


class Problem(NamedTuple):
    """The first commit that breaks a rule, which rule, and what was seen."""

    commit: Oid
    rule: str
    message: str


@dataclass
class _Replay:
    """The replay so far."""

    ledger: Ledger
    state: PlanState
    seen: set[str] = field(default_factory=set)
    reverts: list[tuple[str, Oid]] = field(default_factory=list)


class _Broken(Exception):
    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


def verify(ledger: Ledger) -> tuple[int, Problem | None]:
    """How many commits were replayed, and the first problem or None.

    Rules: `one-parent`, `readable`, `legal-step`, `state-follows`, `message-agrees`,
    `promoted-commit`, `promoted-tree`, `made-under-ledger`, `branch-holds-promotions`; for a task
    in a person's own tree `judged-commit`; for one that was taken back `reverted-commit`.
    """
    commits = list(ledger.repo.log(ledger.tip(), first_parent=True))
    commits.reverse()
    first = commits[0]
    try:
        replay = _first(ledger, first)
    except (_Broken, OrchestrateError, KeyError, ValueError) as error:
        return 0, Problem(first.oid, getattr(error, "rule", "readable"), str(error))
    for count, commit in enumerate(commits[1:], start=1):
        try:
            _check(replay, commit)
        except _Broken as error:
            return count, Problem(commit.oid, error.rule, str(error))
        replay.seen.add(commit.oid)
    broken = next(_unreachable(ledger.repo, replay), None)
    return len(commits), broken


def _first(ledger: Ledger, commit: Commit) -> _Replay:
    if commit.parents:
        raise _Broken("one-parent", "the first commit has a parent")
    event = _event(ledger.repo, commit)
    if event.kind is not PlanEvent.CREATED:
        raise _Broken("legal-step", f"the first event is {event.name}, not plan.created")
    replay = _Replay(ledger, ledger.load(commit.oid).state, {commit.oid})
    if RESTORED_FROM in event.data:
        _check_restored(replay, event)
        return replay
    fresh = {task.status for task in replay.state.tasks.values()}
    if fresh - {"queued", "proposed"} or replay.state.approvals:
        raise _Broken("state-follows", "a plan does not start with tasks done or approvals given")
    return replay


def _check_restored(replay: _Replay, event: Event) -> None:
    """A restored ledger begins with what the record of the commit it names holds."""
    state, ledger = replay.state, replay.ledger
    commit = Oid(str(event.data[RESTORED_FROM]))
    recorded = read_record(ledger.repo, commit, ledger.plan_id, state.branch).state
    same = [plan_json(one) for one in (state, recorded)]
    tasks = [[task_json(t) for t in one.tasks.values()] for one in (state, recorded)]
    if same[0] != same[1] or tasks[0] != tasks[1]:
        raise _Broken("state-follows", f"it is not what the record of {commit} holds")


def _event(repo: Repository, commit: Commit) -> Event:
    data = repo.read_path(commit.tree, EVENT_JSON)
    if data is None:
        raise _Broken("readable", f"its tree has no {EVENT_JSON}")
    try:
        return event_of(from_json(data, EVENT_JSON))
    except (OrchestrateError, KeyError, ValueError, TypeError) as error:
        raise _Broken("readable", f"{EVENT_JSON}: {error}") from None


def _check(replay: _Replay, commit: Commit) -> None:
    repo = replay.ledger.repo
    if len(commit.parents) != 1:
        raise _Broken("one-parent", f"{len(commit.parents)} parents, one was expected")
    event = _event(repo, commit)
    if commit.trailer("Orchestrate-Event") != event.name:
        raise _Broken("message-agrees", f"the trailer does not say {event.name}")
    try:
        after = evolve(replay.state, event)
    except (OrchestrateError, KeyError, ValueError, TypeError) as error:
        raise _Broken("legal-step", str(error)) from None
    before_tree = repo.tree_of(commit.parents[0])
    _check_tree(repo, event, after, commit, repo.diff(before_tree, commit.tree))
    if event.kind in (TaskEvent.COMPLETED, TaskEvent.RECOVERED) and event.data.get("commit"):
        check = _check_own_commit if after.in_own_tree else _check_promotion
        check(replay, event, after)
    if event.kind is TaskEvent.UNPROMOTED:
        _check_revert(replay, event, after)
    replay.state = after


def _check_tree(
    repo: Repository, event: Event, after: PlanState, commit: Commit, changes: list[EntryChange]
) -> None:
    expected = event_files(event, after)
    for path, data in expected.items():
        if repo.read_path(commit.tree, path) != data:
            raise _Broken("state-follows", f"{path} is not what {event.name} leads to")
    revised = event.kind is PlanEvent.REVISED
    for change in changes:
        kept = change.path in expected or change.path.startswith("evidence/")
        redefined = change.path in (PLAN_YAML, DOCUMENT) or change.path.startswith("tasks/")
        if not kept and not (revised and redefined):
            raise _Broken("state-follows", f"{event.name} does not change {change.path}")


def _check_own_commit(replay: _Replay, event: Event, after: PlanState) -> None:
    """A person's own commit is not made under the ledger; it is the one that was judged, whole."""
    repo, task = replay.ledger.repo, after.tasks[event.task]
    made = task.candidate
    if made is None or (made.candidate, made.tree) != (task.commit, task.tree):
        raise _Broken("judged-commit", f"{task.commit} is not the commit that passed")
    try:
        promoted = repo.read_commit(Oid(task.commit))
    except (OrchestrateError, ValueError) as error:
        raise _Broken("promoted-commit", f"{task.commit}: {error}") from None
    if promoted.tree != task.tree:
        raise _Broken("promoted-tree", f"{promoted.oid} does not hold the judged tree")
    if not repo.is_ancestor(Oid(after.base), promoted.oid):
        raise _Broken("judged-commit", f"{promoted.oid} does not hold the task's base")


def _check_revert(replay: _Replay, event: Event, after: PlanState) -> None:
    """The commit that took a task back says which commit it reverts: the task's own."""
    promoted = replay.state.tasks[event.task].commit
    if not promoted and not event.data.get("commit"):
        return
    if event.data.get("reverts") != promoted or not event.data.get("commit"):
        raise _Broken(
            "reverted-commit", f"{event.task} was promoted as {promoted}, no revert of it"
        )
    _check_promotion(replay, event, after)
    revert = Oid(event.data["commit"])
    says = replay.ledger.repo.read_commit(revert).trailer("Orchestrate-Reverts") or ""
    if says != promoted:
        raise _Broken("reverted-commit", f"{revert} does not say that it reverts {promoted}")
    replay.reverts.append((event.task, revert))


def _check_promotion(replay: _Replay, event: Event, after: PlanState) -> None:
    repo = replay.ledger.repo
    try:
        promoted = repo.read_commit(Oid(event.data["commit"]))
        changes = repo.diff(Oid(event.data["tree"]), promoted.tree)
    except (OrchestrateError, KeyError, ValueError) as error:
        raise _Broken("promoted-commit", f"{event.data['commit']}: {error}") from None
    folder = record_folder(after.plan.id)
    strange = [c.path for c in changes if not c.path.startswith(folder)]
    if strange:
        raise _Broken(
            "promoted-tree",
            f"{promoted.oid} differs from the judged tree outside {folder}: {strange[0]}",
        )
    under = promoted.trailer("Orchestrate-Ledger")
    if under not in replay.seen:
        raise _Broken(
            "made-under-ledger",
            f"{promoted.oid} was made under ledger commit {under}, which is not in this chain",
        )


def _unreachable(repo: Repository, replay: _Replay) -> Iterator[Problem]:
    """Promotions and reverts that the plan branch no longer holds, where it still exists."""
    # A person's own branch is theirs to rewrite; what was judged is kept by the candidate's ref.
    tip = None if replay.state.in_own_tree else repo.ref(replay.state.branch)
    if tip is None:
        return
    held = {c.oid for c in _branch_commits(repo, tip, Oid(replay.state.base))}
    promoted = [(task.id, Oid(task.commit)) for task in replay.state.tasks.values() if task.commit]
    for task, commit in [*promoted, *replay.reverts]:
        if commit not in held:
            said = f"{replay.state.branch} does not hold {commit} of task {task}"
            yield Problem(commit, "branch-holds-promotions", said)


def _branch_commits(repo: Repository, tip: Oid, base: Oid) -> Iterator[Commit]:
    for commit in repo.log(tip, first_parent=False):
        if commit.oid == base:
            return
        yield commit
