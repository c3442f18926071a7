"""Claude Code (`claude -p`), seen with 2.1.329 and 2.1.197.

Traps kept here:
 * `result` can say `subtype: success` with `is_error: true`; there may be several (a background
   subagent ends after the main turn): the last one counts.
 * `total_cost_usd` and `modelUsage` grow over the session and its resumes; `usage` is the main
   thread of this run only.
 * Hooks in the tree can be rewritten by the agent in mid-session, and then switch off those of
   `--settings` too; a `ConfigChange` hook that refuses keeps them on.
 * `bypassPermissions` does not start as root, and asking is refusing without a person: edits and
   the shell are allowed by name, and what they do is judged by the hook.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import NO_KEY, Client, json_object, service_failure, state
from orchestrate.agents.events import Event, Kind, Tally, Usage
from orchestrate.agents.guard import SHARED, hook_line, prove, write_guard
from orchestrate.agents.jsonl import count, dollars
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason
from orchestrate.agents.tool import Command, Pointed

HOOK_SEC = 20
TOOLS = "Bash,Edit,MultiEdit,NotebookEdit,Read,Write,Glob,Grep"
# Only these lines are parsed: tool results are most of a long stream and are passed over.
_WANTED = (b'"type":"assistant"', b'"type":"result"', b'"subtype":"init"', b'"subtype":"api_retry"')
_REFUSED = (b'"decision":"reject"', b'"subtype":"permission_denied"')


class ClaudeClient(Client):
    """Claude Code in print mode."""

    program = ("claude",)
    package = "npm install -g @anthropic-ai/claude-code"
    capabilities = Capabilities(resume=True, events=True, cost=True, hooks=True, shell=True)
    env_prefixes = ("ANTHROPIC_",)
    own_env: ClassVar[tuple[str, ...]] = (
        *("CLAUDE_CONFIG_DIR", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_MAX_RETRIES"),
        *("CLAUDE_CODE_MAX_OUTPUT_TOKENS", "CLAUDE_CODE_AUTO_COMPACT_WINDOW"),
    )
    cumulative = True

    def command(self, attempt: AttemptRequest) -> Command:
        guard = write_guard(attempt)
        prove(attempt, "claude", guard)
        settings = attempt.scratch / "claude-settings.json"
        settings.write_text(json.dumps(_settings(hook_line("claude", guard)), indent=2) + "\n")
        argv = [*self.base, "-p", "--output-format", "stream-json", "--verbose"]
        argv += ["--settings", str(settings), "--permission-mode", "acceptEdits"]
        argv += ["--allowedTools", TOOLS]
        if self.config.model:
            argv += ["--model", self.config.model]
        if attempt.max_turns is not None:
            argv += ["--max-turns", str(attempt.max_turns)]
        if attempt.max_cost_usd is not None:
            argv += ["--max-budget-usd", f"{attempt.max_cost_usd:g}"]
        if attempt.session is not None:
            argv += ["--resume", attempt.session.id]
        env = {
            "DISABLE_AUTOUPDATER": "1",
            "DISABLE_TELEMETRY": "1",
            "DISABLE_ERROR_REPORTING": "1",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        }
        return Command(
            (*argv, *self.config.args),
            env,
            attempt.prompt.encode("utf-8", "surrogateescape"),
            writable=(*state(attempt, ".claude", ".claude.json"), attempt.scratch / SHARED),
        )

    def at_model(self, url: str, home: Path) -> Pointed:
        names = {"ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": NO_KEY}
        return Pointed({**names, "CLAUDE_CODE_MAX_RETRIES": "1"})

    def parse(self, line: bytes) -> Iterable[Event]:
        if line.startswith(b'{"type":"user"'):  # results of tools, most of a stream
            return (Event(Kind.TOOL_REFUSED),) if _REFUSED[0] in line else ()
        said = line.startswith(b'{"type":"assistant"')
        if not said and any(mark in line for mark in _REFUSED):
            return (Event(Kind.TOOL_REFUSED),)
        if not said and not any(mark in line for mark in _WANTED):
            return ()
        document = json_object(line)
        session = str(document.get("session_id") or "")
        match document.get("type"), document.get("subtype"):
            case "system", "init":
                return (Event(Kind.STARTED, session=session),)
            case "system", "api_retry":
                status = count(document, "error_status")
                return (Event(Kind.RETRY, str(document.get("error")), status=status),)
            case "assistant", _:
                return _assistant(document, session)
            case "result", subtype:
                return (_result(document, str(subtype), session),)
        return ()

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        last = tally.ended
        if last is None:
            return self.early_end(end, errors)
        if last.ok and end.code == 0:
            return None
        if last.tool == "error_max_turns":
            return Reason.TURN_LIMIT, last.text
        if last.tool == "error_max_budget_usd":
            return Reason.COST_LIMIT, last.text
        if "No conversation found" in last.text + self.tail(errors):
            return Reason.SESSION_UNKNOWN, "Claude Code knows no such session"
        return service_failure(last.text, last.status), last.text or f"exit {end.code}"


def _settings(hook: str) -> dict[str, Any]:
    entry = [{"hooks": [{"type": "command", "command": hook, "timeout": HOOK_SEC}]}]
    events = ("SessionStart", "PreToolUse", "ConfigChange", "SubagentStart", "SubagentStop")
    return {"hooks": dict.fromkeys(events, entry)}


def _assistant(document: dict[str, Any], session: str) -> Iterable[Event]:
    message = document.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return
    turn = str(message.get("id") or "")
    if document.get("parent_tool_use_id"):
        session = ""
    for block in message["content"]:
        if not isinstance(block, dict):
            continue
        if block.get("type") == "text":
            yield Event(Kind.MESSAGE, str(block.get("text", "")), session=session, turn=turn)
        elif block.get("type") == "tool_use":
            given = block.get("input")
            name = str(block.get("name", ""))
            yield Event(Kind.TOOL_CALL, json.dumps(given, sort_keys=True), name, turn=turn)
            if name in ("Write", "Edit", "MultiEdit") and isinstance(given, dict):
                yield Event(Kind.FILE_CHANGE, str(given.get("file_path", "")), name)


def _result(document: dict[str, Any], subtype: str, session: str) -> Event:
    models = document.get("modelUsage")
    used = [m for m in models.values() if isinstance(m, dict)] if isinstance(models, dict) else []
    usage = Usage(
        sum(count(m, "inputTokens") + count(m, "cacheReadInputTokens") for m in used),
        sum(count(m, "cacheReadInputTokens") for m in used),
        sum(count(m, "outputTokens") for m in used),
        dollars(document, "total_cost_usd"),
        count(document, "num_turns") or None,
    )
    errors = document.get("errors")
    text = str(document.get("result") or "")
    if not text and isinstance(errors, list):
        text = "; ".join(map(str, errors))
    good = subtype == "success" and document.get("is_error") is False
    status = count(document, "api_error_status")
    return Event(Kind.ENDED, text or subtype, subtype, session, usage=usage, ok=good, status=status)
