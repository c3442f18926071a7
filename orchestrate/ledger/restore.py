"""A ledger begun anew from the committed record, when its ref is gone.

Rules kept here:

* The first event names the commit whose record it was made from, and `verify` makes the state from
  that commit again: a restored ledger says nothing that the record does not.
* What ended stands as the record has it. What had not ended starts afresh.
* What a record does not hold is not made up: the events one by one and who held which claim,
  evidence, attempts at tasks that had not ended, the approval and the target branch. A plan with
  work left is a draft again, for a person to approve.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from orchestrate.errors import InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.git.types import Commit, Oid
from orchestrate.ledger.codec import DamagedRecord, from_json, task_of
from orchestrate.ledger.record import record_folder
from orchestrate.ledger.store import files_below
from orchestrate.plans.model import Plan
from orchestrate.plans.state import PlanState, Tasks, TaskState
from orchestrate.plans.states import BLOCKING, DONE, PlanStatus, TaskStatus
from orchestrate.policy.plan_document import load_plan_document

RESTORED_FROM = "restored_from"

# What a record says of a task beside its state.
_BESIDE = frozenset({"title", "scope", "criteria", "ledger"})


class Recorded(NamedTuple):
    """A plan as the record of one commit has it."""

    state: PlanState
    document: dict[str, Any]
    plan_yaml: bytes


def read_record(repo: Repository, commit: Oid, plan_id: str, branch: str) -> Recorded:
    """The plan that the commit's record holds.

    Raises:
        InvalidInput: the commit has no record of that plan, or its plan file is not valid.
        DamagedRecord: a task's file is not of the form that promotions write.
    """
    path = f"{record_folder(plan_id)}plan.yaml"
    text = repo.read_path(commit, path)
    if text is None:
        raise InvalidInput(
            f"commit {commit[:12]} has no record of plan '{plan_id}': there is no {path}",
            hint="name a commit that has one with --from",
        )
    document = load_plan_document(text, path)
    plan = Plan.from_document(document)
    if plan.id != plan_id:
        raise DamagedRecord(f"{path}: it is the file of plan '{plan.id}'")
    run = list(_run(repo, commit, plan_id))
    base = run[-1].parents[0] if run and run[-1].parents else commit
    ended = {task.id: task for task in _ended(repo, commit, plan, run)}
    tasks = Tasks({t.id: ended.get(t.id) or _fresh(plan, t.id, ended) for t in plan.tasks})
    is_done = all(task.status in DONE for task in tasks.values())
    status = PlanStatus.COMPLETED if is_done else PlanStatus.DRAFT
    state = PlanState(plan, repo.write_blob(text), status, base, branch, tasks)
    return Recorded(state, document, text)


def _run(repo: Repository, tip: Oid, plan_id: str) -> Iterator[Commit]:
    """The plan's own commits at the end of the branch, newest first; none after a squash."""
    for commit in repo.log(tip):
        is_ours = commit.trailer("Orchestrate-Plan") == plan_id
        if not (is_ours and commit.trailer("Orchestrate-Ledger")):
            return
        yield commit


def _ended(repo: Repository, tip: Oid, plan: Plan, run: list[Commit]) -> Iterator[TaskState]:
    """The tasks whose end the record holds, each with its promoted commit where that is there."""
    known = {task.id for task in plan.tasks}
    for entry in files_below(repo, repo.tree_of(tip), f"{record_folder(plan.id)}tasks"):
        record = from_json(repo.read_blob(entry.oid), entry.path)
        kept = {key: value for key, value in record.items() if key not in _BESIDE}
        state = task_of({**kept, "owner": "", "lease_until": ""}, entry.path)
        if state.id not in known:
            raise DamagedRecord(f"{entry.path}: plan {plan.id} has no task '{state.id}'")
        yield replace(state, commit=state.commit or _promoted(run, state.id))


def _promoted(run: list[Commit], task: str) -> str:
    for commit in run:
        if commit.trailer("Orchestrate-Task") == task and not commit.trailer("Orchestrate-Reverts"):
            return commit.oid
    return ""


def _fresh(plan: Plan, task: str, ended: dict[str, TaskState]) -> TaskState:
    """A task that had not ended: queued, or blocked by one that ended without being done."""
    stopped = {other for other, state in ended.items() if state.status in BLOCKING}
    is_blocked = any(task in plan.dependents(other) for other in stopped)
    return TaskState(task, TaskStatus.BLOCKED if is_blocked else TaskStatus.QUEUED)
