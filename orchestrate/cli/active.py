"""What a worktree is on, as `start`, `finish` and `status` show it."""

import json
from typing import Any

import click

from orchestrate.checkpoints.journal import folder
from orchestrate.checkpoints.judge import FINDINGS
from orchestrate.cli.output import shown
from orchestrate.git.repository import Repository
from orchestrate.plans.model import Task
from orchestrate.plans.state import TaskState
from orchestrate.runner import clock
from orchestrate.runner.own_task import OwnTask, looked_up


def active_json(repo: Repository) -> dict[str, Any] | None:
    """The task of this worktree with its last findings, None when it is on none."""
    named, own = looked_up(repo)
    if own is not None:
        found = own_json(own)
    elif named is not None:
        keys = ("plan", "task", "title", "role", "scope", "deny", "criteria", "base")
        found = {key: named.get(key) for key in keys}
    else:
        return None
    last = _last_findings(repo, own.state if own else None)
    return {**found, "hooks_know": named is not None, "last_findings": last}


def own_json(own: OwnTask) -> dict[str, Any]:
    """A person's own task for programs."""
    task: Task = own.task
    return {
        "plan": own.ledger.plan_id,
        "task": task.id,
        "title": task.title,
        "role": task.role,
        "scope": list(task.scope),
        "deny": list(task.deny),
        "criteria": [c.text for c in task.criteria],
        "base": own.loaded.state.base,
        "status": str(own.state.status),
    }


def print_active(active: dict[str, Any]) -> None:
    """The same for people."""
    click.echo(f"this worktree is on task {active['task']}: {shown(str(active['title']))}")
    facts = {
        "plan": active["plan"],
        "role": active["role"],
        "scope": ", ".join(active["scope"] or ()),
        "deny": ", ".join(active["deny"] or ()),
    }
    for name, value in facts.items():
        if value:
            click.echo(f"  {name + ':':<12}{shown(str(value))}")
    for criterion in active["criteria"] or ():
        click.echo(f"  criterion:  {shown(criterion)}")
    if active.get("last_findings"):
        _print_findings(active["last_findings"])
    if not active.get("hooks_know", True):
        click.echo("  its start was interrupted, or its file removed: the hooks do not know it;")
        click.echo("  the same orchestrate start again puts the worktree back on it")


def _print_findings(last: dict[str, Any]) -> None:
    found = last["findings"]
    click.echo(f"  findings:   {len(found)}, {last['by']} at {last['at']}")
    if last.get("error"):
        click.echo(f"    the checks did not end: {shown(last['error'])}")
    for one in found:
        place = f"{one['path']}:{one['line']}" if one.get("line") else one["path"]
        click.echo(f"    {one['severity']} {one['id']} {shown(place)}: {shown(one['message'])}")


def _last_findings(repo: Repository, task: TaskState | None) -> dict[str, Any] | None:
    """The newest findings: of the watch, or of the last finish that did not pass."""
    known = [found for found in (_of_watch(repo), _of_finish(task)) if found is not None]
    return max(known, key=lambda one: str(one["at"]), default=None)


def _of_watch(repo: Repository) -> dict[str, Any] | None:
    path = folder(repo.git_dir) / FINDINGS
    try:
        document = json.loads(path.read_bytes())
        return {
            "by": "watch",
            "at": clock.iso(document["checked_at"]),
            "error": str(document.get("error") or ""),
            "findings": list(document["findings"]),
        }
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        # Said aloud, not skipped: findings that cannot be read are not "no findings".
        said = f"{path}: not readable: {error}"
        return {"by": "watch", "at": "", "error": said, "findings": []}


def _of_finish(task: TaskState | None) -> dict[str, Any] | None:
    if task is None or not task.attempts:
        return None
    last = task.attempts[-1]
    return {"by": "finish", "at": last.ended_at, "error": "", "findings": list(last.findings)}
