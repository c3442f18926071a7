"""`decide`: the events that a proposed event leads to, or a refusal that changes nothing.

A proposal is an `Event` that somebody would like to see. What the tables do not say stands here:
guards (who may, when) and cascades (what a failure does to dependents). Writers go through
`decide`; a replay applies the recorded events by `evolve` alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

from orchestrate.errors import Conflict
from orchestrate.plans.events import Event, evolve
from orchestrate.plans.state import PlanState, TaskState
from orchestrate.plans.states import (
    BLOCKING,
    DONE,
    ENDED,
    OWNED,
    OWNERS_EVENTS,
    PLAN_ENDED,
    TASK_TRANSITIONS,
    PlanEvent,
    PlanStatus,
    TaskEvent,
    TaskStatus,
    step_plan,
    step_task,
)

# Events after which dependents can no longer start; those after which they may again.
_BLOCKERS = frozenset({TaskEvent.FAILED, TaskEvent.CANCELLED, TaskEvent.REJECTED})
_OPENERS = frozenset(
    {
        TaskEvent.RETRIED,
        TaskEvent.RECOVERED,
        TaskEvent.SKIPPED,
        TaskEvent.UNBLOCKED,
    }
)
# Events by which an ended plan goes on.
_REOPENERS = frozenset(
    {
        TaskEvent.RETRIED,
        TaskEvent.RECOVERED,
        TaskEvent.SKIPPED,
        TaskEvent.UNPROMOTED,
    }
)
# Events that need the plan to be under way.
_WORK = frozenset({TaskEvent.CLAIMED, TaskEvent.WAITING})


def decide(state: PlanState, proposal: Event) -> list[Event]:
    """The events that follow from the proposal, itself first; apply them in order.

    A result of an older generation becomes a `late` event: evidence, applied to nothing.

    Raises:
        IllegalTransition: the tables do not allow it.
        Conflict: a guard does not (not approved, dependencies open, another's claim).
    """
    if not proposal.task:
        return _decide_plan(state, proposal)
    assert isinstance(proposal.kind, TaskEvent)
    if proposal.task not in state.tasks:
        state.plan.task(proposal.task)  # raises with the names of the known ones
    task = state.tasks[proposal.task]
    if _is_late(task, proposal):
        return _late(task, proposal)
    step_task(task.id, task.status, proposal.kind)
    if proposal.kind in _WORK:
        _check_startable(state, task)
    if proposal.kind is TaskEvent.ATTEMPTED:
        _check_number(task, proposal)
    if proposal.kind is TaskEvent.UNPROMOTED:
        _check_no_dependent_done(state, task)
    first = replace(proposal, generation=_generation(task, proposal))
    return [*_reopening(state, first), first, *_cascade(evolve(state, first), first)]


def decide_all(state: PlanState, proposals: Iterable[Event]) -> list[Event]:
    """The events that the proposals lead to, each decided on the state after the ones before.

    Raises: as `decide`.
    """
    events: list[Event] = []
    for proposal in proposals:
        for event in decide(state, proposal):
            state = evolve(state, event)
            events.append(event)
    return events


def _generation(task: TaskState, proposal: Event) -> int:
    return task.generation + (proposal.kind is TaskEvent.CLAIMED)


def _is_late(task: TaskState, proposal: Event) -> bool:
    if proposal.generation is None:
        return False
    if proposal.generation != task.generation:
        return True
    # The right generation, but the claim has ended since: released, cancelled, taken over.
    return proposal.kind in OWNERS_EVENTS and task.status not in OWNED


def _late(task: TaskState, proposal: Event) -> list[Event]:
    attempt = proposal.data.get("attempt")
    if attempt is None:
        raise Conflict(
            f"task {task.id} is at generation {task.generation}, not {proposal.generation}: "
            "somebody else holds it now",
            hint="the result is not applied; nothing to do",
        )
    return [replace(proposal, kind=TaskEvent.LATE, data={"attempt": attempt})]


def _check_startable(state: PlanState, task: TaskState) -> None:
    if state.status is not PlanStatus.EXECUTING:
        raise Conflict(f"plan {state.plan.id} is {state.status}, not executing")
    open_ones = open_dependencies(state, task.id)
    if open_ones:
        raise Conflict(f"task {task.id} cannot start: {', '.join(open_ones)} not done")


def _check_number(task: TaskState, proposal: Event) -> None:
    attempt = proposal.data["attempt"]
    if (attempt["revision"], attempt["attempt"]) != (task.revision, task.attempt):
        raise Conflict(
            f"task {task.id} expects attempt {task.number}, "
            f"not R{attempt['revision']}/S{attempt['attempt']}"
        )


def _check_no_dependent_done(state: PlanState, task: TaskState) -> None:
    done = [
        d for d in state.plan.dependents(task.id) if state.tasks[d].status is TaskStatus.COMPLETED
    ]
    if done:
        raise Conflict(
            f"task {task.id} cannot be taken back: {', '.join(done[:10])} built on it",
            hint="take these back first, the last one first",
        )


def open_dependencies(state: PlanState, task_id: str) -> list[str]:
    """The dependencies that are neither completed nor skipped."""
    return [d for d in state.plan.task(task_id).depends_on if state.tasks[d].status not in DONE]


def _cascade(state: PlanState, event: Event) -> Iterator[Event]:
    """What the event does to dependents: block them all, or open those that nothing blocks."""
    if event.kind in _BLOCKERS:
        yield from _block_dependents(state, event)
    elif event.kind in _OPENERS:
        yield from _unblock_dependents(state, event)
    elif event.kind is TaskEvent.UNPROMOTED:
        yield from _withdraw_dependents(state, event)


def _block_dependents(state: PlanState, event: Event) -> Iterator[Event]:
    for dependent in state.plan.dependents(event.task):
        if TaskEvent.BLOCKED in TASK_TRANSITIONS[state.tasks[dependent].status]:
            reason = f"{event.task} {event.kind}"
            yield Event(TaskEvent.BLOCKED, dependent, event.actor, event.at, reason)


def _unblock_dependents(state: PlanState, event: Event) -> Iterator[Event]:
    # Nearest first, so that a dependent sees its own dependencies as they will stand.
    for dependent in state.plan.dependents(event.task):
        if state.tasks[dependent].status is not TaskStatus.BLOCKED:
            continue
        needs = state.plan.task(dependent).depends_on
        if any(state.tasks[need].status in BLOCKING for need in needs):
            continue
        opened = Event(
            TaskEvent.UNBLOCKED, dependent, event.actor, event.at, f"{event.task} {event.kind}"
        )
        state = evolve(state, opened)
        yield opened


# How a dependent that is under way comes back to the queue when what it builds on is taken back.
_WITHDRAWALS: Mapping[TaskStatus, tuple[TaskEvent, ...]] = {
    TaskStatus.CLAIMED: (TaskEvent.RELEASED,),
    TaskStatus.RUNNING: (TaskEvent.RELEASED,),
    TaskStatus.PENDING_REVIEW: (TaskEvent.RETURNED,),
    TaskStatus.WAITING: (TaskEvent.BLOCKED, TaskEvent.UNBLOCKED),
}


def _withdraw_dependents(state: PlanState, event: Event) -> Iterator[Event]:
    """Nothing under way may land on what is no longer there."""
    for dependent in state.plan.dependents(event.task):
        for kind in _WITHDRAWALS.get(state.tasks[dependent].status, ()):
            reason = f"{event.task} {event.kind}"
            yield Event(kind, dependent, event.actor, event.at, reason)


def _reopening(state: PlanState, first: Event) -> Iterator[Event]:
    if first.kind in _REOPENERS and state.status in PLAN_ENDED:
        reason = f"{first.task} {first.kind}"
        yield Event(PlanEvent.REOPENED, "", first.actor, first.at, reason)


def _decide_plan(state: PlanState, proposal: Event) -> list[Event]:
    assert isinstance(proposal.kind, PlanEvent)
    step_plan(state.plan.id, state.status, proposal.kind)
    guard = _PLAN_GUARDS.get(proposal.kind)
    if guard:
        guard(state, proposal)
    return [proposal]


def _check_approval(state: PlanState, proposal: Event) -> None:
    approval = proposal.data["approval"]
    if (approval["plan_blob"], approval["version"]) != (state.plan_blob, state.plan.version):
        raise Conflict(
            f"the approval names version {approval['version']} of plan {state.plan.id}, which "
            f"is now at version {state.plan.version}",
            hint="read the plan again, then approve it",
        )


def _check_approved(state: PlanState, proposal: Event) -> None:
    if state.plan.requires_approval and not state.is_approved:
        raise Conflict(
            f"plan {state.plan.id} version {state.plan.version} is not approved",
            hint=f"read it, then: orchestrate plan approve {state.plan.id}",
        )


def _check_all_done(state: PlanState, proposal: Event) -> None:
    open_ones = [task.id for task in state.tasks.values() if task.status not in DONE]
    if open_ones:
        raise Conflict(
            f"plan {state.plan.id} cannot complete: {', '.join(open_ones[:10])} not done"
        )


def _check_version(state: PlanState, proposal: Event) -> None:
    version = proposal.data["document"].get("version", 1)
    if version != state.plan.version + 1:
        raise Conflict(
            f"plan {state.plan.id} is at version {state.plan.version}; the next revision is "
            f"version {state.plan.version + 1}, not {version}"
        )
    ended = [task.id for task in state.tasks.values() if task.status in ENDED]
    if ended:
        # Only a plan restored from its record is a draft with work behind it.
        raise Conflict(
            f"plan {state.plan.id} cannot be revised: {', '.join(ended[:10])} ended already",
            hint="approve it as it is, or make a new plan for what is left",
        )


_PLAN_GUARDS: Mapping[PlanEvent, Callable[[PlanState, Event], None]] = {
    PlanEvent.APPROVED: _check_approval,
    PlanEvent.STARTED: _check_approved,
    PlanEvent.COMPLETED: _check_all_done,
    PlanEvent.REVISED: _check_version,
}
