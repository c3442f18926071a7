"""Short ways to make plans and events in tests."""

from typing import Any

from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event, evolve
from orchestrate.plans.model import Plan
from orchestrate.plans.state import PlanState, new_state
from orchestrate.plans.states import PlanEvent, TaskEvent

AT = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T01:00:00Z"
BLOB = "b" * 40


def plan(*tasks: dict[str, Any], **fields: Any) -> Plan:
    entries = [{"title": entry["id"], **entry} for entry in tasks]
    return Plan.from_document({"id": "p-abc234", "title": "A plan", "tasks": entries, **fields})


def draft(*tasks: dict[str, Any], **fields: Any) -> PlanState:
    return new_state(
        plan(*tasks, **fields), BLOB, base="1" * 40, branch="refs/heads/orchestrate/p-abc234"
    )


def say(state: PlanState, kind: TaskEvent | PlanEvent, task: str = "", **more: Any) -> PlanState:
    """The state after everything the proposal leads to."""
    for event in decide(state, Event(kind, task, "tester", AT, **more)):
        state = evolve(state, event)
    return state


def executing(*tasks: dict[str, Any], **fields: Any) -> PlanState:
    state = draft(*tasks, **fields)
    approval = {"by": "tester", "at": AT, "plan_blob": BLOB, "version": state.plan.version}
    state = say(state, PlanEvent.APPROVED, data={"approval": approval})
    return say(state, PlanEvent.STARTED)


def claimed(state: PlanState, task: str, owner: str = "worker") -> PlanState:
    return say(state, TaskEvent.CLAIMED, task, data={"owner": owner, "lease_until": LATER})


def running(state: PlanState, task: str) -> PlanState:
    state = claimed(state, task)
    return say(state, TaskEvent.STARTED, task, generation=state.tasks[task].generation)


def attempt(state: PlanState, task: str, **fields: Any) -> dict[str, Any]:
    now = state.tasks[task]
    return {
        "revision": now.revision,
        "attempt": now.attempt,
        "generation": now.generation,
        "agent": "replay",
        "started_at": AT,
        "ended_at": AT,
        "outcome": "discarded",
        "reason": "AC_NOT_MET",
        "findings": [],
        "verifications": [],
        **fields,
    }


def attempted(state: PlanState, task: str, **fields: Any) -> PlanState:
    made = attempt(state, task, **fields)
    return say(
        state, TaskEvent.ATTEMPTED, task, generation=made["generation"], data={"attempt": made}
    )


def completed(state: PlanState, task: str) -> PlanState:
    return say(running(state, task), TaskEvent.COMPLETED, task)
