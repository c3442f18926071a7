"""What an event's commit says: a subject for people, trailers for programs (design section 4)."""

from orchestrate.git.names import compose_message
from orchestrate.plans.events import Event
from orchestrate.plans.state import PlanState, number
from orchestrate.plans.states import TaskEvent

_LINE = 200  # characters; a reason may be long, a subject may not


def event_message(event: Event, before: PlanState | None, after: PlanState) -> str:
    """The commit message of an event; `before` is None for a ledger's first commit."""
    subject = f"{_subject(event, before, after)}{_attempt(event, after)}"
    trailers = [(key, _one_line(value)) for key, value in _trailers(event, after) if value]
    return compose_message(_one_line(subject), trailers=trailers)


def _subject(event: Event, before: PlanState | None, after: PlanState) -> str:
    if before is None:
        return f"plan {after.plan.id}: created, {len(after.plan.tasks)} tasks"
    if not event.task:
        return f"plan {after.plan.id}: {before.status} -> {after.status}"
    old, new = before.tasks[event.task], after.tasks[event.task]
    if event.kind is TaskEvent.LATE:
        return f"{event.task}: a late result, kept as evidence"
    return f"{event.task}: {old.status} -> {new.status}"


def _number(event: Event, after: PlanState) -> str:
    """The attempt that the event is about: the one it records, else the task's last."""
    if not event.task:
        return ""
    attempt = event.data.get("attempt")
    if attempt:
        return number(attempt["revision"], attempt["attempt"])
    task = after.tasks[event.task]
    return task.attempts[-1].number if task.attempts else ""


def _attempt(event: Event, after: PlanState) -> str:
    found, attempt = _number(event, after), event.data.get("attempt")
    if attempt:
        return f" ({found} {attempt['reason']})"
    return f" ({found})" if found else ""


def _trailers(event: Event, after: PlanState) -> list[tuple[str, str]]:
    attempt = event.data.get("attempt")
    reason = attempt["reason"] if attempt else event.reason
    generation = "" if event.generation is None else str(event.generation)
    return [
        ("Orchestrate-Event", event.name),
        ("Orchestrate-Plan", after.plan.id),
        ("Orchestrate-Task", event.task),
        ("Orchestrate-Attempt", _number(event, after)),
        ("Orchestrate-Generation", generation),
        ("Orchestrate-Actor", event.actor),
        ("Orchestrate-Reason", reason),
        ("Orchestrate-Commit", str(event.data.get("commit", ""))),
    ]


def _one_line(text: str) -> str:
    # A newline or a control character could forge a trailer; git refuses lone surrogates.
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= _LINE else flat[: _LINE - 1] + "…"
