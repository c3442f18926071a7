"""Reads a replay script: strict YAML, its schema, one action a step, paths that stay inside."""

from pathlib import Path
from typing import Any

from orchestrate.errors import FileError
from orchestrate.policy.schema import validate, with_defaults
from orchestrate.policy.yaml import Document, Key, load_document

SCHEMA = "replay-script"
ACTIONS = (
    *("write", "append", "delete", "rename", "chmod", "symlink"),
    *("run", "print", "sleep", "result"),
)


def load_script(path: Path) -> dict[str, Any]:
    """The script in a file.

    Raises:
        FileError: it is not there, does not parse, or holds a step that is not one; with its line.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(str(path), f"cannot be read: {error.strerror}") from None
    return parse_script(data, str(path))


def parse_script(data: bytes, path: str) -> dict[str, Any]:
    """The script in `data`.

    Raises:
        FileError: see `load_script`.
    """
    document = load_document(data, path)
    validate(document, SCHEMA)
    if not document.value.get("attempts") and not document.value.get("tasks"):
        raise document.error((), "the script has neither `attempts` nor `tasks`")
    for at, steps in _step_lists(document.value):
        for i, step in enumerate(steps):
            _check_step(document, (*at, i), step)
    script = with_defaults(document.value, SCHEMA)
    assert isinstance(script, dict)
    return script


def attempt_steps(script: dict[str, Any], task: str, number: int) -> dict[str, Any]:
    """What the nth try (from 0) of a task plays; the last entry repeats.

    A task that the script does not name plays the script's own `attempts`, else nothing at all.
    """
    attempts = script["tasks"].get(task, script).get("attempts") or [{"steps": [], "exit": 0}]
    play = attempts[min(number, len(attempts) - 1)]
    assert isinstance(play, dict)
    return play


def _step_lists(value: dict[str, Any]) -> list[tuple[tuple[Key, ...], list[Any]]]:
    lists: list[tuple[tuple[Key, ...], list[Any]]] = []
    owners: list[tuple[tuple[Key, ...], dict[str, Any]]] = [((), value)]
    owners += [(("tasks", name), task) for name, task in value.get("tasks", {}).items()]
    for at, owner in owners:
        for i, attempt in enumerate(owner.get("attempts", [])):
            lists.append(((*at, "attempts", i, "steps"), attempt["steps"]))
    return lists


def _check_step(document: Document, at: tuple[Key, ...], step: dict[str, Any]) -> None:
    actions = [name for name in ACTIONS if name in step]
    if len(actions) != 1:
        raise document.error(at, f"a step is one of {', '.join(ACTIONS)}, not {sorted(step)}")
    if "expect_exit" in step and actions != ["run"]:
        raise document.error((*at, "expect_exit"), "`expect_exit` goes with `run` only")
    action = step[actions[0]]
    for path in _paths(actions[0], action):
        if problem := outside(path):
            raise document.error((*at, actions[0]), f"path {path!r} {problem}")


def _paths(action: str, value: Any) -> list[str]:
    if action == "delete":
        return [value]
    if action == "rename":
        return [value["from"], value["to"]]
    return [value["path"]] if action in ("write", "append", "chmod", "symlink") else []


def outside(path: str) -> str:
    """Why a path is not one inside the workspace; empty when it is. Links are seen when played."""
    parts = path.split("/")
    if path.startswith("/"):
        return "is absolute; it must lie in the workspace"
    if ".." in parts:
        return "leaves the workspace by '..'"
    if "" in parts or "." in parts or "\0" in path:
        return "has an empty part, a '.' or a NUL"
    return ""
