"""OpenCode (`opencode run`), seen with 1.18.33.

Traps kept here:
 * Its hooks are JavaScript plugins, and a broken plugin is passed over in silence: the run ends at
   its first tool call if ours has not fired.
 * With a plugin it asks the npm registry for a package at start, 70 s when offline:
   `npm_config_offline`.
 * Whatever it would ask a person for is refused, and the run then ends with exit 0.
 * Cost and tokens come with each step and are added up; a subagent's steps are not in the stream.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import NO_KEY, Client, json_object, service_failure, state
from orchestrate.agents.events import Event, Kind, Tally, Usage
from orchestrate.agents.guard import SHARED, hook_argv, prove, write_guard
from orchestrate.agents.jsonl import count, dollars
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.long_lines import Form, read_ends
from orchestrate.agents.reasons import Reason
from orchestrate.agents.tool import Command, Pointed

WRITERS = frozenset({"write", "edit", "patch", "apply_patch", "multiedit"})
_REFUSED = ("orchestrate refused this", "The user rejected permission", "prevents you from using")

# A tool that did its work, as it prints it; a failed one is short and is parsed.
_DONE = Form(
    re.compile(
        r'\{"type":"tool_use","timestamp":\d+,"sessionID":"\w*",'
        r'"part":\{"type":"tool","tool":"([\w.-]*)","callID":"[^"\\]*",'
        r'"state":\{"status":"completed","input":'
    ),
    ',"output":"',
    re.compile(r',"messageID":"(\w*)"\}\}\Z'),
)

# A tool call waits for the hook's answer; whatever is wrong with it refuses the call.
PLUGIN = """\
import { spawnSync } from "node:child_process"
const [program, ...args] = %(argv)s
const ask = (event) => {
  const done = spawnSync(program, args, { input: JSON.stringify(event), encoding: "utf8",
                                          timeout: 20000 })
  if (done.status !== 0) throw new Error((done.stderr || "orchestrate: the hook failed").trim())
}
export const Orchestrate = async ({ directory }) => {
  ask({ hook_event_name: "SessionStart", cwd: directory })
  return {
    "tool.execute.before": async (input, output) => {
      ask({ hook_event_name: "PreToolUse", cwd: directory, tool_name: input.tool,
            tool_input: output.args })
    },
  }
}
"""


class OpenCodeClient(Client):
    """OpenCode without its terminal interface."""

    program = ("opencode",)
    package = "npm install -g opencode-ai"
    capabilities = Capabilities(resume=True, events=True, cost=True, hooks=True, shell=True)
    env_prefixes = ("ANTHROPIC_", "OPENAI_", "GEMINI_API_", "GOOGLE_GENERATIVE_", "OPENROUTER_")
    own_env: ClassVar[tuple[str, ...]] = ("OPENCODE_CONFIG", "OPENCODE_CONFIG_DIR")

    def command(self, attempt: AttemptRequest) -> Command:
        guard = write_guard(attempt)
        prove(attempt, "opencode", guard)
        plugin = attempt.scratch / "orchestrate-guard.js"
        plugin.write_text(PLUGIN % {"argv": json.dumps(hook_argv("opencode", guard))})
        argv = [*self.base, "run", "--format", "json"]
        if self.config.model:
            argv += ["--model", self.config.model]
        if attempt.session is not None:
            argv += ["--session", attempt.session.id]
        env = {
            "OPENCODE_CONFIG_CONTENT": json.dumps(_settings(plugin)),
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "npm_config_offline": "true",
            "npm_config_fetch_retries": "0",
        }
        folders = (".local/share/opencode", ".local/state/opencode", ".cache/opencode")
        return Command(
            (*argv, *self.config.args),
            env,
            attempt.prompt.encode("utf-8", "surrogateescape"),
            writable=(
                *state(attempt, *folders, ".config/opencode"),
                attempt.scratch / SHARED,
            ),
        )

    def at_model(self, url: str, home: Path) -> Pointed:
        file = home / "opencode.json"
        file.write_text(json.dumps(_scripted(url)))
        return Pointed({"OPENCODE_CONFIG": str(file)}, "scripted/m")

    def parse(self, line: bytes) -> Iterable[Event]:
        if (done := read_ends(line, _DONE)) is not None:
            state = {"status": "completed", "input": done.value}
            return _tool_use({"tool": done.head[0], "state": state}, done.tail[0])
        document = json_object(line)
        session = str(document.get("sessionID") or "")
        part = document.get("part")
        part = part if isinstance(part, dict) else {}
        turn = str(part.get("messageID") or "")
        match document.get("type"):
            case "step_start":
                return (Event(Kind.STARTED, session=session, turn=turn),)
            case "text":
                return (Event(Kind.MESSAGE, str(part.get("text", "")), turn=turn),)
            case "tool_use":
                return _tool_use(part, turn)
            case "step_finish":
                return (self._step(part, session),)
            case "error":
                return (_error(document.get("error"), session),)
        return ()

    def _step(self, part: dict[str, Any], session: str) -> Event:
        tokens = part.get("tokens")
        tokens = tokens if isinstance(tokens, dict) else {}
        cache = tokens.get("cache")
        cached = count(cache, "read") if isinstance(cache, dict) else 0
        usage = Usage(
            count(tokens, "input") + cached,
            cached,
            count(tokens, "output"),
            dollars(part, "cost"),
        )
        kind = Kind.ENDED if part.get("reason") == "stop" else Kind.USAGE
        return Event(kind, session=session, usage=self.reckoned(usage), adds=True)

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        if tally.errors:
            last = tally.errors[-1]
            return service_failure(last.text, last.status), last.text
        if tally.ended is not None and end.code == 0:
            return None
        said = self.tail(errors)
        if "Session not found" in said:
            return Reason.SESSION_UNKNOWN, "OpenCode knows no such session"
        if end.code == 0 and tally.refused:
            return Reason.AGENT_GAVE_UP, "it ended because it was refused something"
        return self.early_end(end, errors)


def _settings(plugin: Path) -> dict[str, Any]:
    return {
        "plugin": [plugin.as_uri()],
        "share": "disabled",
        "autoupdate": False,
        "permission": {"edit": "allow", "bash": "allow", "external_directory": "deny"},
    }


def _scripted(url: str) -> dict[str, Any]:
    """A configuration whose one provider is a model on loopback."""
    model = {"name": "m", "tool_call": True, "limit": {"context": 200_000, "output": 8_000}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "Scripted",
        "options": {"baseURL": f"{url}/v1", "apiKey": NO_KEY},
        "models": {"m": {**model, "cost": {"input": 3, "output": 15}}},
    }
    named = {"model": "scripted/m", "small_model": "scripted/m"}
    return {**named, "provider": {"scripted": provider}}


def _tool_use(part: dict[str, Any], turn: str) -> Iterable[Event]:
    tool, given = str(part.get("tool", "")), part.get("state")
    given = given if isinstance(given, dict) else {}
    arguments = given.get("input")
    yield Event(Kind.TOOL_CALL, json.dumps(arguments, sort_keys=True), tool, turn=turn)
    error = str(given.get("error", ""))
    if given.get("status") == "error" and any(text in error for text in _REFUSED):
        yield Event(Kind.TOOL_REFUSED, error, tool)
    elif tool in WRITERS and isinstance(arguments, dict):
        yield Event(Kind.FILE_CHANGE, str(arguments.get("filePath", "")), tool)


def _error(error: Any, session: str) -> Event:
    data = error.get("data") if isinstance(error, dict) else None
    data = data if isinstance(data, dict) else {}
    text = str(data.get("message") or error)
    return Event(Kind.ERROR, text, session=session, ok=False, status=count(data, "statusCode"))
