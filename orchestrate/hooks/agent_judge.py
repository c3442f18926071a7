"""Judges one tool call of an agent before it happens, from the guard document and nothing else.

The guard is the worktree's active task, with `regexes` for its patterns and `commands` that the
policy refuses. No guard: only what holds in every repository is refused. What a refusal says goes
to the model, so each says what to do instead. Standard library only.
"""

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from orchestrate.checks.command_search import hits, script_lines
from orchestrate.hooks.agent_commands import refusals, simple_commands, unprefixed

SHELL_TOOLS = frozenset(
    {"bash", "shell", "exec_command", "run_shell_command", "shell_command", "local_shell"}
)
WRITE_TOOLS = frozenset(
    {"write", "edit", "multiedit", "notebookedit", "write_file", "replace", "create_file", "patch"}
    | {"apply_patch"}
)
PATH_KEYS = ("file_path", "filePath", "notebook_path", "absolute_path", "path")
PATCH_KEYS = ("command", "patchText", "input", "patch")
TEMPORARY = ("/tmp/", "/private/tmp/", "/var/tmp/", "/var/folders/", "/dev/")

_PATCHED = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$|^\*\*\* Move to: (.+)$", re.M)
_REDIRECT = re.compile(r"(?:[0-9]|&)?>{1,2}\|?(.*)", re.DOTALL)


def judge(tool: str, given: Mapping[str, Any], guard: Mapping[str, Any], root: str) -> list[str]:
    """Why the call is refused, one sentence each; empty when it may go on."""
    name = tool.lower()
    if name in WRITE_TOOLS:
        paths = _paths(given)
        return list(dict.fromkeys(p for path in paths for p in judge_path(path, guard, root)))
    if name in SHELL_TOOLS:
        line = given.get("command", given.get("cmd", ""))
        line = shlex.join(map(str, line)) if isinstance(line, list) else str(line)
        return list(dict.fromkeys(_judge_line(line, guard, root)))
    return []


def _judge_line(line: str, guard: Mapping[str, Any], root: str) -> Iterator[str]:
    yield from refusals(line)
    yield from _policy(line, guard.get("commands", ()))
    for words in simple_commands(line):
        for path in targets(words):
            yield from judge_path(path, guard, root)


def _policy(text: str, rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    lines = list(script_lines(text))
    for rule in rules:
        try:
            if any(hits(line, rule["pattern"], rule.get("unless"), _find) for line in lines):
                yield f"[{rule['id']}] {rule['message']}"
        except re.error as error:  # what only RE2 knows; there is no RE2 here
            yield f"[{rule['id']}] its pattern does not run here ({error}): a person must mend it"


def _find(pattern: str, text: str) -> tuple[int, int] | None:
    found = re.search(pattern, text)
    return found.span() if found else None


def judge_path(path: str, guard: Mapping[str, Any], root: str) -> Iterator[str]:
    """Why a write to the path is refused."""
    top = os.path.realpath(root)
    full = os.path.join(os.path.realpath(os.path.join(top, os.path.dirname(path))), _last(path))
    for hidden in guard.get("hidden", ()):
        if (full + "/").startswith(f"{hidden}/") and not (full + "/").startswith(top + "/"):
            yield f"{path} lies in another repository: work in {root} only"
            return
    if full.startswith(TEMPORARY) and not (full + "/").startswith(top + "/"):
        return
    if not full.startswith(top + "/"):
        yield f"{path} lies outside the workspace: work in {root} only"
        return
    relative = full[len(top) + 1 :]
    if any(part.lower() == ".git" for part in relative.split("/")):
        yield f"{relative} is git's own: use git commands that run the hooks"
        return
    patterns = guard.get("regexes")
    if patterns is None:
        return
    if _match(patterns["protected"], relative) and not (
        guard.get("allow_protected") and _match(patterns["named"], relative)
    ):
        yield f"{relative} is protected: a person must approve a task whose scope names it"
    elif _match(patterns["deny"], relative):
        yield f"{relative} is forbidden for this task"
    elif not _match(patterns["scope"], relative):
        scope = ", ".join(guard.get("scope", ())) or "nothing"
        yield f"{relative} is outside the scope of this task ({scope}): work within it"
    elif patterns.get("role") and not _match(patterns["role"], relative):
        scope = ", ".join(guard.get("role_scope", ()))
        yield f"{relative} is outside the scope of this task's role ({scope}): work within it"
    elif guard.get("planned_files") is not None and relative not in guard["planned_files"]:
        yield f"{relative} is not in the task's planned files: change only those"


def targets(words: list[str]) -> Iterator[str]:
    """The files that a simple command surely writes: redirections, and a few plain programs."""
    for at, word in enumerate(words):
        found = _REDIRECT.fullmatch(word)
        if found:
            target = found[1] or (words[at + 1] if at + 1 < len(words) else "")
            if target and not target.startswith("&") and "$" not in target:
                yield target
    command = [word for word in unprefixed(words) if not _REDIRECT.fullmatch(word)]
    if not command:
        return
    name, plain = command[0].rpartition("/")[2], [w for w in command[1:] if w[:1] != "-"]
    if name in ("rm", "touch", "mkdir", "tee", "truncate", "rmdir") or name == "mv":
        written = plain
    elif name in ("cp", "ln", "install"):
        written = plain[-1:]
    elif name == "sed" and any(w.startswith("-i") for w in command):
        written = plain[1:]
    else:
        written = []
    yield from (path for path in written if not set(path) & set("$*?[{"))


def _paths(given: Mapping[str, Any]) -> list[str]:
    paths = [str(given[key]) for key in PATH_KEYS if given.get(key)]
    for key in PATCH_KEYS:
        if isinstance(given.get(key), str):
            paths += [found[1] or found[2] for found in _PATCHED.finditer(given[key])]
    return paths


def _match(sources: list[str], path: str) -> bool:
    return any(re.fullmatch(source, path) for source in sources)


def _last(path: str) -> str:
    return os.path.basename(path.rstrip("/")) or "."
