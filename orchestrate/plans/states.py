"""The states of tasks and plans, and every legal step between them, as data.

Rule 1: everything that says which step is legal stands in this file, in the two tables. A missing
key is the error: closed by default. The diagrams in docs/states.md are drawn from these tables.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from orchestrate.errors import Conflict


class TaskStatus(StrEnum):
    """Where a task stands."""

    PROPOSED = "proposed"
    QUEUED = "queued"
    CLAIMED = "claimed"
    RUNNING = "running"
    WAITING = "waiting"
    PENDING_REVIEW = "pending_review"
    COMPLETED = "completed"
    FAILED = "failed"
    BLOCKED = "blocked"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    REJECTED = "rejected"


class TaskEvent(StrEnum):
    """What can happen to a task."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    CLAIMED = "claimed"
    STARTED = "started"
    ATTEMPTED = "attempted"
    RELEASED = "released"
    WAITING = "waiting"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    COMPLETED = "completed"
    FAILED = "failed"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    RETRIED = "retried"
    RECOVERED = "recovered"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    UNPROMOTED = "unpromoted"
    LATE = "late"  # not a step: a result of an older generation, kept as evidence


class PlanStatus(StrEnum):
    """Where a plan stands."""

    DRAFT = "draft"
    APPROVED = "approved"
    EXECUTING = "executing"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    REJECTED = "rejected"


class PlanEvent(StrEnum):
    """What can happen to a plan."""

    CREATED = "created"  # not a step: the ledger's first commit
    REVISED = "revised"
    APPROVED = "approved"
    REJECTED = "rejected"
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    COMPLETED = "completed"
    FAILED = "failed"
    ABORTED = "aborted"
    REOPENED = "reopened"


_T, _E = TaskStatus, TaskEvent

