"""Judges one tool call of an agent before it happens, from the guard document and nothing else.

The guard is the worktree's active task, with `regexes` for its patterns and `commands` that the
policy refuses. No guard: only what holds in every repository is refused. What a refusal says goes
to the model, so each says what to do instead.

Every tool call of an agent waits for this: a line that surely runs nothing of interest is let go by
its words alone, and an expression is compiled only when its texts stand in the line.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

SHELL_TOOLS = frozenset(
    {"bash", "shell", "exec_command", "run_shell_command", "shell_command", "local_shell"}
)
WRITE_TOOLS = frozenset(
    {"write", "edit", "multiedit", "notebookedit", "write_file", "replace", "create_file", "patch"}
    | {"apply_patch"}
)
PATH_KEYS = ("file_path", "filePath", "notebook_path", "absolute_path", "path")
PATCH_KEYS = ("command", "patchText", "input", "patch")
PATCHED = ("*** Add File: ", "*** Update File: ", "*** Delete File: ", "*** Move to: ")
FOLDER_KEYS = ("workdir", "dir_path", "directory")  # where a shell tool runs its command

# A line without any of these texts, and without any of these words, is nothing to `refusals` and
# writes no file that `written` knows; tests/hooks/test_agent_speed.py holds them together.
TEXTS = (
    *("git", "orchestrate", "husky", "lefthook", "skip=", "pre_commit", "$", "`", "{"),
    *("base64", "base32", "basenc", "uudecode", "openssl", "xxd"),
)
WORDS = frozenset(
    [
        *("rm", "rmdir", "touch", "mkdir", "tee", "truncate", "mv", "cp", "ln", "install", "rsync"),
        *("chmod", "chown", "unlink", "shred", "sed", "perl", "dd", "find"),
    ]
)
NO_FILE = ("2>&1", "1>&2", ">&2", "2>/dev/null", ">/dev/null", "> /dev/null", "2> /dev/null")
_QUOTES = str.maketrans(dict.fromkeys("'\"\\"))
_OPERATORS = str.maketrans(dict.fromkeys(";&|()<>\n\t=,", " "))


def judge(
    tool: str, given: Mapping[str, Any], guard: Mapping[str, Any], root: str, at: str = ""
) -> list[str]:
    """Why the call is refused, one sentence each; empty when it may go on.

    `at` is the folder that it is made in; `root`, the worktree's top, when it is not given.
    """
    name = tool.lower()
    if name in WRITE_TOOLS:
        from orchestrate.hooks.agent_files import refusal

        reasons = [refusal(path, guard, root, at or root) for path in _paths(given)]
        return [reason for reason in dict.fromkeys(reasons) if reason]
    if name in SHELL_TOOLS:
        for key in FOLDER_KEYS:
            at = str(given.get(key) or at)
        return list(dict.fromkeys(_judge_line(_line_of(given), guard, root, at or root)))
    return []


def _line_of(given: Mapping[str, Any]) -> str:
    line = given.get("command", given.get("cmd", ""))
    if isinstance(line, list):
        import shlex

        return shlex.join(map(str, line))
    return str(line)


def _judge_line(line: str, guard: Mapping[str, Any], root: str, at: str) -> Iterator[str]:
    plain = line.replace("\\\n", "").translate(_QUOTES).lower()
    if may_matter(line, plain):
        yield from _closely(line, guard, root, at)
    rules = [rule for rule in guard.get("commands", ()) if _may_match(rule, plain)]
    if rules:
        yield from _policy(line, rules)


def may_matter(line: str, plain: str) -> bool:
    """Whether the line has to be read; `plain` is the line in lower case without quotes."""
    if not line.isascii() or any(text in plain for text in TEXTS):
        return True
    for operator in NO_FILE:
        plain = plain.replace(operator, " ")
    if ">" in plain:
        return True
    words = plain.translate(_OPERATORS).split()
    return not WORDS.isdisjoint(word.rpartition("/")[2] for word in words)


def _closely(line: str, guard: Mapping[str, Any], root: str, at: str) -> Iterator[str]:
    from orchestrate.hooks.agent_commands import refusals
    from orchestrate.hooks.agent_files import refusal, written
    from orchestrate.hooks.agent_lines import Unreadable, runs

    yield from refusals(line, in_attempt=bool(guard.get("runner")))
    try:
        paths = [path for run in runs(line) for path in written(run)]
    except Unreadable:  # refused above
        return
    yield from filter(None, (refusal(path, guard, root, at) for path in paths))


def _may_match(rule: Mapping[str, Any], plain: str) -> bool:
    """Whether the rule's expression may match, by the texts that every match of it holds."""
    ways = rule.get("needs")
    if ways is None or not plain.isascii():
        return True
    return any(all(text in plain for text in way) for way in ways)


def _policy(line: str, rules: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    import re

    from orchestrate.checks.command_search import hits, script_lines

    def find(pattern: str, text: str) -> tuple[int, int] | None:
        found = re.search(pattern, text)
        return found.span() if found else None

    lines = list(script_lines(line))
    for rule in rules:
        try:
            if any(hits(one, rule["pattern"], rule.get("unless"), find) for one in lines):
                yield f"[{rule['id']}] {rule['message']}"
        except re.error as error:  # what only RE2 knows; there is no RE2 here
            yield f"[{rule['id']}] its pattern does not run here ({error}): a person must mend it"


def _paths(given: Mapping[str, Any]) -> list[str]:
    paths = [str(given[key]) for key in PATH_KEYS if given.get(key)]
    for key in PATCH_KEYS:
        if isinstance(given.get(key), str):
            lines = given[key].split("\n")
            paths += [line.partition(": ")[2] for line in lines if line.startswith(PATCHED)]
    return paths
