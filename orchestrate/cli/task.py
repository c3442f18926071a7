"""`orchestrate task …`: look at one task and decide on it."""

from collections.abc import Mapping
from typing import Any

import click

from orchestrate.cli.choosing import (
    chosen_plan,
    plan_option,
    project_of,
    reason_option,
    task_argument,
)
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.cli.status import next_steps, print_next
from orchestrate.cli.taking_back import dry_run_option, print_rollback
from orchestrate.ledger.codec import task_json
from orchestrate.ledger.store import Ledger, Loaded
from orchestrate.plans.model import Task
from orchestrate.plans.routing import needs_review, route
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.runner.attempt import UNJUDGED, candidate_ref
from orchestrate.runner.decisions import Decider, need_reason
from orchestrate.runner.rollbacks import roll_back_task


@click.group()
def task() -> None:
    """Look at one task of a plan and decide on it.

    \b
    Examples:
      orchestrate task show fix
      orchestrate task approve review
      orchestrate task return fix --reason "keep the old signature"
      orchestrate task retry fix
    """


@task.command("show")
@task_argument
@plan_option
@click.option("--prompt", "as_prompt", is_flag=True, help="Print the prompt of the next attempt.")
@json_option
@click.pass_context
def show(
    ctx: click.Context, task_id: str, plan: str | None, as_prompt: bool, as_json: bool
) -> None:
    """Show a task: its scope, criteria, attempts and findings.

    \b
    Examples:
      orchestrate task show fix
      orchestrate task show fix --plan login-fails-abc234 --prompt
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    loaded = ledger.load()
    one = loaded.state.plan.task(task_id)
    if as_prompt:
        click.echo(_prompt(ledger, loaded, task_id), nl=False)
    elif as_json:
        print_json(_as_json(ledger, loaded, one))
    else:
        _print_task(ledger, loaded, one)


def _prompt(ledger: Ledger, loaded: Loaded, task_id: str) -> str:
    from orchestrate.agents.prompt import prompt
    from orchestrate.runner.packs import next_pack

    return prompt(next_pack(ledger.repo, loaded.state, task_id))


def _unjudged(ledger: Ledger, task: TaskState) -> dict[str, str]:
    """What stopped attempts left: the attempt's number -> the ref that keeps it."""
    refs = {
        made.number: candidate_ref(ledger.plan_id, task.id, made.revision, made.attempt, UNJUDGED)
        for made in task.attempts
    }
    return {number: ref for number, ref in refs.items() if ledger.repo.ref(ref)}


def _as_json(ledger: Ledger, loaded: Loaded, one: Task) -> dict[str, Any]:
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


def _print_task(ledger: Ledger, loaded: Loaded, one: Task) -> None:
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


@task.command("approve")
@task_argument
@plan_option
@click.option("--comment", default="", help="What to record with the approval.")
@click.pass_context
def approve(ctx: click.Context, task_id: str, plan: str | None, comment: str) -> None:
    """Approve what a task waits for.

    A candidate in review is merged and judged once more on the branch as it is now, then promoted.
    A person's own task is taken as done.

    \b
    Examples:
      orchestrate task approve fix
      orchestrate task approve release --comment "the notes are read"
    """
    loaded, commit = _decider(ctx, plan).approve(task_id, comment)
    click.echo(f"approved {task_id}: promoted as {commit[:12]}")
    print_next(next_steps(loaded.state))


@task.command("signal")
@task_argument
@plan_option
@click.option("--comment", default="", help="What to record with it, such as a link to the CI run.")
@click.pass_context
def signal(ctx: click.Context, task_id: str, plan: str | None, comment: str) -> None:
    """Give a task of mode `signal` what it waits for.

    For CI and scripts. When it will not come: task skip, or task cancel.

    \b
    Example:
      orchestrate task signal deployed --plan login-fails-abc234 --comment "$BUILD_URL"
    """
    loaded, commit = _decider(ctx, plan).signal(task_id, comment)
    click.echo(f"task {task_id} has its signal: recorded as {commit[:12]}")
    print_next(next_steps(loaded.state))


@task.command("return")
@task_argument
@plan_option
@reason_option
@click.pass_context
def give_back(ctx: click.Context, task_id: str, plan: str | None, reason: str) -> None:
    """Send a candidate in review back, with what is to be done better.

    \b
    Example:
      orchestrate task return fix --reason "keep the old signature"
    """
    loaded = _decider(ctx, plan).give_back(task_id, need_reason(reason, "a return"))
    _print_new_status(loaded, task_id)


@task.command("retry")
@task_argument
@plan_option
@reason_option
@click.pass_context
def retry(ctx: click.Context, task_id: str, plan: str | None, reason: str) -> None:
    """Queue a failed task again, with what its failure blocked.

    \b
    Example:
      orchestrate task retry fix && orchestrate run
    """
    _print_new_status(_decider(ctx, plan).retry(task_id, reason), task_id)


@task.command("skip")
@task_argument
@plan_option
@reason_option
@click.pass_context
def skip(ctx: click.Context, task_id: str, plan: str | None, reason: str) -> None:
    """Go on without a task; its dependents take it as done.

    \b
    Example:
      orchestrate task skip docs --reason "described elsewhere"
    """
    loaded = _decider(ctx, plan).skip(task_id, need_reason(reason, "skipping"))
    _print_new_status(loaded, task_id)


@task.command("cancel")
@task_argument
@plan_option
@reason_option
@click.pass_context
def cancel(ctx: click.Context, task_id: str, plan: str | None, reason: str) -> None:
    """End a task for good; what depends on it is blocked.

    \b
    Example:
      orchestrate task cancel docs --reason "the feature was dropped"
    """
    _print_new_status(_decider(ctx, plan).cancel(task_id, reason), task_id)


@task.command("rollback")
@task_argument
@plan_option
@reason_option
@dry_run_option
@json_option
@click.pass_context
def rollback(
    ctx: click.Context, task_id: str, plan: str | None, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Take a completed task back by a revert on the plan branch.

    It is queued again. Every completed task that builds on it goes first. All of it happens or
    nothing does.

    \b
    Examples:
      orchestrate task rollback parser --dry-run
      orchestrate task rollback parser --reason "breaks the old format"
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    done = roll_back_task(ledger, task_id, reason, dry_run=dry_run)
    print_rollback(ledger.plan_id, done, dry_run=dry_run, as_json=as_json)


def _decider(ctx: click.Context, plan: str | None) -> Decider:
    project = project_of(ctx)
    return Decider(project, chosen_plan(project, project.open(), plan).plan_id)


def _print_new_status(loaded: Loaded, task_id: str) -> None:
    state = loaded.state
    click.echo(
        f"task {task_id} is {state.tasks[task_id].status}; plan {state.plan.id} is {state.status}"
    )
    print_next(next_steps(state))
