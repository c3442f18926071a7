"""What an agent's hook answers to each event of its client; the guard document says what holds.

An event about a tool needs this file and the judge alone; `agent_session.py` has the others.
"""

from __future__ import annotations

import os
import sys

REFUSED = 2
TASK_FILE = "orchestrate-task.json"

BEFORE_TOOL = frozenset({"PreToolUse", "BeforeTool"})

Json = dict[str, object]


def handle(event: Json, guard_file: str) -> int:
    """What the client is told about one event: the exit status."""
    name = str(event.get("hook_event_name", ""))
    folder = str(event.get("cwd") or os.getcwd())
    top, git_dir = locate(folder)
    guard = read_guard(guard_file, git_dir)
    mark(guard, name)
    if name in BEFORE_TOOL:
        return before_tool(event, guard, str(guard.get("workspace") or top), folder)
    if name == "ConfigChange":
        return refuse(["settings do not change while a task is under way"])
    from orchestrate.hooks.agent_session import answer

    return answer(name, event, guard, top, git_dir)


def before_tool(event: Json, guard: Json, root: str, folder: str) -> int:
    """Refuse the call or let it run."""
    from orchestrate.hooks.agent_judge import judge

    given = event.get("tool_input")
    if not isinstance(given, dict):
        raise ValueError("the event has no tool_input")
    return refuse(judge(str(event.get("tool_name", "")), given, guard, root, folder))


def refuse(reasons: list[str]) -> int:
    """Tell the model why; exit status 0 when there is nothing to tell."""
    for reason in reasons:
        sys.stderr.write(f"orchestrate refused this: {reason}\n")
    return REFUSED if reasons else 0


def read_guard(guard_file: str, git_dir: str) -> Json:
    """The guard document; empty when no task is active."""
    path = guard_file or (os.path.join(git_dir, TASK_FILE) if git_dir else "")
    from orchestrate.hooks.fast_json import loads

    try:
        with open(path, "rb") as file:
            guard = loads(file.read())
    except FileNotFoundError:
        if guard_file:
            raise
        return {}
    if not isinstance(guard, dict) or guard.get("schema_version") != 1:
        raise ValueError(f"{path} is not a task of this version")
    if "role" not in guard.get("regexes", ()):  # none, or of a version without roles
        guard["regexes"] = compiled(guard)
    return guard


def compiled(guard: Json) -> Json:
    """The patterns of a task as regular expressions; costs an import of pathspec (20 ms)."""
    import site

    site.main()
    from orchestrate.policy.scope_regexes import scope_regexes

    lists = []
    for name in ("scope", "deny", "protected", "role_scope", "role_deny"):
        patterns = guard.get(name) or []
        if not isinstance(patterns, list):
            raise ValueError(f"`{name}` of the task is no list")
        lists.append([str(pattern) for pattern in patterns])
    scope, deny, protected, role, role_deny = lists
    return {**scope_regexes(scope, deny + role_deny, protected, role)}


def locate(folder: str) -> tuple[str, str]:
    """(top of the worktree, its own git directory) at or above a folder; "" when there is none."""
    at = os.path.realpath(folder)
    while True:
        dot_git = os.path.join(at, ".git")
        if os.path.isdir(dot_git):
            return at, dot_git
        if os.path.isfile(dot_git):
            with open(dot_git, encoding="utf-8", errors="surrogateescape") as file:
                found = file.read().strip().removeprefix("gitdir: ")
            return at, os.path.join(at, found)
        above = os.path.dirname(at)
        if above == at:
            return folder, ""
        at = above


def mark(guard: Json, name: str) -> None:
    """Show the runner that this hook fires."""
    path = guard.get("fired")
    if path:
        with open(str(path), "a", encoding="utf-8") as file:
            file.write(name + "\n")
