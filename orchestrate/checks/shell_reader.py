"""Cuts a script into its simple commands: follows quotes, separators, comments and heredocs.

A reader, not a shell: it expands nothing and never fails. Agents' hooks wait for this module.
"""

import re

_SHELLS = frozenset(["sh", "bash", "zsh", "dash", "ksh", "fish", "eval", "source", "."])
RUNNERS = _SHELLS | {"ssh", "sudo", "su", "env", "xargs", "python", "python3", "node", "perl"}
_PLAIN = re.compile(r"[^\\'\"#<\s;|&(){}]+")
_DOUBLE = frozenset([";;", "&&", "||", "|&"])


class Simple:
    """One simple command: its words without quotes, the line it starts on, what takes its output.

    `line` counts from 1. `into` is the program at the end of its pipe that runs what it gets, or
    "". `raw` is the command as written, and `end` the separator behind it.
    """

    __slots__ = ("end", "into", "line", "raw", "words")

    def __init__(self, words: tuple[str, ...], line: int, raw: str, end: str) -> None:
        self.words = words
        self.line = line
        self.raw = raw
        self.end = end
        self.into = ""

    @property
    def text(self) -> str:
        """The words as one line, quotes gone: `r'm' -rf x` reads `rm -rf x`."""
        return " ".join(self.words)


class Reader:
    """Cuts one script into simple commands, as they are written, whatever takes their output.

    Each method takes what begins at `at`; `word` is None between two words, and the raw text of the
    command lies between `opened` and `closed`.
    """

    def __init__(self, script: str) -> None:
        self.script = script
        self.found: list[Simple] = []
        self.at = self.opened = self.closed = 0
        self.line = self.start = 1
        self.words: list[str] = []
        self.word: str | None = None
        self.heredocs: list[tuple[str, bool]] = []

    def read(self) -> list[Simple]:
        """Every simple command, in order; the empty ones between two separators included."""
        script, end = self.script, len(self.script)
        while self.at < end:
            _TAKE.get(script[self.at], Reader._plain)(self)
        self._end_command("\n")
        return self.found

    def _grow(self, text: str) -> None:
        self.word = text if self.word is None else self.word + text

    def _end_word(self) -> None:
        if self.word is not None:
            self.words.append(self.word)
            self.word, self.closed = None, self.at

    def _end_command(self, separator: str) -> None:
        self._end_word()
        raw = self.script[self.opened : self.closed]
        self.found.append(Simple(tuple(self.words), self.start, raw, separator))
        self.words = []

    def _plain(self) -> None:
        if self.word is None and not self.words:
            self.start = self.line
        run = _PLAIN.match(self.script, self.at)
        text = run[0] if run else self.script[self.at]
        self._grow(text)
        self.at += len(text)

    def _space(self) -> None:
        self._end_word()
        self.at += 1

    def _escape(self) -> None:
        following = self.script[self.at + 1 : self.at + 2]
        if following == "\n":
            self.line += 1
        else:
            self._grow(following or "\\")
        self.at += 2

    def _quote(self) -> None:
        quote = self.script[self.at]
        if self.word is not None and self.word.endswith("$"):
            self._dollar_quote()
            return
        close = _closing(self.script, self.at, escapes=quote == '"')
        quoted = self.script[self.at + 1 : close]
        self._grow(quoted.replace("\\\n", "") if quote == '"' else quoted)
        self.line += quoted.count("\n")
        self.at = close + 1

    def _dollar_quote(self) -> None:
        """Text behind a dollar, with escapes in single quotes as well, which a shell decodes."""
        close = _closing(self.script, self.at, escapes=True)
        quoted = self.script[self.at + 1 : close]
        self.word = (self.word or "")[:-1] + _decoded(quoted)
        self.line += quoted.count("\n")
        self.at = close + 1

    def _comment(self) -> None:
        if self.word is not None:
            self._plain()
            return
        end = self.script.find("\n", self.at)
        self.at = len(self.script) if end < 0 else end

    def _input(self) -> None:
        if self.script.startswith("<<<", self.at):
            self._grow("<<<")
            self.at += 3
            return
        if not self.script.startswith("<<", self.at):
            self._plain()
            return
        self._end_word()
        tag, self.at, strips = _heredoc(self.script, self.at + 2)
        self.heredocs.append((tag, strips))

    def _brace(self) -> None:
        if self.word is None:
            self._separator()
        else:  # `${x}` and `a{b,c}` are words
            self._plain()

    def _parenthesis(self) -> None:
        if self.word is not None and self.word.endswith("$"):
            self._plain()
        else:
            self._separator()

    def _ampersand(self) -> None:
        """A separator, or a part of `2>&1`, `&>file`, `>|file`."""
        before, after = self.script[self.at - 1 : self.at], self.script[self.at + 1 : self.at + 2]
        if before == ">" and self.word is not None:
            self._plain()
        elif self.script[self.at] == "&" and after == ">":
            self._end_word()
            self._plain()
        else:
            self._separator()

    def _separator(self) -> None:
        two = self.script[self.at : self.at + 2]
        separator = two if two in _DOUBLE else two[0]
        self._end_command(separator)
        self.at += len(separator)
        if separator == "\n":
            self.line += 1
            self._bodies()
        self.start, self.opened, self.closed = self.line, self.at, self.at

    def _bodies(self) -> None:
        """Pass over the heredocs of the line that ended; what a program runs of them is read."""
        ended = self.found[-1].words
        runs = bool(ended) and ended[0].rpartition("/")[2] in RUNNERS
        for tag, strips in self.heredocs:
            self.at, body, lines = _body(self.script, self.at, tag, strips)
            if runs:
                for inner in Reader(body).read():
                    inner.line += self.line - 1
                    self.found.append(inner)
            self.line += lines
        self.heredocs = []


_TAKE = {
    "\\": Reader._escape,
    **dict.fromkeys("'\"", Reader._quote),
    "#": Reader._comment,
    "<": Reader._input,
    **dict.fromkeys(" \t\r", Reader._space),
    **dict.fromkeys("{}", Reader._brace),
    "(": Reader._parenthesis,
    **dict.fromkeys("&|", Reader._ampersand),
    **dict.fromkeys(";\n)", Reader._separator),
}


# An escape: a doubled backslash, or, as group 1, one that means itself with its backslash.
_ESCAPE = re.compile(r"\\\\|(\\(?![\n\\'\"abfnrtvxuUN0-7]).)", re.DOTALL)


def _decoded(quoted: str) -> str:
    plain = _ESCAPE.sub(lambda found: "\\" + found[0] if found[1] else found[0], quoted)
    try:
        return plain.encode("latin-1", "backslashreplace").decode("unicode_escape")
    except UnicodeDecodeError:
        return quoted


def _closing(script: str, at: int, *, escapes: bool) -> int:
    """Where the quote that opens at `at` closes; the end of the script when it does not."""
    quote = script[at]
    place = at + 1
    while place < len(script):
        if script[place] == "\\" and escapes:
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
