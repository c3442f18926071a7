"""One expression over the lines of one file.

Rules kept here:

* Only linear-time engines run over what a change brings (`linear.py`).
* An expression runs on one line without its end, as bytes, so that no encoding hides a line: `.` is
  one byte. An expression with characters or classes beyond ASCII runs on the decoded line instead.
* `unless` lifts a line, and so does `orchestrate: allow <id> <reason>` on it or above it, where the
  policy accepts such marks; of a file that is nothing else, the first `MAX_EXCUSED`.
* Hooks start here when they have a line to look at: nothing slow is imported.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.linear import compile_for_text, compile_regex
from orchestrate.checks.lines import Line, lines
from orchestrate.checks.secrets.allow import allowed_inline
from orchestrate.checks.secrets.shapes import loosened

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

MAX_SHOWN = 60  # characters of a match that a finding shows
MAX_IN_FILE = 100  # findings of one check in one file; more say nothing new
MAX_EXCUSED = 100_000  # lines of one file that are lifted from one check; the next ones are told

_SPECIAL = re.compile(r"\\[AzZCQ]|\(\?(?!:|i\)|i:|P<)")
_WORD = re.compile(rb"\w")
_WIDE = re.compile(r"\\[pPX]|\\x\{|[^\x00-\x7f]")


class LineCheck(NamedTuple):
    """One expression and where it holds. `on` is `added-lines` or `whole-file`."""

    id: str
    pattern: str
    unless: str | None
    paths: tuple[str, ...]
    excepted: tuple[str, ...]
    on: str
    severity: Severity
    message: str
    fix: str

    def applies_to(self, path: str) -> bool:
        """Whether the check looks at the file at `path`."""
        from orchestrate.policy.globs import globs  # hooks know the path's classes already

        return globs(self.paths).match(path) and not globs(self.excepted).match(path)


def in_file(
    check: LineCheck,
    path: str,
    text: bytes,
    added: Callable[[], Iterable[Line]] | None,
    *,
    marks: bool,
) -> Iterator[Finding]:
    """A finding for each line of the file that a check forbids.

    `added` gives the lines that the change adds; None is all of them. `marks` says whether a
    comment may lift a line.
    """
    is_whole = added is None or check.on == "whole-file"
    found = excused = 0
    for line in _lines_to_search(check.pattern, text, None if is_whole else added):
        span = search(check.pattern, line.text)
        if span is None:
            continue
        marks = marks and (found + excused > 0 or b"orchestrate:" in text)  # looked for once
        if excused < MAX_EXCUSED and _is_excused(check, text, line, marks):
            excused += 1
            continue
        found += 1
        if found > MAX_IN_FILE:
            return
        start = _start_of_what_matters(check.pattern, line.text, span)
        yield Finding(
            check.id,
            check.severity,
            path,
            check.message,
            check.fix,
            line.number,
            column_of(line.text, start),
            shown(line.text[start : span[1]].rstrip()),
        )


def _is_excused(check: LineCheck, text: bytes, line: Line, marks: bool) -> bool:
    if check.unless and search(check.unless, line.text):
        return True
    return marks and is_marked(text, line.number, check.id)


def _start_of_what_matters(pattern: str, line: bytes, span: tuple[int, int]) -> int:
    """Where a match begins, less blanks and the neighbour that only shows where a word begins.

    Such a neighbour is what the match does without at the start of a line: `(?:^|[^.])word`.
    """
    start, end = span
    word = _WORD.search(line, start, end)
    if word is not None and search(pattern, line[word.start() :]) == (0, end - word.start()):
        return word.start()
    return start + len(line[start:end]) - len(line[start:end].lstrip())


def _lines_to_search(
    pattern: str, text: bytes, added: Callable[[], Iterable[Line]] | None
) -> Iterable[Line]:
    if not is_plain(pattern):
        return _all_lines(text) if added is None else added()
    candidates = _candidates(pattern, text)
    if added is None:
        return candidates
    numbers = {line.number for line in candidates}
    return [line for line in added() if line.number in numbers] if numbers else ()


def _candidates(pattern: str, text: bytes) -> Iterator[Line]:
    """The lines that may match, found in one pass over the text.

    Run over many lines an expression may match across their ends, but never less: every line that
    matches by itself is touched by a match. So it is with what it is loosened to.
    """
    plain = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    number, low = 1, 0  # of the line behind those that were told
    for match in _compiled_over_lines(pattern).finditer(plain):
        start, end = match.span()
        if end < low:
            continue
        if start > low:
            number += plain.count(b"\n", low, start)
            low = plain.rfind(b"\n", low, start) + 1 or low
        while low <= end and low < len(plain):
            stop = plain.find(b"\n", low)
            stop = len(plain) if stop < 0 else stop
            yield Line(number, plain[low:stop])
            number, low = number + 1, stop + 1


def spans_over_lines(pattern: str, text: bytes) -> Iterator[tuple[int, int]]:
    """Spans of `text` that touch each line in which a plain pattern matches by itself.

    Lines end with LF. Other lines are touched as well, and some spans only end where a line begins.
    """
    for match in _compiled_over_lines(pattern).finditer(text):
        yield match.span()


@lru_cache(maxsize=1024)
def _compiled_over_lines(pattern: str) -> Any:
    return compile_regex(f"(?m:{loosened(pattern)})")


def search(pattern: str, line: bytes) -> tuple[int, int] | None:
    """Where `pattern` first matches in a line, as byte offsets, or None."""
    compiled = compiled_pattern(pattern)
    if not is_wide(pattern):
        match = compiled.search(line)
        return None if match is None else match.span()
    text = line.decode("utf-8", "replace")
    match = compiled.search(text)
    if match is None:
        return None
    start = len(text[: match.start()].encode())
    return start, start + len(match[0].encode())


@lru_cache(maxsize=1024)
def is_wide(pattern: str) -> bool:
    """Whether an expression speaks of characters beyond ASCII."""
    return _WIDE.search(pattern) is not None


@lru_cache(maxsize=1024)
def is_plain(pattern: str) -> bool:
    """Whether an expression means the same on a line and, line by line, on a whole text.

    Not so for those beyond ASCII, which run on decoded text, and for those that speak of the text's
    ends or switch modes.
    """
    return not is_wide(pattern) and _SPECIAL.search(pattern) is None


@lru_cache(maxsize=1024)
def compiled_pattern(pattern: str) -> Any:
    """The compiled expression, for bytes or, where it is wide, for text."""
    if not is_wide(pattern):
        return compile_regex(pattern)
    return compile_for_text(pattern)


def is_marked(text: bytes, number: int, id: str) -> bool:
    """Whether a comment on line `number` (from 1) or above it lifts findings of that id."""
    if b"orchestrate:" not in text:
        return False
    at = _lines_of(text)
    around = b"\n".join(at[max(0, number - 2) : number])
    return allowed_inline(around, len(around), id)


@lru_cache(maxsize=1)
def _lines_of(text: bytes) -> list[bytes]:
    return lines(text)  # once, however many of them are forbidden and marked


def column_of(line: bytes, offset: int) -> int:
    """The column of a byte offset, counted in characters from 1."""
    return len(line[:offset].decode("utf-8", "replace")) + 1


def shown(match: bytes) -> str:
    """A match as one printable, short piece of text."""
    text = match.decode("utf-8", "replace")
    clean = text
    if not text.isprintable():
        clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= MAX_SHOWN else f"{clean[: MAX_SHOWN - 1]}…"


def _all_lines(text: bytes) -> list[Line]:
    return [Line(number, line) for number, line in enumerate(lines(text), 1)]
