"""Which files a program of an agent's command line writes, and whether an agent may write a path.

Only what is sure is judged: a redirection, and the plain arguments of a few programs. What is
written otherwise is met by the checks on the tree.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    from orchestrate.hooks.agent_lines import Run

TEMPORARY = ("/tmp/", "/private/tmp/", "/var/tmp/", "/var/folders/", "/dev/")
ALL_WRITTEN = frozenset(
    ["rm", "rmdir", "touch", "mkdir", "tee", "truncate", "mv", "unlink", "shred"]
)
LAST_WRITTEN = frozenset(["cp", "ln", "install", "rsync"])
CHANGERS = frozenset(["-R", "-v", "-f", "-c", "-h"])  # options of chmod; `-x` is a mode
UNKNOWN = frozenset("$*?[{`~")  # a shell puts something else in its place


def written(run: Run) -> Iterator[str]:
    """The files that a program surely writes, relative to where the line is run."""
    for path in _named(run.command):
        if path[:1] == "/":
            yield path
        elif run.folder is not None:
            yield run.folder + path
        elif ".git" in path.split("/"):
            yield path


def _named(words: list[str]) -> Iterator[str]:
    command = []
    skip = False
    for at, word in enumerate(words):
        operator = _redirection(word)
        if operator and not skip:
            skip = operator == word
            target = word[len(operator) :] or (words[at + 1] if at + 1 < len(words) else "")
            if target and target[:1] != "&" and not set(target) & UNKNOWN:
                yield target
        elif skip:
            skip = False
        else:
            command.append(word)
    if command:
        yield from _arguments(command[0].rpartition("/")[2], command)


def _redirection(word: str) -> str:
    """The operator that a word begins with, when it writes: `>`, `2>>`, `&>`, `>|`."""
    head = word.lstrip("0123456789&")
    if head[:1] != ">" or len(word) - len(head) > 2:
        return ""
    end = len(word) - len(head.lstrip(">"))
    return word[: end + (word[end : end + 1] == "|")]


def _arguments(name: str, command: list[str]) -> Iterator[str]:
    plain = [word for word in command[1:] if word[:1] != "-"]
    if name in ALL_WRITTEN:
        found = plain
    elif name in LAST_WRITTEN:
        found = plain[-1:]
    elif name in ("chmod", "chown"):
        found = [w for w in command[1:] if w[:2] != "--" and w not in CHANGERS][1:]
    elif name in ("sed", "perl") and any(word[:2] == "-i" or word[:3] == "-pi" for word in command):
        found = plain if {"-e", "-f"} & set(command) else plain[1:]
    elif name == "dd":
        found = [word[3:] for word in command if word[:3] == "of="]
    elif name == "find" and "-delete" in command:
        found = plain[:1]
    else:
        found = []
    for path in found:
        if not set(path) & UNKNOWN:
            yield path
        elif _may_be_git(path):
            yield _literal(path) + ".git"


def _may_be_git(path: str) -> bool:
    """Whether a pattern of a shell may take in `.git` or what lies in it."""
    from fnmatch import fnmatchcase

    parts = path.split("/")
    return any(part == ".git" or (part[:1] == "." and fnmatchcase(".git", part)) for part in parts)


def _literal(path: str) -> str:
    """The folders of a pattern before its first part that is none."""
    kept = ""
    for part in path.split("/")[:-1]:
        if set(part) & UNKNOWN or part == ".git":
            break
        kept += part + "/"
    return kept


def refusal(path: str, guard: Mapping[str, Any], root: str, at: str) -> str:
    """Why a write to the path is refused, "" when it is not; a relative path begins at `at`."""
    top = os.path.realpath(root)
    folder = os.path.realpath(os.path.join(os.path.realpath(at), os.path.dirname(path)))
    full = os.path.join(folder, os.path.basename(path.rstrip("/")) or ".")
    inside = (full + "/").startswith(top + "/")
    hidden = any((full + "/").startswith(f"{other}/") for other in guard.get("hidden", ()))
    if hidden and not inside:
        return f"{path} lies in another repository: work in {root} only"
    if not inside:
        if full.startswith(TEMPORARY):
            return ""
        return f"{path} lies outside the workspace: work in {root} only"
    relative = full[len(top) + 1 :]
    if any(part.lower() == ".git" for part in relative.split("/")):
        return f"{relative} is git's own: use git commands that run the hooks"
    return _out_of_scope(relative, guard)


def _out_of_scope(path: str, guard: Mapping[str, Any]) -> str:
    """The verdict of `checks/scope.py`, in its order."""
    patterns = guard.get("regexes")
    if patterns is None:
        return ""
    named = guard.get("allow_protected") and _match(patterns["named"], path)
    if _match(patterns["protected"], path) and not named:
        return f"{path} is protected: a person must approve a task whose scope names it"
    if _match(patterns["deny"], path):
        return f"{path} is forbidden for this task"
    if not _match(patterns["scope"], path):
        scope = ", ".join(guard.get("scope", ())) or "nothing"
        return f"{path} is outside the scope of this task ({scope}): work within it"
    if patterns.get("role") and not _match(patterns["role"], path):
        scope = ", ".join(guard.get("role_scope", ()))
        return f"{path} is outside the scope of this task's role ({scope}): work within it"
    planned = guard.get("planned_files")
    if planned is not None and path not in planned:
        return f"{path} is not in the task's planned files: change only those"
    return ""


def _match(sources: list[str], path: str) -> bool:
    if not sources:
        return False
    import re  # 5 ms, which a call without a path saves

    return any(re.fullmatch(source, path) for source in sources)
