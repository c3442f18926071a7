"""`orchestrate status`: what this worktree is on, where a plan's tasks stand, and what is next."""

from typing import Any

import click

from orchestrate.cli.active import print_active
from orchestrate.cli.choosing import (
    chosen_plan,
    known_plans,
    meant_plans,
    plan_argument,
    project_of,
)
from orchestrate.cli.output import json_option, print_json, print_table, shortened, shown
from orchestrate.cli.plan_summary import plan_summary, print_plans
from orchestrate.ledger.codec import task_json
from orchestrate.plans.routing import Doer, route
from orchestrate.plans.state import PlanState, TaskState
from orchestrate.plans.states import PLAN_ENDED, PlanStatus, TaskStatus
from orchestrate.runner.merging import is_merged
from orchestrate.runner.worktree_task import active_json


@click.command()
@plan_argument
@json_option
@click.pass_context
def status(ctx: click.Context, plan: str | None, as_json: bool) -> None:
    """Show where the tasks of a plan stand and what is next.

    First comes the task that this worktree is on, if it is on one. Without PLAN the only plan that
    has not ended is shown; of several, one line each.

    \b
    Examples:
      orchestrate status
      orchestrate status login-fails-abc234 --json
    """
    project = project_of(ctx)
    repo = project.open()
    active = None if plan else active_json(repo)
    if active is not None and active["plan"] not in known_plans(repo):
        _print_active_only(active, as_json)  # an agent's workspace: its plans are elsewhere
        return
    # On a task of its own, a worktree need not say which of several plans is meant.
    named = plan or (active["plan"] if active else None)
    if not named:
        meant = [one.load().state for one in meant_plans(project, repo)]
        if len(meant) != 1:
            _print_overview(meant, as_json)
            return
        named = meant[0].plan.id
    ledger = chosen_plan(project, repo, named)
    state = ledger.load().state
    merged = is_merged(ledger, state)
    if as_json:
        print_json({**status_json(state, merged=merged), "active_task": active})
        return
    if active is not None:
        print_active(active)
    print_status(state, merged=merged)


def _print_active_only(active: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"active_task": active})
    else:
        print_active(active)


def _print_overview(states: list[PlanState], as_json: bool) -> None:
    """No plan, or several that may be meant."""
    if as_json:
        print_json({"plans": [status_json(state) for state in states], "active_task": None})
    elif not states:
        click.echo("no plan here, and this worktree is on no task")
        click.echo('next: orchestrate plan create team-feature --context "what to build"')
        click.echo('  or: orchestrate start "what to do" --scope GLOB')
    else:
        print_plans(states)
        for state in states:
            if state.status not in PLAN_ENDED:
                print_next(next_steps(state))


def status_json(state: PlanState, *, merged: bool = False) -> dict[str, Any]:
    """A plan with its tasks as `--json` shows them."""
    tasks = [task_json(task) for task in state.tasks.values()]
    return {**plan_summary(state), "tasks": tasks, "next": next_steps(state, merged=merged)}


def print_status(state: PlanState, *, merged: bool = False) -> None:
    """The same for people."""
    reason = f" ({shown(state.reason)})" if state.reason else ""
    click.echo(f"plan {state.plan.id}: {state.status}{reason}")
    rows = [_row(state, task) for task in state.tasks.values()]
    print_table(("wave", "task", "status", "attempts", "commit", "reason"), rows)
    if merged:
        click.echo("its branch is merged")
    print_next(next_steps(state, merged=merged))


def print_next(steps: list[str]) -> None:
    """A line for each step."""
    for step in steps:
        click.echo(f"next: {step}")


def _row(state: PlanState, task: TaskState) -> tuple[str, ...]:
    wave = next(n for n, wave in enumerate(state.plan.waves(), start=1) if task.id in wave)
    tries = ", ".join(f"{a.number} {a.reason}" for a in task.attempts)
    reason = "" if task.status is TaskStatus.COMPLETED else shortened(task.reason, 100)
    return (str(wave), task.id, str(task.status), tries, task.commit[:12], reason)


def _answer(state: PlanState, task: TaskState) -> str:
    """The command that gives a task what it waits for."""
    is_signal = route(state.plan.task(task.id)).doer is Doer.SIGNAL
    return "signal" if is_signal else "approve"


def next_steps(state: PlanState, *, merged: bool = False) -> list[str]:
    """What a person does next, as command lines; `merged`: the plan's branch has landed."""
    plan, short = state.plan.id, state.branch.removeprefix("refs/heads/")
    if state.in_own_tree:
        is_open = state.status not in PLAN_ENDED
        return ["commit your work, then: orchestrate finish"] if is_open else []
    if state.status is PlanStatus.DRAFT:
        return [f"orchestrate plan approve {plan}"]
    steps = [
        f"orchestrate task {_answer(state, t)} {t.id} --plan {plan}"
        for t in state.tasks.values()
        if t.status in (TaskStatus.PENDING_REVIEW, TaskStatus.WAITING)
    ]
    steps += [
        f"orchestrate task show {t.id} --plan {plan}; then retry or skip it"
        for t in state.tasks.values()
        if t.status is TaskStatus.FAILED
    ]
    if state.status is PlanStatus.COMPLETED:
        if merged:
            return []
        target = state.target.removeprefix("refs/heads/") or state.base[:12]
        return [
            f"git log --graph {target}..{short}",
            f"orchestrate plan merge {plan}, or open a pull request",
        ]
    if state.status is PlanStatus.PAUSED:
        steps.append(f"orchestrate plan resume {plan}")
    elif not steps and state.status in (PlanStatus.APPROVED, PlanStatus.EXECUTING):
        steps.append(f"orchestrate run {plan}")
    return steps
