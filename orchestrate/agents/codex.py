"""Codex CLI (`codex exec`), seen with 0.169.0.

Traps kept here:
 * Warnings come as items of type `error`; only `turn.failed` is a failure.
 * `usage` grows over the thread and its resumes; there is no cost.
 * Hooks run only with `--dangerously-bypass-hook-trust` (or trust that a person stored), and
   otherwise in silence: the run ends at its first tool call if none has fired.
 * A command that a hook refused is no item: only standard error tells.
 * Its own sandbox makes `.git` read-only, so that the agent cannot commit. It is off unless `args`
   name one; ours (`sandbox: bwrap`) leaves the workspace's repository usable.
 * A hook that answers "ask" lets the command run: ours only exits 0 or 2.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import NO_KEY, Client, json_object, service_failure, state
from orchestrate.agents.events import Event, Kind, Tally, Usage
from orchestrate.agents.guard import SHARED, hook_line, prove, write_guard
from orchestrate.agents.jsonl import count
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.long_lines import Form, read_ends
from orchestrate.agents.reasons import Reason
from orchestrate.agents.tool import Command, Pointed

HOOK_SEC = 20
_BLOCKED = "blocked by PreToolUse hook"
_SCRIPTED = """\
model = "gpt-5-codex"
model_provider = "scripted"
check_for_update_on_startup = false
[model_providers.scripted]
name = "scripted"
base_url = "%(url)s/v1"
env_key = "SCRIPTED_KEY"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
[analytics]
enabled = false
"""
_RAN = Form(
    re.compile(
        r'\{"type":"item.completed","item":\{"id":"([^"\\]*)",'
        r'"type":"command_execution","command":'
    ),
    ',"aggregated_output":"',
    re.compile(r'","exit_code":(?:-?\d+|null),"status":"\w+"\}\}\Z'),
)


class CodexClient(Client):
    """Codex without its terminal interface."""

    program = ("codex",)
    package = "npm install -g @openai/codex"
    capabilities = Capabilities(resume=True, events=True, hooks=True, shell=True)
    env_prefixes = ("OPENAI_",)
    own_env: ClassVar[tuple[str, ...]] = ("CODEX_HOME", "CODEX_API_KEY")
    cumulative = True

    def command(self, attempt: AttemptRequest) -> Command:
        guard = write_guard(attempt)
        prove(attempt, "codex", guard)
        argv = [*self.base, "exec", *(("resume",) if attempt.session else ()), "--json"]
        if not {"--sandbox", "-s", "--full-auto"} & set(self.config.args):
            argv.append("--dangerously-bypass-approvals-and-sandbox")
        argv.append("--dangerously-bypass-hook-trust")
        for event in ("SessionStart", "PreToolUse"):
            argv += ["-c", _hook(event, hook_line("codex", guard))]
        if self.config.model:
            argv += ["--model", self.config.model]
        argv += self.config.args
        if attempt.session is not None:
            argv.append(attempt.session.id)
        home = attempt.environ.get("CODEX_HOME")
        folders = (Path(home),) if home else state(attempt, ".codex")
        return Command(
            (*argv, "-"),  # the prompt comes on standard input
            stdin=attempt.prompt.encode("utf-8", "surrogateescape"),
            writable=(*folders, attempt.scratch / SHARED),
        )

    def at_model(self, url: str, home: Path) -> Pointed:
        folder = home / ".codex"
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(_SCRIPTED % {"url": url})
        return Pointed({"SCRIPTED_KEY": NO_KEY})

    def parse(self, line: bytes) -> Iterable[Event]:
        if line.startswith(b'{"type":"item.started"'):
            return ()
        if (ran := read_ends(line, _RAN)) is not None:
            return (_command(ran.value, ran.head[0]),)
        document = json_object(line)
        match document.get("type"):
            case "thread.started":
                return (Event(Kind.STARTED, session=str(document.get("thread_id") or "")),)
            case "turn.completed":
                usage = self.reckoned(_usage(document.get("usage")))
                return (Event(Kind.ENDED, usage=usage),)
            case "turn.failed":
                error = document.get("error")
                text = str(error.get("message", "")) if isinstance(error, dict) else ""
                return (Event(Kind.ENDED, text, ok=False),)
            case "error":  # the service is tried again; `turn.failed` follows when it gives up
                return (Event(Kind.RETRY, str(document.get("message", ""))),)
            case "item.completed":
                item = document.get("item")
                return _item(item) if isinstance(item, dict) else ()
        return ()

    def finish(self, attempt: AttemptRequest, tally: Tally) -> None:
        tally.refused += self.tail(attempt.scratch / "errors.txt").count(_BLOCKED)

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        last = tally.ended
        if last is None:
            reason, detail = self.early_end(end, errors)
            if "no rollout found" in detail or "thread not found" in detail.lower():
                return Reason.SESSION_UNKNOWN, detail
            return reason, detail
        if last.ok and end.code == 0:
            return None
        return service_failure(last.text), last.text or f"exit {end.code}"


def _hook(event: str, line: str) -> str:
    """A hook as a TOML assignment; a JSON string is a TOML basic string."""
    return (
        f'hooks.{event}=[{{hooks=[{{type="command",command={json.dumps(line)},'
        f"timeout={HOOK_SEC}}}]}}]"
    )


def _command(command: object, identity: str) -> Event:
    return Event(Kind.TOOL_CALL, str(command), "Bash", turn=identity)


def _item(item: dict[str, Any]) -> Iterable[Event]:
    identity = str(item.get("id") or "")
    match item.get("type"):
        case "agent_message":
            yield Event(Kind.MESSAGE, str(item.get("text", "")))
        case "command_execution":
            yield _command(item.get("command", ""), identity)
        case "file_change":
            changes = item.get("changes")
            paths = [c.get("path") for c in changes] if isinstance(changes, list) else []
            yield Event(Kind.TOOL_CALL, json.dumps(paths), "apply_patch", turn=identity)
            for path in paths:
                yield Event(Kind.FILE_CHANGE, str(path), "apply_patch")
        case "collab_tool_call" | "mcp_tool_call" | "web_search":
            yield Event(Kind.TOOL_CALL, str(item.get("tool", "")), "tool", turn=identity)
        case _:
            return


def _usage(usage: Any) -> Usage:
    if not isinstance(usage, dict):
        return Usage()
    return Usage(
        count(usage, "input_tokens"),
        count(usage, "cached_input_tokens"),
        count(usage, "output_tokens"),
    )
