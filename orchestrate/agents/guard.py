"""The guard document of an attempt: what the client's own hooks judge by, outside the workspace.

It says the same as the worktree's active task, with the patterns compiled (the hook is too short of
time for that), the commands that the policy refuses, and where the hook shows that it fired.
"""

import json
import os
import re
import sys
from pathlib import Path

from orchestrate.agents.adapter import AttemptRequest, RefusedCommand
from orchestrate.agents.process import ProcessLimits, run_process
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.machine_json import to_json
from orchestrate.policy.scope_regexes import scope_regexes

HOOK = Path(__file__).parent.parent / "hooks" / "agent_hook.py"
SHARED = "shared"  # the one folder of the scratch that the agent's side writes to
REFUSED = 2


def write_guard(attempt: AttemptRequest) -> Path:
    """The guard's file, written anew; nothing has fired yet.

    Raises:
        Refused: a pattern of the policy is one that Python's `re` does not take.
    """
    for rule in attempt.refused_commands:
        _check(rule)
    folder = attempt.scratch / SHARED
    folder.mkdir(parents=True, exist_ok=True)
    fired_file(attempt).write_bytes(b"")
    scope, pack = attempt.pack.scope, attempt.pack
    lists = {"scope": scope.allow, "deny": scope.deny, "protected": scope.protected}
    document = {
        "schema_version": 1,
        "runner": True,
        "plan": pack.plan,
        "task": pack.task,
        "title": pack.title,
        **{name: list(patterns) for name, patterns in lists.items()},
        "allow_protected": scope.allow_protected,
        "planned_files": None if scope.planned_files is None else list(scope.planned_files),
        "role_scope": list(scope.role),
        "regexes": scope_regexes(scope.allow, scope.deny, scope.protected, scope.role),
        "commands": [rule.document() for rule in attempt.refused_commands],
        "workspace": str(attempt.workspace),
        "hidden": [os.path.realpath(path) for path in attempt.hide],
        "fired": str(fired_file(attempt)),
    }
    path = attempt.scratch / "guard.json"
    path.write_bytes(to_json(document))
    return path


def _check(rule: RefusedCommand) -> None:
    """The hook has no RE2: a policy's pattern must mean the same to `re`, as nearly all do."""
    for pattern in (rule.pattern, rule.unless):
        try:
            re.compile(pattern)
        except re.error as error:
            raise Refused(
                Reason.AGENT_NOT_RUNNABLE,
                f"harness rule {rule.id}: the hook cannot use the pattern {pattern!r}: {error}",
                hint="write it without what only RE2 knows",
            ) from None


def fired_file(attempt: AttemptRequest) -> Path:
    """The file that gets a line each time the hook fires."""
    return attempt.scratch / SHARED / "fired.txt"


def hook_argv(client: str, guard: Path) -> tuple[str, ...]:
    """The hook's command; `-I -S` keeps what the agent puts in the environment out of it."""
    return (sys.executable, "-I", "-S", str(HOOK), client, str(guard))


def hook_line(client: str, guard: Path) -> str:
    """The hook's command for a shell.

    Raises:
        Refused: a path has a quote, which the clients' shells would read in their own ways.
    """
    words = hook_argv(client, guard)
    if any("'" in word or "\n" in word for word in words):
        raise Refused(Reason.AGENT_NOT_RUNNABLE, f"a path of the hook has a quote: {words}")
    return " ".join(f"'{word}'" for word in words)


def prove(attempt: AttemptRequest, client: str, guard: Path) -> None:
    """Have the hook refuse something, before the client is trusted to ask it.

    Raises:
        Refused: it did not refuse.
    """
    event = {
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": "git commit --no-verify -m probe"},
        "cwd": str(attempt.workspace),
    }
    end = run_process(
        hook_argv(client, guard),
        cwd=attempt.workspace,
        env={"PATH": attempt.environ.get("PATH", "/usr/bin:/bin")},
        output=attempt.scratch / "hook-probe.txt",
        stdin=json.dumps(event).encode(),
        limits=ProcessLimits(max_runtime_sec=15),
    )
    fired = fired_file(attempt).read_bytes()
    if end.code != REFUSED or b"PreToolUse" not in fired:
        raise Refused(
            Reason.HOOKS_SILENT,
            f"the hook for {client} let a probe pass (exit {end.code})",
            hint=f"run it by hand: {' '.join(hook_argv(client, guard))}",
        )
    fired_file(attempt).write_bytes(b"")
