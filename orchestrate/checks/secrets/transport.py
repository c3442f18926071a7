"""Base64 of a secret: what to look for, and what stands there once decoded (one layer)."""

from __future__ import annotations

import base64
import binascii
import re
from typing import NamedTuple

from orchestrate.checks.secrets.lazy import lazy

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrate.checks.secrets.rules import Form, Ruleset

SHORTEST = 4  # letters of a keyword that are worth a probe
LONGEST_RUN = 16_384  # base64 characters decoded around a probe
_ANCHORED = ("-----BEGIN ",)  # texts in upper case that stand in many files as base64

_PRINTABLE = bytes((*range(32, 127), *b"\t\r\n"))
_RUN = lazy(rb"[A-Za-z0-9+/_-]{24,}={0,2}")


class Decoded(NamedTuple):
    """What a run of base64 at [start, end) says."""

    start: int
    end: int
    text: bytes


def base64_forms(ruleset: Ruleset) -> list[bytes]:
    """How the fixed beginnings of tokens look inside base64, at each of the three alignments."""
    found: set[bytes] = set()
    for form in ruleset.forms:
        if any(ruleset.rules[rule].binary for rule in form.rules):
            for beginning in _beginnings(form):
                found.update(_alignments(beginning))
    for text in _ANCHORED:
        found.update(_alignments(text.encode()))
    return sorted(found)


def decoded_around(text: bytes, end: int) -> Decoded | None:
    """The run of base64 that holds the byte before `end`, decoded; None if it is not text."""
    low = max(0, end - LONGEST_RUN)
    for run in _RUN.finditer(text, low, min(len(text), end + LONGEST_RUN)):
        if run.end() >= end:
            return _decode(run) if run.start() < end else None
    return None


def _decode(run: re.Match[bytes]) -> Decoded | None:
    body = run[0].rstrip(b"=").replace(b"-", b"+").replace(b"_", b"/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        said = base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return None
    unprintable = len(said.translate(None, _PRINTABLE))
    is_text = len(said) - unprintable >= 0.95 * len(said)
    return Decoded(run.start(), run.end(), said) if is_text else None


def _beginnings(form: Form) -> Iterator[bytes]:
    """The keywords that tokens of this form begin with, in the case they are written in."""
    plain = form.pattern.replace("\\b", "").replace("\\", "").replace("(?:", "(").lstrip("(")
    for word in form.keywords if "(?i" not in form.pattern else ():
        at = plain.lower().find(word)
        if len(word) >= SHORTEST and (at <= 0 or plain[at - 1] in "(|"):
            yield (plain[at : at + len(word)] if at >= 0 else word).encode()


def _alignments(prefix: bytes) -> list[bytes]:
    found = []
    for shift in range(3):
        coded = base64.b64encode(bytes(shift) + prefix)
        first = (shift * 8 + 5) // 6  # characters that also carry bits of what stands before
        last = (shift + len(prefix)) * 8 // 6  # and of what comes after
        if last - first >= SHORTEST:
            found.append(coded[first:last])
    return found
