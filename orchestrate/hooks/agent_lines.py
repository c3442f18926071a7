"""What an agent's command line runs: the words of every program in it, however it is wrapped.

A seatbelt, not a shell. It knows these ways to start a program, and no others:

 * Separators, subshells, substitutions, heredocs and here-strings, and what is piped into a shell.
 * A program that starts another (`env`, `xargs`, `find`): any later word may be that other, and a
   word with spaces is a command line of its own (`env -S`, `su -c`).
 * The text that a shell, `eval`, `trap` or `alias` gets, and the code that an interpreter gets: its
   words, in the order in which they stand there.
 * Variables that the same line sets.

A script, or a text put together at run time, gets round it. Few modules: each tool call of an
agent waits for this.
"""

from __future__ import annotations

from orchestrate.checks.shell import read
from orchestrate.hooks.agent_words import (
    DECODERS,
    GIT_LAUNCHERS,
    INTERPRETERS,
    LAUNCHERS,
    RESERVED,
    SHELLS,
    SPEAKERS,
    STARTED,
    base,
    is_assignment,
    lines_given,
    substituted,
    value_of,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrate.checks.shell_reader import Simple

MAX_DEPTH = 8
MAX_LINE = 200_000  # characters; nothing that people write comes near
MAX_READ = 1_000_000  # characters, what is read again within others included
MAX_COMMANDS = 2_000
MAX_WORDS = 1_000  # of a command that starts another


class Unreadable(ValueError):
    """The line is too long or too deeply nested to be read."""


class Run:
    """One program that a line runs: `words` as they stand, and the folder it runs in.

    `folder` is relative to where the line is run, or None when that is not known.
    """

    __slots__ = ("folder", "words")

    def __init__(self, words: list[str], folder: str | None) -> None:
        self.words = words
        self.folder = folder

    @property
    def command(self) -> list[str]:
        """The words from the program on, without the assignments before it."""
        at = 0
        while at < len(self.words) and is_assignment(self.words[at]):
            at += 1
        return self.words[at:]


def runs(line: str) -> list[Run]:
    """Every program that the line runs, in order.

    Raises:
        Unreadable: see there.
    """
    walk = _Walk()
    walk.line(line, 0)
    return walk.found


class _Walk:
    """Follows one line into what it runs."""

    def __init__(self) -> None:
        self.found: list[Run] = []
        self.length = 0
        self.known: dict[str, str] = {}
        self.folder: str | None = ""
        self.above: list[str | None] = []

    def line(self, text: str, depth: int) -> None:
        self.length += len(text)
        if depth > MAX_DEPTH or len(text) > MAX_LINE or self.length > MAX_READ:
            raise Unreadable("too long or too deeply nested")
        previous: Simple | None = None
        for command in read(text):
            words = self._expanded(command.words)
            self._command(words, depth)
            self._pipe(command, words, previous, depth)
            self._remember(words)
            self._move(command, words)
            previous = command

    def _add(self, words: list[str]) -> None:
        if len(self.found) >= MAX_COMMANDS:
            raise Unreadable("too many commands")
        self.found.append(Run(words, self.folder))

    def _command(self, words: list[str], depth: int) -> None:
        while words and words[0] in RESERVED:
            words = words[1:]
        if not words:
            return
        self._add(words)
        for text in substituted(words):
            self.line(text, depth + 1)
        if any("," in word for word in words):  # `{git,commit}`, or a list in an interpreter's code
            self._code(" ".join(word for word in words if not set(word) & set(" \n")))
        command = Run(words, None).command
        if command:
            self._started(command, depth)

    def _started(self, command: list[str], depth: int) -> None:
        """What the program starts in its turn."""
        name = base(command[0])
        spreads = name in LAUNCHERS or (name == "git" and not GIT_LAUNCHERS.isdisjoint(command))
        if spreads and len(command) > MAX_WORDS:
            raise Unreadable("too long")
        for at, word in enumerate(command if spreads else command[:1]):
            if at and base(word) in STARTED:
                self._add(command[at:])
            for text in lines_given(base(word), command, at):
                self.line(text, depth + 1)
            if base(word).startswith(INTERPRETERS):
                for code in command[at + 1 :]:
                    self._code(code)
        if spreads:
            for text in command[1:]:
                if " " in text or "\n" in text:
                    self.line(value_of(text), depth + 1)

    def _code(self, code: str) -> None:
        """The commands of git that stand in code, by their words alone."""
        if "git" not in code and "orchestrate" not in code:
            return
        for part in code.replace(";", ")").split(")"):
            words = part.translate(_PUNCTUATION).split()
            for at, word in enumerate(words):
                if base(word) in ("git", "orchestrate"):
                    self._add(words[at:])

    def _pipe(self, command: Simple, words: list[str], previous: Simple | None, depth: int) -> None:
        """What goes into a program that runs it, from where it can be read."""
        if words and base(words[0]) in SPEAKERS and base(command.into) in SHELLS:
            self.line(" ".join(words[1:]), depth + 1)
        said = _said(previous) if words and base(words[0]) == "xargs" else []
        if said:
            self._command([*words, *said], depth)

    def _expanded(self, words: tuple[str, ...]) -> list[str]:
        """The words with the values of variables that the line has set."""
        if not self.known:
            return list(words)
        found = []
        for word in words:
            value = word
            for name, text in self.known.items() if "$" in word else ():
                value = value.replace(f"${{{name}}}", text).replace(f"${name}", text)
            found += value.split() if value != word and word.startswith("$") else [value]
        return found

    def _remember(self, words: list[str]) -> None:
        names = words[1:] if words and words[0] in ("export", "declare", "local") else words
        if names and all(map(is_assignment, names)):
            for word in names:
                name, _, value = word.partition("=")
                self.known[name] = value

    def _move(self, command: Simple, words: list[str]) -> None:
        """Where the commands after this one run."""
        if words and words[0] in ("cd", "pushd"):
            to = [word for word in words[1:] if word[:1] != "-"]
            known = len(to) == 1 and not set(to[0]) & set("$~*?`") and "CDPATH" not in self.known
            if not known:
                self.folder = None
            elif to[0].startswith("/") or self.folder is not None:
                self.folder = to[0] if to[0][0:1] == "/" else f"{self.folder}{to[0]}"
                self.folder += "/"
        if command.end == "(":
            self.above.append(self.folder)
        elif command.end == ")" and self.above:
            self.folder = self.above.pop()


def _said(command: Simple | None) -> list[str]:
    """The words that `echo` pipes into the next command."""
    if command is None or command.end not in ("|", "|&") or not command.words:
        return []
    return " ".join(command.words[1:]).split() if base(command.words[0]) in SPEAKERS else []


_PUNCTUATION = str.maketrans(dict.fromkeys("()[]{},'\"`", " "))


def decodes_into_a_shell(line: str) -> bool:
    """Whether the line runs a text that it decodes first, so that nobody can read it before."""
    if not any(name in line for name in DECODERS):
        return False
    commands = [command for command in read(line) if command.words]
    substitutes = any(
        (base(c.words[0]) in SHELLS or c.words[0] == "eval")
        and any("$(" in w or "`" in w or w.endswith("<") for w in c.words)
        for c in commands
    )
    if substitutes and any(_decodes(run.command) for run in runs(line)):
        return True
    return any(_decodes(c.words) and base(c.into) in SHELLS | {"xargs"} for c in commands)


def _decodes(words: Sequence[str]) -> bool:
    if not words:
        return False
    letters = DECODERS.get(base(words[0]).lstrip("$(`"))
    if letters is None:
        return False
    options = [word for word in words[1:] if word[:1] == "-"]
    return not letters or any(set(word[1:]) & set(letters) for word in options)
