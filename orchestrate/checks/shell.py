"""What a shell would run: the simple commands of a command line, without what is only text.

A reader, not a shell: it follows quotes, separators, comments and heredocs, expands nothing and
never fails. Where it is unsure, text counts as a command: what it leaves out must surely be prose.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

# Their arguments are text, unless their output is piped into a shell.
_SPEAKERS = frozenset(["echo", "printf", "grep", "egrep", "fgrep", "rg", "ag", "ack", ":"])
_GIT_TEXT = frozenset(["commit", "tag", "notes", "grep", "log", "stash"])
# Options before git's subcommand whose value is a word of its own.
_GIT_VALUES = frozenset(["-c", "-C", "--git-dir", "--work-tree", "--namespace", "--config-env"])
_SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ksh", "fish", "eval", "source", "."])
_RUNNERS = _SHELLS | {"ssh", "sudo", "su", "env", "xargs", "python", "python3", "node", "perl"}
_PLAIN = re.compile(r"[^\\'\"#<\s;|&(){}]+")
_SEPARATORS = (";;", "&&", "||", "|&", "|", ";", "&", "\n", "(", ")", "{", "}")


class Simple(NamedTuple):
    """One simple command: its words without quotes, the line it starts on, what takes its output.

    `line` counts from 1. `into` is the first word of the next command of a pipe, or "". `raw` is
    the command as written, and `end` the separator behind it.
    """

    words: tuple[str, ...]
    line: int
    into: str = ""
    raw: str = ""
    end: str = "\n"

    @property
    def text(self) -> str:
        """The words as one line, quotes gone: `r'm' -rf x` reads `rm -rf x`."""
        return " ".join(self.words)


def commands(script: str) -> list[Simple]:
    """The simple commands of a script or a command line that may do something, in order."""
    return [c for c in read(script) if c.words and kind(c) is Kind.RUNS]


def read(script: str) -> list[Simple]:
    """Every simple command, those that are only text and the empty ones between two separators
    included.
    """
    return list(_with_pipes(_split(script)))


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
    if command.into.rpartition("/")[2] in _RUNNERS:
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


def _with_pipes(parts: Iterator[Simple]) -> Iterator[Simple]:
    held: list[Simple] = []
    for command in parts:
        held.append(command)
        if command.end not in ("|", "|&"):
            yield from _piped(held)
            held = []
    yield from _piped(held)


def _piped(pipe: list[Simple]) -> Iterator[Simple]:
    """The commands of one pipe; `echo x | base64 -d | sh` ends in a shell for all of them."""
    last = next((c.words[0] for c in reversed(pipe[1:]) if c.words and c.words[0] in _RUNNERS), "")
    for at, command in enumerate(pipe):
        yield command._replace(into=last if at < len(pipe) - 1 else "")


def _split(script: str) -> Iterator[Simple]:
    """Each simple command as it is written, whatever takes its output."""
    words: list[str] = []
    word: list[str] | None = None
    heredocs: list[tuple[str, bool]] = []
    line = start = 1
    at = opened = closed = 0  # the command's raw text lies between the last two

    def end_word() -> None:
        nonlocal word, closed
        if word is not None:
            words.append("".join(word))
            word, closed = None, at

    while at < len(script):
        char = script[at]
        if char == "\\" and at + 1 < len(script):
            following = script[at + 1]
            if following == "\n":
                line += 1
            else:
                word = _grown(word, following)
            at += 2
        elif char in "'\"":
            close = _closing(script, at)
            quoted = script[at + 1 : close]
            word = _grown(word, quoted.replace("\\\n", "") if char == '"' else quoted)
            line += quoted.count("\n")
            at = close + 1
        elif char == "#" and word is None:
            end = script.find("\n", at)
            at = len(script) if end < 0 else end
        elif script.startswith("<<", at) and not script.startswith("<<<", at):
            end_word()
            tag, at, strips = _heredoc(script, at + 2)
            heredocs.append((tag, strips))
        elif char in " \t\r":
            end_word()
            at += 1
        elif separator := next((s for s in _SEPARATORS if script.startswith(s, at)), ""):
            if separator in "{}" and word is not None:
                word.append(separator)  # `${x}` and `a{b,c}` are words
                at += 1
                continue
            if separator == "(" and word and word[-1].endswith("$"):
                word.append(separator)
                at += 1
                continue
            end_word()
            yield Simple(tuple(words), start, "", script[opened:closed], separator)
            runs = bool(words) and words[0].rpartition("/")[2] in _RUNNERS
            words = []
            at += len(separator)
            if separator == "\n":
                line += 1
                for tag, strips in heredocs:
                    at, body, lines = _body(script, at, tag, strips)
                    if runs:
                        for inner in _split(body):
                            yield inner._replace(line=inner.line + line - 1)
                    line += lines
                heredocs = []
            start, opened, closed = line, at, at
        else:
            if word is None and not words:
                start = line
            run = _PLAIN.match(script, at)
            text = run[0] if run else char
            word = _grown(word, text)
            at += len(text)
    end_word()
    yield Simple(tuple(words), start, "", script[opened:closed])


def _grown(word: list[str] | None, text: str) -> list[str]:
    word = [] if word is None else word
    word.append(text)
    return word


def _closing(script: str, at: int) -> int:
    """Where the quote that opens at `at` closes; the end of the script when it does not."""
    quote = script[at]
    place = at + 1
    while place < len(script):
        if script[place] == "\\" and quote == '"':
            place += 2
            continue
        if script[place] == quote:
            return place
        place += 1
    return len(script)


def _heredoc(script: str, at: int) -> tuple[str, int, bool]:
    """The tag of a heredoc that begins after `<<`, where it ends, whether tabs are stripped."""
    strips = script.startswith("-", at)
    at += strips
    while at < len(script) and script[at] in " \t":
        at += 1
    end = at
    while end < len(script) and script[end] not in " \t\n;|&<>)":
        end += 1
    return script[at:end].strip("'\"\\"), end, strips


def _body(script: str, at: int, tag: str, strips: bool) -> tuple[int, str, int]:
    """Where the script goes on after a heredoc, the heredoc's text, and its number of lines."""
    start, count = at, 0
    while at < len(script):
        end = script.find("\n", at)
        end = len(script) if end < 0 else end
        text = script[at:end]
        count += 1
        if (text.lstrip("\t") if strips else text) == tag:
            return min(end + 1, len(script)), script[start:at], count
        at = end + 1
    return len(script), script[start:], count
