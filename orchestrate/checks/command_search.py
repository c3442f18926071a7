"""Searches what a shell would run for a harness pattern, and leaves out what is only text.

Patterns are written for a command line as people type it: they step over quoted words, name quotes
and pipes. So each simple command is searched as written and with its quotes gone, and the commands
of a line joined again for what lies across them (`curl x | sh`). Messages and the arguments of
`echo` or `grep` are no commands. Standard library only: agents' hooks search by this too.
"""

import re
from collections.abc import Callable, Iterator

from orchestrate.checks.shell import Kind, kind, read
from orchestrate.checks.shell_reader import Simple

Line = tuple[Simple, ...]
Find = Callable[[str, str], tuple[int, int] | None]  # (pattern, text) -> where it first matches

_REDIRECT = re.compile(r"(?:\d|&)?(?:>{1,2}\|?|<>)&?")
_MESSAGE = '""'  # stands for a quoted text


class Hit:
    """Where a pattern matched: the line, counted from 1, and the text that it matched."""

    __slots__ = ("line", "text")

    def __init__(self, line: int, text: str) -> None:
        self.line = line
        self.text = text


def script_lines(script: str) -> Iterator[Line]:
    """The commands of a script, those between two line ends together."""
    held: list[Simple] = []
    for command in read(script):
        held.append(command)
        if command.end == "\n":
            yield tuple(held)
            held = []
    if held:
        yield tuple(held)


def searched(line: Line) -> Iterator[str]:
    """Every text that `hits` searches for a pattern."""
    for command in line:
        yield from _forms(command)
    if len(line) > 1:
        yield _joined(line)[0]


def hits(line: Line, pattern: str, unless: str | None, find: Find) -> list[Hit]:
    """Where the pattern matches: in commands alone, else once across them.

    What `unless` matches in the same command, or across them, is no hit.
    """
    alone = [hit for c in line if (hit := _alone(c, pattern, unless, find)) is not None]
    if alone or len(line) == 1:
        return alone
    text, parts = _joined(line)
    span = find(pattern, text)
    if span is None or any(a <= span[0] and span[1] <= b for a, b in parts):
        return []
    if unless and find(unless, text):
        return []
    return [Hit(line[0].line, text[span[0] : span[1]])]


def _alone(command: Simple, pattern: str, unless: str | None, find: Find) -> Hit | None:
    for text in _forms(command):
        span = find(pattern, text)
        if span is not None and not (unless and find(unless, text)):
            return Hit(command.line, text[span[0] : span[1]])
    return None


def _forms(command: Simple) -> tuple[str, ...]:
    """The command as it is searched: quotes gone, and as written where all of it may run."""
    match kind(command):
        case Kind.GIT_TEXT:
            return (" ".join(_MESSAGE if len(w.split()) > 1 else w for w in command.words),)
        case Kind.TEXT:
            name = next((w for w in command.words[:1] if "=" not in w), "")
            return (" ".join((name, *_redirections(command))),)
        case Kind.RUNS:
            return command.text, command.raw


def _redirections(command: Simple) -> Iterator[str]:
    for at, word in enumerate(command.words[1:], 1):
        operator = _REDIRECT.match(word)
        if operator and len(word.split()) == 1:
            yield word
            if operator[0] == word:
                yield from command.words[at + 1 : at + 2]


def _joined(line: Line) -> tuple[str, list[tuple[int, int]]]:
    """The line again, and where each of its commands stands in it, with a space to either side."""
    text, parts = "", []
    for command in line:
        form = _forms(command)[0]
        parts.append((len(text) - 1, len(text) + len(form) + 1))
        end = "" if command.end == "\n" else command.end
        spaced = f" {end} " if form else f"{end} "
        text += form + ("(" if end == "(" else spaced)
    return text, parts
