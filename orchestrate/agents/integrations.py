"""Our hooks in the settings of a person's own coding client: put in, and taken out to the byte.

Pure: text in, text out. What stands in a file is never changed or moved, an entry of ours is known
by its command, and a client reads the file by itself:

 * Claude Code, Codex, Gemini: an entry for each event in a JSON file of the worktree.
 * OpenCode: a plugin file, all ours.
 * Aider: it has no hooks; three settings make it run git's hooks and hand it what a check says.

A hook command holds this machine's paths, so each file is one that people do not commit.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from orchestrate.agents import json_text
from orchestrate.agents.json_text import Node
from orchestrate.errors import Conflict, InvalidInput

HOOK_SEC = 20
OURS = re.compile(r"orchestrate/hooks/agent_hook\.py|orchestrate hook agent ")

# What each client asks at which of its events; None is every tool, or an event without tools.
_CLAUDE = {
    "SessionStart": None,
    "PreToolUse": "Bash|Edit|MultiEdit|Write|NotebookEdit",
    "PreCompact": None,
    "Stop": None,
    "SubagentStart": None,
    "SubagentStop": None,
}
# Codex hands nothing of PreCompact to its summariser; SessionStart comes again after it.
_CODEX = {name: None for name in _CLAUDE if name != "PreCompact"}
# Gemini's PreCompress fires before every turn, and what it prints goes nowhere: each prompt brings
# the state again instead.
_GEMINI = {"SessionStart": None, "BeforeAgent": None, "BeforeTool": "*", "AfterAgent": None}

_PLUGIN = """\
// Made by orchestrate; `orchestrate init --agent opencode --remove` takes it away.
import { spawnSync } from "node:child_process"
const [program, ...args] = %(argv)s
const call = (event) => {
  const done = spawnSync(program, args, { input: JSON.stringify(event), encoding: "utf8",
                                          timeout: 20000 })
  if (done.status !== 0) throw new Error((done.stderr || "orchestrate: the hook failed").trim())
  return done.stdout
}
const subagent = (name, input, directory, type) =>
  call({ hook_event_name: name, cwd: directory, session_id: input.sessionID,
         agent_id: input.callID, agent_type: type })
