"""The active task of a worktree, from the file in its git directory.

Only the file says which task a worktree is on: no environment variable, no argument.
"""

import json
from collections.abc import Mapping
from typing import Any

from orchestrate.checks.task_rules import TaskRules
from orchestrate.errors import FileError
from orchestrate.hooks.places import TASK_FILE
from orchestrate.policy.roles import Role

_REPAIR = "run `orchestrate start` again, or remove the file to work without a task"
_LISTS = ("scope", "deny", "protected", "planned_files")


def parse_task(data: bytes) -> dict[str, Any]:
    """The task as written, checked for its form.

    Raises:
        FileError: it is not a task file of this version.
    """
    try:
        task = json.loads(data)
    except ValueError as error:
        raise FileError(TASK_FILE, f"is not JSON: {error}", hint=_REPAIR) from None
    if not isinstance(task, dict) or task.get("schema_version") != 1:
        raise FileError(TASK_FILE, "is not a task file of version 1", hint=_REPAIR)
    if not isinstance(task.get("task"), str) or "scope" not in task:
        raise FileError(TASK_FILE, "names no task or no scope", hint=_REPAIR)
    for field in _LISTS:
        value = task.get(field) or []
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise FileError(TASK_FILE, f"`{field}` is not a list of texts", hint=_REPAIR)
    return task


def task_rules(task: Mapping[str, Any], roles: Mapping[str, Role]) -> TaskRules:
    """What the checks know of the task.

    Raises:
        FileError: its role is not in the policy.
    """
    role_id = task.get("role") or ""
    if role_id and role_id not in roles:
        raise FileError(TASK_FILE, f"the policy has no role `{role_id}`", hint=_REPAIR)
    planned = task.get("planned_files")
    return TaskRules(
        id=task["task"],
        role=roles.get(role_id),
        scope=tuple(task["scope"]),
        deny=tuple(task.get("deny") or ()),
        planned_files=None if planned is None else tuple(planned),
        allow_protected=task.get("allow_protected") is True,
        protected=tuple(task.get("protected") or ()),
    )
