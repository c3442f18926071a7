"""Events, and `evolve`: the state after one of them. The fold of a ledger is nothing else.

An event's `data` holds only JSON values, so that a ledger's commit can store it and a replay comes
to the same bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from orchestrate.plans.model import Plan
from orchestrate.plans.state import Approval, Attempt, PlanState, Review, TaskState
from orchestrate.plans.states import PlanEvent, TaskEvent, TaskStatus, step_plan, step_task


@dataclass(frozen=True, slots=True)
class Event:
    """One change of state: of a task, or with `task` "" of the plan."""

    kind: TaskEvent | PlanEvent
    task: str
    actor: str
    at: str  # ISO 8601, UTC, seconds
    reason: str = ""
    generation: int | None = None
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """`task.completed`, `plan.approved`."""
        return f"{'task' if self.task else 'plan'}.{self.kind}"


def event_json(event: Event) -> dict[str, Any]:
    """The event as JSON values."""
    return {
        "actor": event.actor,
        "at": event.at,
        "data": dict(event.data),
        "event": event.name,
        "generation": event.generation,
        "reason": event.reason,
        "task": event.task,
    }


def event_of(record: Mapping[str, Any]) -> Event:
    """The event of `event_json`'s values.

    Raises:
        ValueError, KeyError: they are not of that form.
    """
    of, _, kind = record["event"].partition(".")
    return Event(
        TaskEvent(kind) if of == "task" else PlanEvent(kind),
        record["task"],
        record["actor"],
        record["at"],
        record["reason"],
        record["generation"],
        record["data"],
    )


def attempt_json(attempt: Attempt) -> dict[str, Any]:
    """An attempt as JSON values."""
    return asdict(attempt)


def attempt_of(record: Mapping[str, Any]) -> Attempt:
    """The attempt of `attempt_json`'s values."""
    lists = {key: tuple(record[key]) for key in ("findings", "verifications")}
    lists["passed_over"] = tuple(record.get("passed_over", ()))
    return Attempt(**{**record, **lists})


def review_of(record: Mapping[str, Any]) -> Review:
    """The review of its JSON values."""
    return Review(**{**record, "findings": tuple(record.get("findings", ()))})


def _with_review(state: TaskState, event: Event) -> TaskState:
    review = event.data.get("review")
    return replace(state, reviews=(*state.reviews, review_of(review))) if review else state


def _claimed(state: TaskState, event: Event) -> TaskState:
    return replace(
        state,
        owner=event.data["owner"],
        lease_until=event.data["lease_until"],
        generation=state.generation + 1,
    )


def _attempted(state: TaskState, event: Event) -> TaskState:
    attempt = attempt_of(event.data["attempt"])
    return replace(
        state,
        attempts=(*state.attempts, attempt),
        attempt=state.attempt + 1,
        lease_until=event.data.get("lease_until", state.lease_until),
        metric_baseline=event.data.get("metric_baseline", state.metric_baseline),
    )


def _unowned(state: TaskState, event: Event) -> TaskState:
    return _with_review(replace(state, owner="", lease_until=""), event)


def _completed(state: TaskState, event: Event) -> TaskState:
    landed = {key: event.data.get(key, "") for key in ("commit", "tree", "policy")}
    return replace(_unowned(state, event), **landed)


def _next_revision(state: TaskState, event: Event) -> TaskState:
    cleared = replace(_unowned(state, event), commit="", tree="", policy="")
    return replace(cleared, revision=state.revision + 1, attempt=0)


# What an event changes beside the status; events that are not named change nothing else.
_TASK_EFFECTS: Mapping[TaskEvent, Callable[[TaskState, Event], TaskState]] = {
    TaskEvent.CLAIMED: _claimed,
    TaskEvent.ATTEMPTED: _attempted,
    TaskEvent.RELEASED: _unowned,
    TaskEvent.SUBMITTED: _unowned,
    TaskEvent.COMPLETED: _completed,
    TaskEvent.RECOVERED: _completed,
    TaskEvent.FAILED: _unowned,
    TaskEvent.SKIPPED: _unowned,
    TaskEvent.CANCELLED: _unowned,
    TaskEvent.RETURNED: _next_revision,
    TaskEvent.RETRIED: _next_revision,
    TaskEvent.UNPROMOTED: _next_revision,
}


def _evolve_task(state: PlanState, event: Event) -> PlanState:
    assert isinstance(event.kind, TaskEvent)
    task = state.tasks[event.task]
    if event.kind is TaskEvent.LATE:
        late = attempt_of(event.data["attempt"])
        return state.with_task(replace(task, late=(*task.late, late)))
    status = step_task(task.id, task.status, event.kind)
    effect = _TASK_EFFECTS.get(event.kind)
    changed = effect(task, event) if effect else task
    return state.with_task(replace(changed, status=TaskStatus(status), reason=event.reason))


def _evolve_plan(state: PlanState, event: Event) -> PlanState:
    assert isinstance(event.kind, PlanEvent)
    status = step_plan(state.plan.id, state.status, event.kind)
    state = replace(state, status=status, reason=event.reason)
    if event.kind is PlanEvent.APPROVED:
        return replace(state, approvals=(*state.approvals, Approval(**event.data["approval"])))
    if event.kind is PlanEvent.REVISED:
        return _revised(state, event)
    return state


def _revised(state: PlanState, event: Event) -> PlanState:
    """The state with a new definition; only before anything ran, so tasks start afresh."""
    plan = Plan.from_document(event.data["document"])
    tasks = type(state.tasks)({task.id: TaskState(task.id) for task in plan.tasks})
    return replace(state, plan=plan, plan_blob=event.data["plan_blob"], tasks=tasks)


def evolve(state: PlanState, event: Event) -> PlanState:
    """The state after the event.

    Raises:
        IllegalTransition: the tables do not allow it.
    """
    return _evolve_task(state, event) if event.task else _evolve_plan(state, event)
