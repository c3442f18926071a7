"""What a worktree is on, and what was found in it last, for programs and for agents' sessions."""

import json
from typing import Any

from orchestrate.checkpoints.journal import folder
from orchestrate.checkpoints.judge import FINDINGS
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