TASK_TRANSITIONS: Mapping[TaskStatus, Mapping[TaskEvent, TaskStatus]] = MappingProxyType(
    {
        _T.PROPOSED: {
            _E.ACCEPTED: _T.QUEUED,
            _E.REJECTED: _T.REJECTED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.QUEUED: {
            _E.CLAIMED: _T.CLAIMED,
            _E.WAITING: _T.WAITING,
            _E.BLOCKED: _T.BLOCKED,
            _E.SKIPPED: _T.SKIPPED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.CLAIMED: {
            _E.STARTED: _T.RUNNING,
            _E.RELEASED: _T.QUEUED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.RUNNING: {
            _E.ATTEMPTED: _T.RUNNING,
            _E.RELEASED: _T.QUEUED,
            _E.SUBMITTED: _T.PENDING_REVIEW,
            _E.COMPLETED: _T.COMPLETED,
            _E.FAILED: _T.FAILED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.WAITING: {
            _E.COMPLETED: _T.COMPLETED,
            _E.FAILED: _T.FAILED,
            _E.BLOCKED: _T.BLOCKED,
            _E.SKIPPED: _T.SKIPPED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.PENDING_REVIEW: {
            _E.RETURNED: _T.QUEUED,
            _E.COMPLETED: _T.COMPLETED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.FAILED: {
            _E.RETRIED: _T.QUEUED,
            _E.RECOVERED: _T.COMPLETED,
            _E.SKIPPED: _T.SKIPPED,
            _E.CANCELLED: _T.CANCELLED,
        },
        _T.BLOCKED: {
            _E.UNBLOCKED: _T.QUEUED,
            _E.SKIPPED: _T.SKIPPED,
            _E.CANCELLED: _T.CANCELLED,
        },
        # Completed is done, but a rollback takes a promoted task back (a revert on the branch).
        _T.COMPLETED: {_E.UNPROMOTED: _T.QUEUED},
        _T.SKIPPED: {},
        _T.CANCELLED: {},
        _T.REJECTED: {},
    }
)

_P, _Q = PlanStatus, PlanEvent

PLAN_TRANSITIONS: Mapping[PlanStatus, Mapping[PlanEvent, PlanStatus]] = MappingProxyType(
    {
        _P.DRAFT: {
            _Q.REVISED: _P.DRAFT,
            _Q.APPROVED: _P.APPROVED,
            _Q.REJECTED: _P.REJECTED,
        },
        _P.APPROVED: {
            _Q.REVISED: _P.DRAFT,
            _Q.STARTED: _P.EXECUTING,
            _Q.ABORTED: _P.ABORTED,
        },
        _P.EXECUTING: {
            _Q.PAUSED: _P.PAUSED,
            _Q.COMPLETED: _P.COMPLETED,
            _Q.FAILED: _P.FAILED,
            _Q.ABORTED: _P.ABORTED,
        },
        _P.PAUSED: {
            _Q.RESUMED: _P.EXECUTING,
            _Q.ABORTED: _P.ABORTED,
        },
        # A retry or a rollback of one of its tasks opens an ended plan again.
        _P.COMPLETED: {_Q.REOPENED: _P.EXECUTING},
        _P.FAILED: {_Q.REOPENED: _P.EXECUTING},
        _P.ABORTED: {_Q.REOPENED: _P.EXECUTING},
        _P.REJECTED: {},
    }
)

# A dependent may start when each of its dependencies stands here.
DONE = frozenset({_T.COMPLETED, _T.SKIPPED})
# Nothing a runner does moves these any more.
ENDED = DONE | {_T.CANCELLED, _T.REJECTED}
# An owner works on it under a lease.
OWNED = frozenset({_T.CLAIMED, _T.RUNNING})
# A dependent of one of these cannot start.
BLOCKING = frozenset({_T.FAILED, _T.BLOCKED, _T.CANCELLED, _T.REJECTED})
# Events that only the owner of the claim may bring; they carry its generation.
OWNERS_EVENTS = frozenset({_E.STARTED, _E.ATTEMPTED, _E.SUBMITTED})

PLAN_ENDED = frozenset({_P.COMPLETED, _P.FAILED, _P.ABORTED, _P.REJECTED})


class IllegalTransition(Conflict):
    """An event that the state does not accept; nothing was changed."""

    def __init__(self, what: str, status: str, event: str, accepted: list[str]) -> None:
        can = ", ".join(accepted) or "nothing, it is final"
        super().__init__(f"{what} is {status} and does not take '{event}'; it takes: {can}")
        self.status = status
        self.event = event


_Status = TypeVar("_Status", TaskStatus, PlanStatus)
_Event = TypeVar("_Event", TaskEvent, PlanEvent)


def _step(
    table: Mapping[_Status, Mapping[_Event, _Status]], what: str, status: _Status, event: _Event
) -> _Status:
    try:
        return table[status][event]
    except KeyError:
        raise IllegalTransition(what, status, event, list(table[status])) from None


def step_task(task: str, status: TaskStatus, event: TaskEvent) -> TaskStatus:
    """The status after `event`.

    Raises:
        IllegalTransition: `status` does not accept `event`.
    """
    return _step(TASK_TRANSITIONS, f"task {task}", status, event)


def step_plan(plan: str, status: PlanStatus, event: PlanEvent) -> PlanStatus:
    """The status after `event`.

    Raises:
        IllegalTransition: `status` does not accept `event`.
    """
    return _step(PLAN_TRANSITIONS, f"plan {plan}", status, event)


def diagram(table: Mapping[_Status, Mapping[_Event, _Status]]) -> str:
    """The table as a Mermaid state diagram, an edge a line, in the table's order."""
    lines = ["stateDiagram-v2"]
    for status, row in table.items():
        lines += [f"    {status} --> {after}: {event}" for event, after in row.items()]
        if not row:
            lines.append(f"    {status} --> [*]")
    return "\n".join(lines) + "\n"


def states_page() -> str:
    """The whole of docs/states.md."""
    return (
        "# States\n\n"
        "Drawn from the two tables in `orchestrate/plans/states.py` by `make docs`; a test keeps\n"
        "this page current. What each event means stands in [architecture](architecture.md).\n\n"
        f"## Tasks\n\n```mermaid\n{diagram(TASK_TRANSITIONS)}```\n\n"
        f"## Plans\n\n```mermaid\n{diagram(PLAN_TRANSITIONS)}```\n"
    )
