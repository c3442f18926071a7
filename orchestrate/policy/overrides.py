"""`--set subtask.field.path=value`: one typed change to a plan made from a template."""

import json
import re
from collections.abc import Sequence
from typing import Any

from orchestrate.errors import InvalidInput
from orchestrate.policy.problems import unknown
from orchestrate.policy.scalars import plain_value
from orchestrate.policy.schema import Schema, schema


def parse_value(text: str) -> Any:
    """true, false, null, a number, a JSON list, map or quoted text; else the text itself.

    Raises:
        InvalidInput: it begins like JSON and is not, or is a number that JSON cannot hold.
    """
    stripped = text.strip()
    try:
        if stripped[:1] in ("[", "{", '"') and not stripped.startswith("{{"):
            return json.loads(stripped)
        value = plain_value(stripped) if stripped else ""
    except ValueError as error:
        raise InvalidInput(
            f"the value {stripped!r} is not valid JSON: {error}", hint='lists read ["a", "b"]'
        ) from None
    return text if isinstance(value, str) else value


def apply_override(tasks: Sequence[dict[str, Any]], path: str, value: Any) -> None:
    """Set one field of one task; a step that is a number is an item of a list.

    Raises:
        InvalidInput: no such task, field or item; names the known ones.
    """
    task_id, *steps = path.split(".")
    known = [task["id"] for task in tasks]
    if task_id not in known:
        raise _unknown("subtask", task_id, known, path)
    if not steps:
        raise InvalidInput(f"{path!r} names no field of the subtask `{task_id}`")
    if steps == ["id"]:
        raise InvalidInput(f"{path!r}: an id cannot be changed, other subtasks depend on it")
    _set(
        tasks[known.index(task_id)],
        steps,
        value,
        schema("plan")["properties"]["tasks"]["items"],
        path,
    )


def _set(
    at: dict[str, Any] | list[Any],
    steps: Sequence[str],
    value: Any,
    part: Schema,
    path: str,
) -> None:
    step, rest = steps[0], steps[1:]
    if isinstance(at, list):
        index = _index(step, len(at), path)
        if not rest:
            at[index] = value
            return
        child, below = at[index], part.get("items", {})
    else:
        fields = part.get("properties", {})
        if step not in fields:
            raise _unknown("field", step, list(fields), path)
        if not rest:
            at[step] = value
            return
        if at.get(step) is None:
            at[step] = {}
        child, below = at[step], fields[step]
    if not isinstance(child, dict | list):
        raise InvalidInput(f"{path!r}: `{step}` holds {json.dumps(child)}, which has no fields")
    _set(child, rest, value, below, path)


def _index(step: str, length: int, path: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", step) or int(step) >= length:
        have = f"0 to {length - 1}" if length else "none"
        raise InvalidInput(f"{path!r}: `{step}` is no item of the list", hint=f"items: {have}")
    return int(step)


def _unknown(kind: str, name: str, known: Sequence[str], path: str) -> InvalidInput:
    message, hint = unknown(kind, name, known)
    return InvalidInput(f"{path!r}: {message}", hint=hint)
