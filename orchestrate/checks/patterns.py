"""Forbidden patterns: one expression, some paths, the lines a change adds (or every line).

Rules kept here:

* Only linear-time engines run over what a change brings (google-re2; `re` where its wheel does not
  install, after the policy refused what is not linear).
* An expression runs on one line without its end, as bytes, so that no encoding hides a line: `.` is
  one byte. An expression with characters or classes beyond ASCII runs on the decoded line instead.
* `unless` lifts a line, and so does `orchestrate: allow <id> <reason>` on it or above it, where the
  policy accepts such marks.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.lines import Line, lines
from orchestrate.checks.secrets.allow import allowed_inline
from orchestrate.checks.secrets.matcher import compile_regex
from orchestrate.git.types import EntryChange
from orchestrate.policy.globs import globs
from orchestrate.policy.policy import Policy
from orchestrate.policy.roles import Role

try:
    import re2
except ImportError:  # no wheel on this machine
    re2 = None

MAX_SHOWN = 80  # characters of a match that a finding shows
MAX_IN_FILE = 100  # findings of one check in one file; more say nothing new

_SPECIAL = re.compile(r"\\[AzZCQ]|\(\?(?!:|i\)|i:|P<)")
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
        return globs(self.paths).match(path) and not globs(self.excepted).match(path)


def line_checks(policy: Policy, role: Role | None) -> list[LineCheck]:
    """Every expression that a change is searched for, rules first."""
    found = [
        LineCheck(
            check.id,
            check.pattern,
            check.unless,
            check.paths,
            check.excepted,
            check.on,
            check.severity,
            check.message,
            check.fix,
        )
        for rule in policy.rules
        for check in rule.checks
        if check.pattern is not None and check.on != "added-path"
    ]
    return found + (role_checks(role) if role else [])


def role_checks(role: Role) -> list[LineCheck]:
    """The forbidden patterns of one role."""
    return [
        LineCheck(
            "forbidden-pattern",
            entry.pattern,
            entry.unless,
            entry.paths,
            (),
            "added-lines",
            entry.severity,
            f"{entry.description} (role {role.id})",
            entry.fix,
        )
        for entry in role.forbidden_patterns
    ]


def check_file(
    change: Change, entry: EntryChange, checks: Iterable[LineCheck], *, marks: bool
) -> Iterator[Finding]:
    """A finding for each forbidden line; `marks` says whether a comment on it may lift it."""
    for check in checks:
        if check.applies_to(entry.path):
            yield from _in_file(change, entry, check, marks)


def check_added_paths(change: Change, policy: Policy) -> Iterator[Finding]:
    """A finding for each added file that a rule does not want."""
    for rule in policy.rules:
        for check in rule.checks:
            if check.on != "added-path":
                continue
            for entry in change.entries:
                if entry.is_added and check.applies_to(entry.path):
                    yield Finding(check.id, check.severity, entry.path, check.message, check.fix)


def _in_file(
    change: Change, entry: EntryChange, check: LineCheck, marks: bool
) -> Iterator[Finding]:
    text = change.text(entry)
    if text is None:
        return  # `too-large-to-scan` blocks it
    found = 0
    candidates = _candidates(check.pattern, text)
    for line in _lines_to_search(change, entry, check, text, candidates):
        span = search(check.pattern, line.text)
        if span is None or (check.unless and search(check.unless, line.text)):
            continue
        if marks and is_marked(text, line.number, check.id):
            continue
        found += 1
        if found > MAX_IN_FILE:
            return
        yield Finding(
            check.id,
            check.severity,
            entry.path,
            check.message,
            check.fix,
            line.number,
            column_of(line.text, span[0]),
            shown(line.text[span[0] : span[1]]),
        )


def _lines_to_search(
    change: Change, entry: EntryChange, check: LineCheck, text: bytes, candidates: set[int] | None
) -> Iterable[Line]:
    if candidates is not None and not candidates:
        return ()
    # The whole of a file that the change adds is added: there is nothing to compare.
    is_whole = check.on == "whole-file" or (not entry.old_mode and not change.other_olds)
    if candidates is None:
        return _all_lines(text) if is_whole else change.added(entry)
    if is_whole:
        split = lines(text)
        # An expression may match beyond the last line's end, where there is no line.
        return [Line(n, split[n - 1]) for n in sorted(candidates) if n <= len(split)]
    return [line for line in change.added(entry) if line.number in candidates]


def _candidates(pattern: str, text: bytes) -> set[int] | None:
    """The numbers of the lines that may match, found in one pass over the text; None is all.

    Run over many lines an expression may match across their ends, but never less: every line that
    matches by itself is touched by a match.
    """
    if not is_plain(pattern):
        return None
    compiled = _compiled_over_lines(pattern)
    plain = text.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in text else text
    found: set[int] = set()
    number, at = 1, 0
    for match in compiled.finditer(plain):
        start, end = match.span()
        number += plain.count(b"\n", at, start)
        found.update(range(number, number + plain.count(b"\n", start, end) + 1))
        at = start
    return found


def may_match(pattern: str, text: bytes) -> bool:
    """Whether a line of `text`, whose lines end with LF, may match; False is certain."""
    return not is_plain(pattern) or _compiled_over_lines(pattern).search(text) is not None


@lru_cache(maxsize=1024)
def _compiled_over_lines(pattern: str) -> Any:
    return compile_regex(f"(?m:{pattern})")


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
    return re.compile(pattern) if re2 is None else re2.compile(pattern)


def is_marked(text: bytes, number: int, id: str) -> bool:
    """Whether a comment on line `number` (from 1) or above it lifts findings of that id."""
    if b"orchestrate:" not in text:
        return False
    at = lines(text)
    around = b"\n".join(at[max(0, number - 2) : number])
    return allowed_inline(around, len(around), id)


def column_of(line: bytes, offset: int) -> int:
    """The column of a byte offset, counted in characters from 1."""
    return len(line[:offset].decode("utf-8", "replace")) + 1


def shown(match: bytes) -> str:
    """A match as one printable, short piece of text."""
    text = match.decode("utf-8", "replace")
    clean = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return clean if len(clean) <= MAX_SHOWN else f"{clean[: MAX_SHOWN - 1]}…"


def _all_lines(text: bytes) -> list[Line]:
    return [Line(number, line) for number, line in enumerate(lines(text), 1)]
