"""What follows for a candidate that passed: it lands, goes back, or waits for a person. Pure.

Rules:
 * An agent's reject returns the task, `review.max_rejects` times in a row at most; then a person
   decides. So does one when there is no verdict, or when the agent would send another task back:
   what has landed stays until a person takes it back.
 * An agent's pass stands in for a person's where the review is asked for by mode or configuration;
   it never does for an explicit `requires_review: true` or a finding that asks for a person.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from orchestrate.agents.reasons import Reason
from orchestrate.ledger.evidence import evidence_path
from orchestrate.plans.events import Event
from orchestrate.plans.model import Task
from orchestrate.plans.routing import needs_review
from orchestrate.plans.state import Attempt, PlanState
from orchestrate.plans.states import TaskEvent
from orchestrate.policy.config import Config
from orchestrate.runner.reviewer import Reviewed, agent_rejects, record_of
from orchestrate.runner.rework import rework_evidence
from orchestrate.runner.verdict import Verdict

REVIEW = "review.json"  # the evidence file

Propose = Callable[..., Event]


@dataclass(frozen=True, slots=True)
class Course:
    """The events to append when it does not land; `data` goes with the completion when it does."""

    events: tuple[Event, ...] = ()
    what: str = ""
    said: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, bytes] = field(default_factory=dict)


def course_of(
    said: Reviewed | None,
    made: Attempt,
    verdict: Verdict,
    config: Config,
    state: PlanState,
    task: Task,
    propose: Propose,
) -> Course:
    """The course of a candidate after an agent's review, None when no agent reviews."""
    if said is None:
        if needs_review(task) or verdict.needs_person:
            return _submitted(propose, "waits for a person", {}, {})
        return Course()
    evidence = {evidence_path(task.id, made.revision, made.attempt, REVIEW): said.evidence}
    if said.passed:
        data = _data(said, made, verdict, "approved")
        if task.requires_review or verdict.needs_person:
            return _submitted(
                propose, f"{said.agent} passed it; waits for a person", data, evidence
            )
        return Course(data=data, evidence=evidence)
    why = _needs_person(said, config, state, task)
    if why:
        decision = "rejected" if said.verdict else "unreadable"
        return _submitted(propose, why, _data(said, made, verdict, decision), evidence)
    return _returned(said, made, verdict, state, task, propose, evidence)


def _data(said: Reviewed, made: Attempt, verdict: Verdict, decision: str) -> dict[str, Any]:
    return {"review": asdict(record_of(said, made, verdict, decision))}


def _submitted(
    propose: Propose, why: str, data: Mapping[str, Any], evidence: Mapping[str, bytes]
) -> Course:
    event = propose(TaskEvent.SUBMITTED, why, **data)
    return Course((event,), "submitted", f"passed and {why}", evidence=evidence)


def _needs_person(said: Reviewed, config: Config, state: PlanState, task: Task) -> str:
    """Why a person must decide on what the agent did not pass, "" when the task just goes back."""
    if said.verdict is None:
        return f"waits for a person: {said.reason}: {said.detail}"
    back = said.verdict.return_to
    if back not in ("", task.id):
        return f"waits for a person: {said.agent} would send task {back!r} back"
    returned = agent_rejects(state.tasks[task.id].reviews)
    if returned >= config.review.max_rejects:
        return f"waits for a person: {Reason.REVIEW_REJECTED} {returned + 1} times by agents"
    return ""


def _returned(
    said: Reviewed,
    made: Attempt,
    verdict: Verdict,
    state: PlanState,
    task: Task,
    propose: Propose,
    evidence: Mapping[str, bytes],
) -> Course:
    review = record_of(said, made, verdict, "returned")
    reason = f"{Reason.REVIEW_REJECTED} by agent {said.agent}: {review.comment}"[:500]
    events = (
        propose(TaskEvent.SUBMITTED, f"reviewed by agent {said.agent}"),
        propose(TaskEvent.RETURNED, reason, review=asdict(review)),
    )
    rework = rework_evidence(state.plan.id, task, made, [review])
    return Course(events, "returned", reason, evidence={**evidence, **rework})
