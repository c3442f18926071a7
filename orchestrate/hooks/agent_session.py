"""What an agent in a person's own session is told at its start, at a compaction and at its end.

A runner's attempt has a prompt for all of that; only its subagents are noted.
"""

from __future__ import annotations

import json
import os
import sys
import time

REFUSED = 2
AUDIT_FILE = "orchestrate-agents.jsonl"

STOP = frozenset({"Stop", "AfterAgent"})
COMPACT = frozenset({"PreCompact", "PreCompress"})
SUBAGENT = frozenset({"SubagentStart", "SubagentStop"})

Json = dict[str, object]


def answer(name: str, event: Json, guard: Json, top: str, git_dir: str) -> int:
    """What is said to one event that is about no tool: the exit status."""
    if name in SUBAGENT and git_dir:
        audit(git_dir, event, name)
    if guard.get("runner"):
        return 0
    if name == "SessionStart":
        context(name, session(guard, top, git_dir))
    elif name == "BeforeAgent" and guard:
        context(name, summary(guard, git_dir))
    elif name in COMPACT:
        sys.stdout.write(summary(guard, git_dir))
    elif name in STOP and not event.get("stop_hook_active"):
        return stop(guard, event, top, git_dir)
    return 0


def audit(git_dir: str, event: Json, name: str) -> None:
    """One line about a subagent, in the worktree's git directory."""
    line = {"time": int(time.time()), "event": name}
    line |= {key: event.get(key) for key in ("session_id", "agent_id", "agent_type")}
    with open(os.path.join(git_dir, AUDIT_FILE), "a", encoding="utf-8") as file:
        file.write(json.dumps(line, sort_keys=True) + "\n")


def was_reminded(git_dir: str, event: Json) -> bool:
    """Whether this session was reminded of this task's criteria before."""
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
