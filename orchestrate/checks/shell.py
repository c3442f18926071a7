"""What a shell would run: the simple commands of a command line, without what is only text.

Where it is unsure, text counts as a command: what it leaves out must surely be prose.
Agents' hooks wait for this module: no `typing`, which takes 3 ms.
"""

from collections.abc import Iterable, Iterator
from enum import Enum

from orchestrate.checks.shell_reader import RUNNERS, Reader, Simple

# Their arguments are text, unless their output is piped into a shell.
_SPEAKERS = frozenset(["echo", "printf", "grep", "egrep", "fgrep", "rg", "ag", "ack", ":"])
_GIT_TEXT = frozenset(["commit", "tag", "notes", "grep", "log", "stash"])
# Options before git's subcommand whose value is a word of its own.
_GIT_VALUES = frozenset(["-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"])


def commands(script: str) -> list[Simple]:
    """The simple commands of a script or a command line that may do something, in order."""
    return [c for c in read(script) if c.words and kind(c) is Kind.RUNS]


def read(script: str) -> list[Simple]:
    """Every simple command, those that are only text and the empty ones between two separators
    included.
    """
    return list(_piped(Reader(script).read()))


class Kind(Enum):
    """What the words of a command are."""

    RUNS = "runs"  # any of them may do something
    GIT_TEXT = "git text"  # options that do something, and messages
    TEXT = "text"  # nothing but text, redirections apart


def kind(command: Simple) -> Kind:
    """How far the command's words are to be taken as text."""
    words = [w for w in command.words if not _is_assignment(w)]
    if any("$(" in word or "`" in word for word in command.words):
        return Kind.RUNS
    if not words:
        return Kind.TEXT
    name = words[0].rpartition("/")[2]
    if command.into.rpartition("/")[2] in RUNNERS:
        return Kind.RUNS
    if name == "git":
        return Kind.GIT_TEXT if _subcommand(words) in _GIT_TEXT else Kind.RUNS
    return Kind.TEXT if name in _SPEAKERS else Kind.RUNS


def _subcommand(words: list[str]) -> str:
    at = 1
    while at < len(words) and words[at].startswith("-"):
        at += 2 if words[at] in _GIT_VALUES else 1
    return words[at] if at < len(words) else ""


def _is_assignment(word: str) -> bool:
    name, equals, _ = word.partition("=")
    return bool(equals) and name.isidentifier()


def _piped(parts: Iterable[Simple]) -> Iterator[Simple]:
    """The commands with what takes their output told: in `echo x | base64 -d | sh` a shell."""
    held: list[Simple] = []
    for command in parts:
        held.append(command)
        if command.end not in ("|", "|&"):
            _join_pipe(held)
            yield from held
            held = []
    _join_pipe(held)
    yield from held


def _join_pipe(pipe: list[Simple]) -> None:
    last = next((c.words[0] for c in reversed(pipe[1:]) if c.words and c.words[0] in RUNNERS), "")
    for command in pipe[:-1]:
        command.into = last
