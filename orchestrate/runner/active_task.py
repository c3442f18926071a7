"""The worktree's active task: a small file in its own git directory, which hooks read.

No environment variable names or overrides it, so what an agent sets changes nothing.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrate import whole_file
from orchestrate.agents.adapter import RefusedCommand
from orchestrate.errors import InvalidInput
from orchestrate.machine_json import to_json
from orchestrate.plans.model import Task
from orchestrate.policy.policy import Policy
from orchestrate.policy.scope_regexes import scope_regexes

FILE_NAME = "orchestrate-task.json"
SCHEMA_VERSION = 1


def active_task(
    plan_id: str, task: Task, policy: Policy, *, allow_protected: bool, base: str = ""
) -> dict[str, Any]:
    """What hooks need to know of a task; `base` is the commit that its work began at.

    `regexes` and `commands` are for agents' own hooks, which have neither time nor libraries for
    patterns and policy.
    """
    protected = policy.config.protected
    role = policy.roles.get(task.role)
    role_scope, role_deny = (role.scope, role.deny_paths) if role else ((), ())
    return {
        "base": base,
        "schema_version": SCHEMA_VERSION,
        "plan": plan_id,
        "task": task.id,
        "title": task.title,
        "role": task.role,
        "scope": list(task.scope),
        "deny": list(task.deny),
        "planned_files": None if task.planned_files is None else list(task.planned_files),
        "protected": list(protected),
        "role_scope": list(role_scope),
        "role_deny": list(role_deny),
        "regexes": scope_regexes(task.scope, task.deny + role_deny, protected, role_scope),
        "commands": [rule.document() for rule in refused_commands(policy)],
        "allow_protected": allow_protected,
        "policy": policy.id,
        "criteria": [c.text for c in task.criteria],
    }


def refused_commands(policy: Policy) -> tuple[RefusedCommand, ...]:
    """The commands that the harness' `block` rules refuse, for agents' own hooks."""
    return tuple(
        RefusedCommand(r.id, r.pattern, f"{r.description} {r.content}".strip(), r.unless or "")
        for r in policy.harness
        if r.active and r.type == "block" and r.pattern is not None
    )


def write(git_dir: Path, task: Mapping[str, Any]) -> None:
    """Put the worktree on the task, at once or not at all."""
    whole_file.write(git_dir / FILE_NAME, to_json(task), mode=0o600)


def read(git_dir: Path) -> dict[str, Any] | None:
    """The task that the worktree is on, or None.

    Raises:
        InvalidInput: the file is not of the form that `write` makes.
    """
    path = git_dir / FILE_NAME
    try:
        task = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise InvalidInput(f"{path}: not valid JSON: {error}", hint="remove it") from None
    if not isinstance(task, dict) or task.get("schema_version") != SCHEMA_VERSION:
        raise InvalidInput(f"{path}: not an active task of this version", hint="remove it")
    return task


def clear(git_dir: Path) -> None:
    """Take the worktree off its task."""
    (git_dir / FILE_NAME).unlink(missing_ok=True)