export const Orchestrate = async ({ directory, client }) => ({
  event: async ({ event }) => {
    if (event.type !== "session.idle") return
    const id = event.properties.sessionID
    const { data } = await client.session.get({ path: { id } })
    if (data?.parentID) return // a subagent's
    try {
      call({ hook_event_name: "Stop", cwd: directory, session_id: id })
    } catch (left) {
      const parts = [{ type: "text", text: left.message }]
      await client.session.prompt({ path: { id }, body: { parts } })
    }
  },
  "experimental.chat.system.transform": async (input, output) => {
    const said = call({ hook_event_name: "SessionStart", cwd: directory })
    if (said) output.system.push(JSON.parse(said).hookSpecificOutput.additionalContext)
  },
  "experimental.session.compacting": async (input, output) => {
    const said = call({ hook_event_name: "PreCompact", cwd: directory })
    if (said) output.context.push(said)
  },
  "tool.execute.before": async (input, output) => {
    call({ hook_event_name: "PreToolUse", cwd: directory, tool_name: input.tool,
           tool_input: output.args })
    if (input.tool === "task")
      subagent("SubagentStart", input, directory, output.args.subagent_type)
  },
  "tool.execute.after": async (input) => {
    if (input.tool === "task") subagent("SubagentStop", input, directory)
  },
})
"""

_AIDER = {
    "git-commit-verify": "true",  # it commits with --no-verify otherwise
    "auto-test": "true",
    "test-cmd": "orchestrate check --worktree",  # the one thing whose output its model is shown
}
_BEGIN, _END = "# >>> orchestrate >>>", "# <<< orchestrate <<<"
_JOINED = " (the line above had no end)"


class Integration(NamedTuple):
    """One client: its file in the worktree, and what else a person has to know."""

    path: str
    add: Callable[[str | None, tuple[str, ...]], str]
    remove: Callable[[str], str | None]
    note: str = ""


def add(client: str, text: str | None, argv: tuple[str, ...]) -> str:
    """The file's text with our hooks in it; `text` None is no file, `argv` the hook's command.

    Raises:
        InvalidInput: the text is not what the client reads, or a path cannot be quoted.
        Conflict: settings that we need are there with other values.
    """
    found = INTEGRATIONS[client]
    before = None if text is None else found.remove(text)
    return found.add(before, argv)


def remove(client: str, text: str) -> str | None:
    """The file's text without our hooks; None when nothing but ours was in it.

    Raises:
        InvalidInput: the text is not what the client reads.
    """
    return INTEGRATIONS[client].remove(text)


def _json_adder(
    events: Mapping[str, str | None], timeout: int
) -> Callable[[str | None, tuple[str, ...]], str]:
    def adder(text: str | None, argv: tuple[str, ...]) -> str:
        entries = {e: [_entry(matcher, argv, timeout)] for e, matcher in events.items()}
        if text is None:
            return json.dumps({"hooks": entries}, indent=2) + "\n"
        root = _object(text, json_text.read(text), "the file")
        hooks = root.member("hooks")
        if hooks is None:
            return json_text.insert(text, root, entries, "hooks")
        _object(text, hooks, "`hooks`")
        for event, added in entries.items():
            text = _add_event(text, event, added)
        return text

    return adder


def _add_event(text: str, event: str, added: list[Any]) -> str:
    hooks = json_text.read(text).member("hooks")
    assert hooks is not None
    listed = hooks.member(event)
    if listed is None:
        return json_text.insert(text, hooks, added, event)
    if listed.kind != "[":
        raise InvalidInput(f"`hooks.{event}` is not a list", hint="repair the file by hand")
    return json_text.insert(text, listed, added[0])


def _entry(matcher: str | None, argv: tuple[str, ...], timeout: int) -> dict[str, Any]:
    command = {"type": "command", "command": shell_line(argv), "timeout": timeout}
    return {**({"matcher": matcher} if matcher else {}), "hooks": [command]}


def shell_line(argv: tuple[str, ...]) -> str:
    """The command for a client's shell.

    Raises:
        InvalidInput: a word has a quote or a line end, which shells read in their own ways.
    """
    if any("'" in word or "\n" in word for word in argv):
        raise InvalidInput(f"a path of the hook has a quote: {argv}", hint="install elsewhere")
    return " ".join(f"'{word}'" for word in argv)


def _object(text: str, node: Node, what: str) -> Node:
    if node.kind != "{":
        raise InvalidInput(f"{what} is not a JSON object", hint="repair the file by hand")
    return node


def _remove_json(text: str) -> str | None:
    """The text without entries of ours, and without the containers that were made for them."""
    while (found := _ours(text)) is not None:
        path = found
        while True:
            parent, item = path[-2], path[-1]
            made = len(parent.items) == 1 and not json_text.was_empty(text, parent)
            if not made:
                text = json_text.remove(text, parent, item)
                break
            if len(path) == 2:
                return None  # the file held ours alone
            path = path[:-1]
    return text


def _ours(text: str) -> list[Node] | None:
    """The last entry of ours, and what it lies in, from the outside."""
    root = json_text.read(text)
    hooks = root.member("hooks")
    for event in reversed(hooks.items if hooks else ()):
        for entry in reversed(event.items):
            if event.kind == "[" and _is_ours(json_text.value(text, entry)):
                assert hooks is not None
                return [root, hooks, event, entry]
    return None


def _is_ours(entry: Any) -> bool:
    hooks = entry.get("hooks") if isinstance(entry, dict) else None
    commands = [h.get("command") for h in hooks or () if isinstance(h, dict)]
    return bool(commands) and all(OURS.search(str(command)) for command in commands)


def _add_plugin(text: str | None, argv: tuple[str, ...]) -> str:
    if text is not None:
        raise Conflict("the plugin file is there and is not ours", hint="move it away")
    return _PLUGIN % {"argv": json.dumps(argv)}


def _remove_plugin(text: str) -> str | None:
    return None if text.startswith(_PLUGIN.partition("\n")[0]) else text


def _add_aider(text: str | None, argv: tuple[str, ...]) -> str:
    text = text or ""
    for name, wanted in _AIDER.items():
        there = re.search(rf"(?m)^{name}\s*:\s*(.*?)\s*(?:#.*)?$", text)
        if there and there[1] != wanted:
            raise Conflict(
                f"`{name}` is {there[1]!r} there, and has to be {wanted!r}",
                hint="change or remove that line, then do this again",
            )
    mine = [f"{n}: {v}" for n, v in _AIDER.items() if not re.search(rf"(?m)^{n}\s*:", text)]
    joined = bool(text) and not text.endswith("\n")
    begin = _BEGIN + (_JOINED if joined else "")
    return text + ("\n" if joined else "") + "\n".join([begin, *mine, _END]) + "\n"


def _remove_aider(text: str) -> str | None:
    block = rf"{re.escape(_BEGIN)}.*?{re.escape(_END)}\n"
    joined = rf"\n{re.escape(_BEGIN + _JOINED)}\n.*?{re.escape(_END)}\n"
    left = re.sub(rf"(?s){joined}|{block}", "", text)
    return left if left or left == text else None


INTEGRATIONS = {
    "claude": Integration(
        ".claude/settings.local.json", _json_adder(_CLAUDE, HOOK_SEC), _remove_json
    ),
    "codex": Integration(
        ".codex/hooks.json",
        _json_adder(_CODEX, HOOK_SEC),
        _remove_json,
        "Codex runs none of them, and says nothing, until you trust the project and its hooks: "
        "start codex here once and accept, or type /hooks.",
    ),
    "gemini": Integration(
        ".gemini/settings.json", _json_adder(_GEMINI, HOOK_SEC * 1000), _remove_json
    ),
    "opencode": Integration(".opencode/plugin/orchestrate.js", _add_plugin, _remove_plugin),
    "aider": Integration(
        ".aider.conf.yml",
        _add_aider,
        _remove_aider,
        "Aider has no hooks: git's refuse its commits, and the check's output goes to its model.",
    ),
}
