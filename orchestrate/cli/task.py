"""`orchestrate task …`: look at one task and decide on it."""

import click

from orchestrate.cli.choosing import (
    chosen_plan,
    plan_option,
    project_of,
    reason_option,
    task_argument,
)
from orchestrate.cli.output import json_option, print_json
from orchestrate.cli.status import next_steps, print_next
from orchestrate.cli.taking_back import dry_run_option, print_rollback
from orchestrate.cli.task_shown import print_task, task_document
from orchestrate.ledger.store import Ledger, Loaded
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
        print_json(task_document(ledger, loaded, one))
    else:
        print_task(ledger, loaded, one)


def _prompt(ledger: Ledger, loaded: Loaded, task_id: str) -> str:
    from orchestrate.agents.prompt import prompt
    from orchestrate.runner.packs import next_pack

    return prompt(next_pack(ledger.repo, loaded.state, task_id))


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
