"""Base64 of a secret: what to look for, and what stands there once decoded (one layer)."""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestrate.checks.secrets.rules import Form, Ruleset

SHORTEST = 4  # letters of a keyword that are worth a probe
SHORTEST_RUN = 24  # base64 characters that are decoded
LONGEST_RUN = 16_384  # base64 characters decoded around a probe
_ANCHORED = ("-----BEGIN ",)  # texts in upper case that stand in many files as base64

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/_-"
_PRINTABLE = bytes((*range(32, 127), *b"\t\r\n"))


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


class Runs:
    """The runs of base64 in one text, each decoded once, however many probes it holds.

    Of a run longer than two `LONGEST_RUN` the parts around probes are decoded, so that the work
    stays linear in the text.
    """

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._start = self._stop = 0  # of the run that was met last
        self._done = 0  # a probe that ends before it was decoded with another one

    def around(self, end: int) -> Decoded | None:
        """What stands around the probe that ends at `end`; None if it is no text or was given.

        Probes are asked for in ascending order.
        """
        if end <= self._done:
            return None
        if end > self._stop:
            self._find(end)
        low = max(self._start, end - LONGEST_RUN)
        low -= (low - self._start) % 4  # where four characters begin that say three bytes
        high = min(self._stop, end + LONGEST_RUN)
        self._done = high if high == self._stop else end + LONGEST_RUN // 2
        return _decode(self._text, low, high) if high - low >= SHORTEST_RUN else None

    def _find(self, end: int) -> None:
        """Where the run that holds the byte before `end` begins and ends."""
        start, stop = end, end
        while start > self._stop:
            part = self._text[max(self._stop, start - LONGEST_RUN) : start]
            kept = len(part) - len(part.rstrip(_LETTERS))
            start -= kept
            if kept < len(part):
                break
        while part := self._text[stop : stop + LONGEST_RUN]:
            kept = len(part) - len(part.lstrip(_LETTERS))
            stop += kept
            if kept < len(part):
                break
        self._start, self._stop = start, stop


def _decode(text: bytes, start: int, stop: int) -> Decoded | None:
    body = text[start:stop].replace(b"-", b"+").replace(b"_", b"/")
    body = body[: len(body) - (len(body) % 4 == 1)]
    try:
        said = base64.b64decode(body + b"=" * (-len(body) % 4), validate=True)
    except binascii.Error:
        return None
    unprintable = len(said.translate(None, _PRINTABLE))
    if len(said) - unprintable < 0.95 * len(said):
        return None
    padding = text[stop : stop + 2]
    return Decoded(start, stop + len(padding) - len(padding.lstrip(b"=")), said)


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
