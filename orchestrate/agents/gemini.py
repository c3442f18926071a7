"""Gemini CLI (`gemini`), seen with 0.61.0.

Traps kept here:
 * It switches git's hooks off for its shell; `GIT_CONFIG_PARAMETERS` (environment.py) puts them
   back. It hides the user's git identity too: the workspace must have one of its own.
 * The exit status is the HTTP status modulo 256, and 0 after SIGTERM: the `result` event decides.
 * It starts itself again and does not end on a signal then: `GEMINI_CLI_NO_RELAUNCH`.
 * A folder that nobody trusts ends it (55): `GEMINI_CLI_TRUST_WORKSPACE`.
 * Hook timeouts are in milliseconds. It takes settings from outside the tree from its home only
   (system settings must be root's): it gets a home in the scratch folder that links to the user's.
 * A shell command that fails has status "success"; only what was refused has "error".
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import NO_KEY, Client, json_object, service_failure, state
from orchestrate.agents.events import Event, Kind, Tally, Usage
from orchestrate.agents.guard import SHARED, hook_line, prove, write_guard
from orchestrate.agents.jsonl import count
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.tool import Command, Pointed

HOOK_MS = 20_000
WRITERS = frozenset({"write_file", "replace"})
# Exit codes of its own; others come from HTTP statuses and say nothing.
_CODES = {42: Reason.AGENT_FAILED, 52: Reason.AGENT_NOT_RUNNABLE, 53: Reason.TURN_LIMIT}
_NO_SESSION = ("Invalid session identifier", "No previous sessions", "Error resuming session")


class GeminiClient(Client):
    """Gemini without its terminal interface."""

    program = ("gemini",)
    package = "npm install -g @google/gemini-cli"
    capabilities = Capabilities(resume=True, events=True, hooks=True, shell=True)
    env_prefixes = ("GEMINI_API_", "GOOGLE_")
    own_env: ClassVar[tuple[str, ...]] = ("GEMINI_MODEL",)

    def command(self, attempt: AttemptRequest) -> Command:
        guard = write_guard(attempt)
        prove(attempt, "gemini", guard)
        home, links = _home(attempt, _settings(hook_line("gemini", guard)))
        argv = [*self.base, "-o", "stream-json", "--approval-mode", "yolo"]
        if self.config.model:
            argv += ["-m", self.config.model]
        if attempt.session is not None:
            argv += ["--resume", attempt.session.id]
        env = {
            "GEMINI_CLI_HOME": str(home),
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
            "GEMINI_CLI_NO_RELAUNCH": "true",
            "GEMINI_TELEMETRY_ENABLED": "false",
            "NO_COLOR": "1",
        }
        return Command(
            (*argv, *self.config.args),
            env,
            attempt.prompt.encode("utf-8", "surrogateescape"),
            writable=(*links, attempt.scratch / SHARED),
        )

    def at_model(self, url: str, home: Path) -> Pointed:
        folder = home / ".gemini"
        folder.mkdir(exist_ok=True)
        by_key = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
        (folder / "settings.json").write_text(json.dumps(by_key))
        names = {"GEMINI_API_KEY": NO_KEY, "GOOGLE_GEMINI_BASE_URL": url}
        return Pointed(names, self.config.model or "gemini-2.5-pro")

    def parse(self, line: bytes) -> Iterable[Event]:
        if b'"type":"tool_result"' in line[:40] and b'"status":"error"' not in line:
            return ()
        document = json_object(line)
        match document.get("type"):
            case "init":
                return (Event(Kind.STARTED, session=str(document.get("session_id") or "")),)
            case "message" if document.get("role") == "assistant":
                text = str(document.get("content", ""))
                return (Event(Kind.MESSAGE, text, joins=document.get("delta") is True),)
            case "tool_use":
                return _tool_use(document)
            case "tool_result" if document.get("status") == "error":
                return _tool_error(document)
            case "error" if document.get("severity") != "warning":
                return (Event(Kind.ERROR, str(document.get("message", ""))),)
            case "result":
                return (self._result(document),)
        return ()

    def _result(self, document: dict[str, Any]) -> Event:
        stats = document.get("stats")
        usage = _usage(stats) if isinstance(stats, dict) else Usage()
        error = document.get("error")
        text = str(error.get("message", "")) if isinstance(error, dict) else ""
        good = document.get("status") == "success"
        return Event(Kind.ENDED, text, usage=self.reckoned(usage), ok=good)

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        last = tally.ended
        if last is not None and last.ok:
            return None
        if any(text in self.tail(errors) for text in _NO_SESSION):
            return Reason.SESSION_UNKNOWN, "Gemini CLI knows no such session"
        if end.code in _CODES:
            return _CODES[end.code], self.tail(errors).strip()[-500:] or f"exit {end.code}"
        if last is None:
            return self.early_end(end, errors)
        status = (end.code or 0) + 256  # 401 -> 145, 429 -> 173, 503 -> 247
        said = service_failure(last.text)
        return (service_failure("", status) if said is Reason.AGENT_FAILED else said), last.text


def _home(attempt: AttemptRequest, ours: dict[str, Any]) -> tuple[Path, tuple[Path, ...]]:
    """(a home whose settings are the user's and ours, the user's folder that it links to).

    Sessions, login and the rest stay the user's own files.

    Raises:
        Refused: the user's settings do not read, so ours cannot be joined to them.
    """
    users = state(attempt, ".gemini", ".gemini/tmp", ".gemini/history")
    home = attempt.scratch / SHARED / "gemini-home"
    folder = home / ".gemini"
    folder.mkdir(parents=True, exist_ok=True)
    settings: dict[str, Any] = {}
    for path in sorted(users[0].iterdir()) if users else ():
        if path.name == "settings.json":
            settings = _read(path)
        elif not os.path.lexists(folder / path.name):
            (folder / path.name).symlink_to(path)
    hooks = settings.get("hooks")
    joined = dict(hooks) if isinstance(hooks, dict) else {}
    for event, entries in ours["hooks"].items():
        joined[event] = [*joined.get(event, ()), *entries]
    settings |= {**ours, "hooks": joined}
    (folder / "settings.json").write_text(json.dumps(settings, indent=2) + "\n")
    return home, users[:1]


def _read(path: Path) -> dict[str, Any]:
    try:
        settings = json.loads(path.read_bytes())
    except ValueError as error:
        raise Refused(
            Reason.AGENT_NOT_RUNNABLE,
            f"{path} does not read as JSON: {error}",
            hint="remove its comments, so that the hooks can be added to it",
        ) from None
    return settings if isinstance(settings, dict) else {}


def _settings(hook: str) -> dict[str, Any]:
    entry = [{"hooks": [{"type": "command", "command": hook, "timeout": HOOK_MS}]}]
    return {
        "hooks": {"SessionStart": entry, "BeforeTool": [{"matcher": "*", **entry[0]}]},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "hooksConfig": {"enabled": True},
    }


def _tool_use(document: dict[str, Any]) -> Iterable[Event]:
    name, given = str(document.get("tool_name", "")), document.get("parameters")
    turn = str(document.get("tool_id") or "")
    yield Event(Kind.TOOL_CALL, json.dumps(given, sort_keys=True), name, turn=turn)
    if name in WRITERS and isinstance(given, dict):
        yield Event(Kind.FILE_CHANGE, str(given.get("file_path", "")), name)


def _tool_error(document: dict[str, Any]) -> Iterable[Event]:
    error = document.get("error")
    if isinstance(error, dict) and error.get("type") == "policy_violation":
        yield Event(Kind.TOOL_REFUSED, str(error.get("message", "")))


def _usage(stats: dict[str, Any]) -> Usage:
    return Usage(
        count(stats, "input_tokens"), count(stats, "cached"), count(stats, "output_tokens")
    )
