"""`next_actions`: what a runner should do now, as a pure function of the stored state.

A runner is a loop over this function, so a killed one is taken up by the next without a memory.
"""

from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import NamedTuple

from orchestrate.plans.decide import open_dependencies
from orchestrate.plans.model import FailurePolicy
from orchestrate.plans.routing import Doer, route
from orchestrate.plans.state import PlanState, TaskState
from orchestrate.plans.states import DONE, OWNED, PlanStatus, TaskStatus


class ActionKind(StrEnum):
    """What to do."""

    START_PLAN = "start-plan"
    RELEASE = "release"
    WAIT = "wait"
    CLAIM = "claim"
    COMPLETE_PLAN = "complete-plan"
    FAIL_PLAN = "fail-plan"
    ABORT_PLAN = "abort-plan"


class Action(NamedTuple):
    """One thing to do; `task` is "" for the plan."""

    kind: ActionKind
    task: str
    reason: str


_PEOPLE = frozenset({Doer.PERSON, Doer.SIGNAL})


def next_actions(
    state: PlanState,
    now: str,
    capacity: int,
    dead: AbstractSet[str] = frozenset(),
    resting: AbstractSet[str] = frozenset(),
) -> list[Action]:
    """What to do now, in order; nothing means: wait for what is under way, or for people.

    `capacity` is how many more tasks may be claimed, `now` an ISO 8601 time, `dead` the owners
    that are known to be gone, `resting` the tasks that nobody here could do now.
    """
    if state.status is PlanStatus.APPROVED:
        return [Action(ActionKind.START_PLAN, "", "approved")]
    if state.status is not PlanStatus.EXECUTING:
        return []
    tasks = list(state.tasks.values())
    ending = _ending(state, tasks)
    if ending:
        return [ending]
    actions = [_release(task, dead) for task in tasks if _is_lost(task, now, dead)]
    ready = [task for task in tasks if _is_ready(state, task)]
    doers = {task.id: route(state.plan.task(task.id)).doer for task in ready}
    waits = [t for t in ready if doers[t.id] in _PEOPLE]
    actions += [Action(ActionKind.WAIT, t.id, f"needs a {doers[t.id]}") for t in waits]
    work = [t for t in ready if doers[t.id] not in _PEOPLE and t.id not in resting]
    # Critical ones first: their failure ends the plan, so it should show early.
    work.sort(key=lambda t: not state.plan.task(t.id).critical)
    actions += [Action(ActionKind.CLAIM, t.id, "ready") for t in work[: max(capacity, 0)]]
    return actions


def _is_lost(task: TaskState, now: str, dead: AbstractSet[str]) -> bool:
    # A person's claim has no lease: nobody but a person takes a task from a person.
    ran_out = bool(task.lease_until) and task.lease_until < now
    return task.status in OWNED and (task.owner in dead or ran_out)


def _release(task: TaskState, dead: AbstractSet[str]) -> Action:
    why = "its owner is gone" if task.owner in dead else "its lease ran out"
    return Action(ActionKind.RELEASE, task.id, why)


def _is_ready(state: PlanState, task: TaskState) -> bool:
    return task.status is TaskStatus.QUEUED and not open_dependencies(state, task.id)


def _ending(state: PlanState, tasks: list[TaskState]) -> Action | None:
    """The step that ends the plan, when it is time."""
    if all(task.status in DONE for task in tasks):
        return Action(ActionKind.COMPLETE_PLAN, "", "every task is completed or skipped")
    abort = _abort_reason(state, tasks)
    if abort:
        return Action(ActionKind.ABORT_PLAN, "", abort)
    moving = {
        TaskStatus.PROPOSED,
        TaskStatus.QUEUED,
        TaskStatus.WAITING,
        TaskStatus.PENDING_REVIEW,
    } | OWNED
    if any(task.status in moving for task in tasks):
        return None
    stuck = [f"{t.id} {t.status}" for t in tasks if t.status not in DONE]
    return Action(ActionKind.FAIL_PLAN, "", ", ".join(stuck[:10]))


def _abort_reason(state: PlanState, tasks: list[TaskState]) -> str:
    policy = state.plan.failure_policy
    for task in tasks:
        if task.status is TaskStatus.FAILED and policy is FailurePolicy.ABORT_ON_FIRST:
            return f"{task.id} failed ({policy})"
        lost = task.status in (TaskStatus.FAILED, TaskStatus.BLOCKED)
        critical = policy is FailurePolicy.ABORT_ON_CRITICAL and state.plan.task(task.id).critical
        if lost and critical:
            return f"critical task {task.id} is {task.status} ({policy})"
    return ""
