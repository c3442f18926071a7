"""How a task and its attempts are told: as JSON for programs, in lines for people."""

from collections.abc import Mapping
from typing import Any

import click

from orchestrate.cli.output import shown
from orchestrate.ledger.codec import task_json
from orchestrate.ledger.store import Ledger, Loaded
from orchestrate.plans.model import Task
from orchestrate.plans.routing import needs_review, route
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.runner.attempt import UNJUDGED, candidate_ref


def _unjudged(ledger: Ledger, task: TaskState) -> dict[str, str]:
    """What stopped attempts left: the attempt's number -> the ref that keeps it."""
    refs = {
        made.number: candidate_ref(ledger.plan_id, task.id, made.revision, made.attempt, UNJUDGED)
        for made in task.attempts
    }
    return {number: ref for number, ref in refs.items() if ledger.repo.ref(ref)}


def task_document(ledger: Ledger, loaded: Loaded, one: Task) -> dict[str, Any]:
    """A task with its state, its evidence and what stopped attempts left."""
    return {
        **task_json(loaded.state.tasks[one.id]),
        "title": one.title,
        "description": one.description,
        "scope": list(one.scope),
        "deny": list(one.deny),
        "depends_on": list(one.depends_on),
        "criteria": [c.text for c in one.criteria],
        "evidence": ledger.evidence(loaded, one.id),
        "unjudged": _unjudged(ledger, loaded.state.tasks[one.id]),
    }


def print_task(ledger: Ledger, loaded: Loaded, one: Task) -> None:
    """The same for people."""
    now = loaded.state.tasks[one.id]
    way = route(one)
    click.echo(f"task {one.id}: {shown(one.title)}")
    facts = {
        "status": f"{now.status}" + (f" ({shown(now.reason)})" if now.reason else ""),
        "done by": f"{way.doer} ({way.reason})" + (", a person reviews it" * needs_review(one)),
        "role": one.role,
        "scope": ", ".join(one.scope),
        "deny": ", ".join(one.deny),
        "depends on": ", ".join(one.depends_on),
        "commit": now.commit,
    }
    for name, value in facts.items():
        if value:
            click.echo(f"  {name + ':':<12}{shown(value)}")
    for criterion in one.criteria:
        click.echo(f"  criterion:  {shown(criterion.text)}")
    _print_attempts(ledger, loaded, now)


def _print_attempts(ledger: Ledger, loaded: Loaded, now: TaskState) -> None:
    unjudged = _unjudged(ledger, now)
    for attempt in now.attempts:
        print_attempt(attempt)
        if attempt.number in unjudged:
            click.echo(f"      left, not judged: git show {unjudged[attempt.number]}")
    for review in now.reviews:
        click.echo(
            f"  {review.decision} by {shown(review.by)}: {shown(review.comment)}".rstrip(": ")
        )
    for path in ledger.evidence(loaded, now.id):
        click.echo(f"  evidence:   git show {ledger.ref}:{path}")


def print_attempt(attempt: Attempt) -> None:
    """An attempt with the agents before it, its findings and what its commands came to."""
    measured = f", measured {attempt.metric:g}" if attempt.metric is not None else ""
    click.echo(
        f"  {attempt.number} by {attempt.agent}: {attempt.outcome}, {attempt.reason}{measured}"
    )
    for passed in attempt.passed_over:
        click.echo(f"      passed over {passed['agent']}: {shown(passed['reason'])}")
    if attempt.detail:
        click.echo(f"      {shown(attempt.detail)}")
    for finding in attempt.findings:
        place = f"{finding['path']}:{finding['line']}" if finding["line"] else finding["path"]
        click.echo(
            f"      {finding['severity']} {finding['id']} {shown(place)}: "
            f"{shown(finding['message'])}"
        )
    for verification in attempt.verifications:
        mark = "passed" if verification["passed"] else f"failed ({verification['ended']})"
        click.echo(f"      {mark}: {shown(verification['command'])}{_origin(verification)}")


def _origin(verification: Mapping[str, Any]) -> str:
    """Which gate the command belongs to, and since when its verdict stands, where it does."""
    gate, reused = verification.get("gate"), verification.get("reused")
    if not gate:
        return ""
    return f" ({verification['criterion']}{f', reused from {reused}' if reused else ''})"
