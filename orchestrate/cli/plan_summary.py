"""A plan in short, as several commands print it."""

from collections.abc import Iterable
from typing import Any

from orchestrate.cli.output import print_table
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import DONE


def done_of(state: PlanState) -> str:
    """How many tasks are done, of how many."""
    done = sum(task.status in DONE for task in state.tasks.values())
    return f"{done}/{len(state.tasks)}"


def plan_summary(state: PlanState) -> dict[str, Any]:
    """A plan as `--json` shows it."""
    return {
        "id": state.plan.id,
        "title": state.plan.title,
        "status": str(state.status),
        "reason": state.reason,
        "version": state.plan.version,
        "approved": state.is_approved,
        "base": state.base,
        "branch": state.branch,
        "target": state.target,
        "failure_policy": str(state.plan.failure_policy),
        "waves": state.plan.waves(),
        "tasks": {task.id: str(task.status) for task in state.tasks.values()},
    }


def print_plans(states: Iterable[PlanState]) -> None:
    """Plans for people, one line each."""
    rows = [
        (s.plan.id, str(s.status), done_of(s), str(s.plan.version), s.plan.title) for s in states
    ]
    print_table(("plan", "status", "done", "version", "title"), rows)
