"""The record: a plan's committed files on its branch, what a pull request's reviewer reads.

They are written in the same commit as the code they describe, and survive what loses refs and
notes: squash merges, forges, plain clones.
"""

from collections.abc import Mapping
from typing import Any

from orchestrate.ledger.codec import SCHEMA_VERSION, task_json
from orchestrate.machine_json import to_json
from orchestrate.plans.model import Task
from orchestrate.plans.state import PlanState, TaskState
from orchestrate.plans.states import ENDED, TaskStatus

PLANS = ".orchestrate/plans/"

# What a record leaves out of a task's state: it says who holds it now, which a closed task has not.
_PASSING = frozenset({"owner", "lease_until"})


def record_folder(plan_id: str) -> str:
    """Where a plan's record lies in the tree, with a slash at the end."""
    return f"{PLANS}{plan_id}/"


def record_files(
    state: PlanState, plan_yaml: bytes, ledger: str, tasks: list[str]
) -> dict[str, bytes]:
    """The record's files by path: the plan, the page for people, and the named tasks' files.

    `ledger` is the ledger commit that the files are made under. A task's own promoted commit is
    not named in its file: the file is part of that commit.
    """
    folder = record_folder(state.plan.id)
    files = {
        f"{folder}plan.yaml": plan_yaml,
        f"{folder}record.md": record_page(state).encode("utf-8", "surrogateescape"),
    }
    for task in tasks:
        record = task_record(state.plan.task(task), state.tasks[task], ledger)
        files[f"{folder}tasks/{task}.json"] = to_json(record)
    return files


def task_record(task: Task, state: TaskState, ledger: str) -> dict[str, Any]:
    """What the record says of one task."""
    kept = {k: v for k, v in task_json(state).items() if k not in _PASSING}
    return {
        **kept,
        "schema_version": SCHEMA_VERSION,
        "title": task.title,
        "scope": list(task.scope),
        "criteria": [c.text for c in task.criteria],
        "ledger": ledger,
    }


def ended_tasks(state: PlanState) -> list[str]:
    """The tasks whose end a record can hold, in the plan's order."""
    return [task.id for task in state.tasks.values() if task.status in ENDED]


def record_page(state: PlanState) -> str:
    """The record for people: one table, one line a task."""
    plan = state.plan
    lines = [
        f"# {_cell(plan.title)}",
        "",
        f"Plan `{plan.id}`, version {plan.version}, based on `{state.base[:12]}`."
        f" Approved by {_approvers(state)}.",
        "",
        "| task | status | attempts | done by | judged tree | candidate | seen by |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_line(plan.task(now.id), now) for now in state.tasks.values()]
    return "\n".join(lines) + "\n"


def _approvers(state: PlanState) -> str:
    names = [_cell(a.by) for a in state.approvals if a.version == state.plan.version]
    return ", ".join(dict.fromkeys(names)) or "nobody (the plan asks for no approval)"


def _line(task: Task, state: TaskState) -> str:
    last = state.attempts[-1] if state.attempts else None
    tries = ", ".join(f"{a.number} {a.reason}" for a in state.attempts)
    seen = ", ".join(f"{_cell(r.by)} {r.decision}" for r in state.reviews)
    cells = [
        f"{task.id}: {_cell(task.title)}",
        str(state.status) + _why(state),
        tries,
        last.agent if last else "",
        f"`{state.tree[:12]}`" if state.tree else "",
        f"`{last.candidate[:12]}`" if last and last.candidate else "",
        seen,
    ]
    return "| " + " | ".join(cells) + " |"


def _why(state: TaskState) -> str:
    """The reason of a status that needs one; a completed task's stands at its attempt."""
    shown = state.reason and state.status is not TaskStatus.COMPLETED
    return f" ({_cell(state.reason)})" if shown else ""


def _cell(text: str) -> str:
    """Text of a person's or an agent's, unable to end a cell, a line or to become markup."""
    flat = " ".join(text.split())
    return "".join(f"\\{c}" if c in "\\|`<>[]*_" else c for c in flat)[:300]


def unrecorded(state: PlanState, recorded: Mapping[str, Any]) -> list[str]:
    """The ended tasks that a record with these task files does not show yet."""
    return [task for task in ended_tasks(state) if task not in recorded]
