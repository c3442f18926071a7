"""What a try leaves in the ledger: the attempt, the event that holds it, and its evidence."""

from dataclasses import asdict, replace
from typing import Any

from orchestrate.checks.findings import Severity
from orchestrate.ledger.evidence import evidence_path
from orchestrate.plans.events import Event, attempt_json
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.plans.states import TaskEvent
from orchestrate.runner import clock
from orchestrate.runner.attempt import Produced
from orchestrate.runner.held import Held
from orchestrate.runner.limits import lease_seconds
from orchestrate.runner.rework import rework_evidence
from orchestrate.runner.trying import Tried
from orchestrate.runner.verdict import Verdict, finding_json, stored_text

_MOST_DETAIL = 2000  # characters


def recorded(held: Held, now: TaskState, tried: Tried) -> Attempt:
    """The try as the attempt that the ledger takes."""
    made = _unjudged(held, now, tried)
    if tried.verdict:
        made = judged_attempt(made, tried.verdict)
    made = replace(made, ended_at=clock.iso(clock.now()))
    held.say("judged", f"{made.number} {made.reason}{_first_finding(made)}")
    return made


def _unjudged(held: Held, now: TaskState, tried: Tried) -> Attempt:
    produced, chosen = tried.produced, tried.chosen
    return Attempt(
        revision=now.revision,
        attempt=now.attempt,
        generation=held.claim.generation,
        agent=chosen.agent.name,
        started_at=clock.iso(tried.started),
        ended_at="",
        outcome="discarded",
        reason=str(produced.reason),
        detail=stored_text(produced.detail)[:_MOST_DETAIL],
        findings=tuple(finding_json(f) for f in produced.findings),
        candidate=produced.candidate.commit if produced.candidate else "",
        session=produced.session.id if produced.session else "",
        session_usage=asdict(produced.session.usage) if produced.session else {},
        usage=produced.usage,
        passed_over=tuple({"agent": a, "reason": r} for a, r in chosen.passed_over),
    )


def judged_attempt(made: Attempt, verdict: Verdict) -> Attempt:
    """The attempt with what its verdict says."""
    return replace(
        made,
        outcome="passed" if verdict.passed else "discarded",
        reason=str(verdict.reason),
        detail=verdict.detail[:_MOST_DETAIL],
        tree=verdict.tree or "",
        findings=tuple(finding_json(f) for f in verdict.findings),
        verifications=tuple(v.as_json() for v in verdict.verifications),
        metric=verdict.metric,
        ended_at=clock.iso(clock.now()),
    )


def attempted(held: Held, made: Attempt, baseline: float | None) -> Event:
    """The event that records the attempt; it renews the lease."""
    lease = clock.iso(clock.now() + lease_seconds(held.policy.config, held.task))
    data: dict[str, Any] = {"attempt": attempt_json(made), "lease_until": lease}
    if baseline is not None:
        data["metric_baseline"] = baseline
    return held.mine.event(TaskEvent.ATTEMPTED, made.reason, **data)


def attempt_evidence(held: Held, made: Attempt, produced: Produced) -> dict[str, bytes]:
    """The attempt's evidence by path in the ledger's tree; what failed has its rework pack."""
    evidence = {
        evidence_path(held.task.id, made.revision, made.attempt, name): data
        for name, data in produced.evidence.items()
    }
    if made.outcome == "discarded":
        evidence |= rework_evidence(held.claim.plan_id, held.task, made)
    return evidence


def _first_finding(made: Attempt) -> str:
    """The first thing that a person would want to know of an attempt that did not pass."""
    if made.outcome == "passed":
        return ""
    for finding in made.findings:
        if finding["severity"] == Severity.BLOCK:
            return f": {finding['path']} {finding['id']}"
    return f": {made.detail}" if made.detail else ""
