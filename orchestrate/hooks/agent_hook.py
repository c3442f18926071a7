"""The hook of a coding agent: `python -I -S agent_hook.py CLIENT [GUARD]`, the event on stdin.

People's own clients may also call it as `orchestrate hook agent CLIENT`.

Rules:
 * Before a tool runs: exit 2 and the reason on standard error when it must not; all clients hand
   that to the model. Exit 0 and silence when it may.
 * Whatever goes wrong here is exit 2 as well: every client runs the tool when its hook exits 1,
   prints nonsense or cannot be read.
 * GUARD is the guard document that the runner wrote for an attempt, outside the workspace. Without
   it, the task is the worktree's own (`orchestrate-task.json` in its git directory).
 * Standard library only, `-S`, and no more of it than the call needs: every tool call of an agent
   waits for this. Most need neither `re` nor `json`, which take as long as starting Python.
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REFUSED = 2
TASK_FILE = "orchestrate-task.json"
AUDIT_FILE = "orchestrate-agents.jsonl"

BEFORE_TOOL = frozenset({"PreToolUse", "BeforeTool"})
STOP = frozenset({"Stop", "AfterAgent"})
COMPACT = frozenset({"PreCompact", "PreCompress"})
SUBAGENT = frozenset({"SubagentStart", "SubagentStop"})

Json = dict[str, object]


def main(argv: list[str]) -> int:
    """The exit status for the client."""
    try:
        if ROOT not in sys.path:
            sys.path.insert(0, ROOT)
        from orchestrate.hooks.fast_json import loads

        event = loads(sys.stdin.buffer.read())
        if not isinstance(event, dict):
            raise ValueError("the event is not a JSON object")
        return handle(event, argv[1] if len(argv) > 1 else "")
    except Exception as error:  # noqa: BLE001 - the edge: a hook that fails open is no hook
        sys.stderr.write(f"orchestrate: this hook failed, so the call is refused: {error!r}\n")
        return REFUSED


def handle(event: Json, guard_file: str) -> int:
    """What the client is told about one event."""
    name = str(event.get("hook_event_name", ""))
    folder = str(event.get("cwd") or os.getcwd())
    top, git_dir = locate(folder)
    guard = read_guard(guard_file, git_dir)
    mark(guard, name)
    if name in BEFORE_TOOL:
        return before_tool(event, guard, str(guard.get("workspace") or top), folder)
    if name == "ConfigChange":
        return refuse(["settings do not change while a task is under way"])
    if name in SUBAGENT and git_dir:
        audit(git_dir, event, name)
    elif name == "SessionStart" and not guard.get("runner"):
        context(name, session(guard, top, git_dir))
    elif name == "BeforeAgent" and guard and not guard.get("runner"):
        context(name, summary(guard, git_dir))
    elif name in COMPACT and not guard.get("runner"):
        sys.stdout.write(summary(guard, git_dir))
    elif name in STOP and not guard.get("runner") and not event.get("stop_hook_active"):
        return stop(guard, event, top, git_dir)
    return 0


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


def audit(git_dir: str, event: Json, name: str) -> None:
    """One line about a subagent, in the worktree's git directory."""
    import json
    import time

    line = {"time": int(time.time()), "event": name}
    line |= {key: event.get(key) for key in ("session_id", "agent_id", "agent_type")}
    with open(os.path.join(git_dir, AUDIT_FILE), "a", encoding="utf-8") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def was_reminded(git_dir: str, event: Json) -> bool:
    """Whether this session was reminded of this task's criteria before."""
    import json

    session = event.get("session_id")
    if not session:
        return False
    try:
        with open(os.path.join(git_dir, AUDIT_FILE), encoding="utf-8") as file:
            lines = [json.loads(line) for line in file]
    except FileNotFoundError:
        return False
    return any(line["event"] in STOP and line["session_id"] == session for line in lines)


def context(name: str, text: str) -> None:
    """Give the model some text at the start of its session."""
    if text:
        import json

        answer = {"hookSpecificOutput": {"hookEventName": name, "additionalContext": text}}
        sys.stdout.write(json.dumps(answer))


def session(guard: Json, top: str, git_dir: str) -> str:
    """What a session begins with: the summary, and where that can be had, rules and findings.

    A session starts once and may take its time; what fails here refuses nothing, so it is told.
    """
    text = summary(guard, git_dir)
    try:
        import site

        site.main()
        from orchestrate.hooks.session import more

        return text + (more(top) if git_dir else "")
    except Exception as error:  # noqa: BLE001 - the edge: a session without its rules still starts
        return f"{text}The rules and the last findings could not be read: {error!r}\n"


def summary(guard: Json, git_dir: str) -> str:
    """Branch and task in a few lines: what is worth keeping through a compaction."""
    lines = []
    try:
        with open(os.path.join(git_dir, "HEAD"), encoding="utf-8") as file:
            lines.append("Branch: " + file.read().strip().removeprefix("ref: refs/heads/"))
    except OSError:
        pass
    if guard:
        lines.append(f"Task: {guard.get('task')} ({guard.get('title')}) of {guard.get('plan')}")
        for name in ("scope", "role_scope", "deny", "role_deny", "protected", "criteria"):
            values = guard.get(name)
            if isinstance(values, list) and values:
                lines.append(
                    f"{name.capitalize().replace('_', ' ')}: " + "; ".join(map(str, values))
                )
        lines.append("Changes outside the scope are refused; hooks stay on.")
    return "\n".join(lines) + "\n" if lines else ""


def stop(guard: Json, event: Json, top: str, git_dir: str) -> int:
    """Tell once a session what is not known to hold; the client says when it comes here again."""
    if not guard.get("criteria") or was_reminded(git_dir, event):
        return 0
    left = criteria_left(guard, top)
    if not left:
        return 0
    audit(git_dir, event, str(event.get("hook_event_name")))
    sys.stderr.write("Before you stop, see that each of these holds, or say which does not:\n")
    for text in left:
        sys.stderr.write(f"- {text}\n")
    return REFUSED


def criteria_left(guard: Json, top: str) -> list[str]:
    """The criteria that are not known to hold; all of them where that cannot be found out."""
    try:
        import site

        site.main()
        from orchestrate.hooks.unfinished import unfinished

        return unfinished(top)
    except Exception as error:  # noqa: BLE001 - the edge: the reminder itself must not get lost
        found = guard.get("criteria")
        listed = found if isinstance(found, list) else []
        return [*map(str, listed), f"what is known of them could not be read: {error!r}"]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
