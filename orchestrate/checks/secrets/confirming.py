"""What a form matches in one window, as the rules judge it.

Rules kept here:

* A match is judged by each rule's path, entropy and validators. The first rule that accepts has it.
* A candidate is judged once on its line, of which `BESIDE` bytes to either side are seen.
"""

from __future__ import annotations

from typing import NamedTuple

from orchestrate.checks.secrets.budget import Budget, Spot
from orchestrate.checks.secrets.text import entropy, said, unescaped
from orchestrate.checks.secrets.validators.candidate import Candidate

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from orchestrate.checks.secrets.scanner import Judge, Ready, Scanner

BESIDE = 500  # bytes of a secret's line that its rules see on either side


class Found(NamedTuple):
    """A secret as the engine holds it; it leaves this package only as a Hit or a redaction."""

    rule: int
    start: int
    end: int
    secret: bytes


class Judging(NamedTuple):
    """What does not change while one text is judged. `sure_only`: only unmistakable rules run.

    `lower` is `path` in lower case.
    """

    text: bytes
    path: str
    lower: str
    scanner: Scanner
    sure_only: bool
    budget: Budget


def confirmed(form: int, start: int, end: int, how: Judging) -> Iterable[Found]:
    """What the form finds in [start, end) of the text, as the rules accept it."""
    text, budget = how.text, how.budget
    using = how.scanner.using(form, how.lower, how.sure_only)
    if not using or not budget.pays_window(end - start):
        return ()
    window = unescaped(text[start:end])
    ready = how.scanner.ready(form)
    # What begins where a window cuts a line may be the end of something else.
    cut = start > 0 and text[start - 1] != 0x0A
    found = []
    for match in ready.regex.finditer(window):
        if budget.is_spent:
            break
        if cut and match.start() == 0:
            continue
        spans, name = _secrets_and_name(match, ready, window)
        for low, high in spans:
            first, last = _line(window, low, high)
            at = start + low
            spot = Spot(form, at, start + high, name, start + first, start + last)
            if not budget.pays_spot(spot):
                continue
            secret, line = window[low:high], said(window[first:last])
            candidate = Candidate(said(secret), name, line, how.path, text, at)
            rule = _accepting(candidate, secret, using)
            if rule is not None:
                found.append(Found(rule, at, start + high, secret))
    return found


def _secrets_and_name(match: Any, ready: Ready, window: bytes) -> tuple[list[tuple[int, int]], str]:
    """The spans of the groups that took part (the match if there is none), and the name."""
    spans = [span for group in ready.secrets if (span := match.span(group))[0] >= 0]
    low, high = match.span(ready.name) if ready.name else (-1, -1)
    return spans or [match.span()], said(window[low:high]) if low >= 0 else ""


def _accepting(candidate: Candidate, secret: bytes, using: tuple[Judge, ...]) -> int | None:
    """The index of the first of the rules that accepts this candidate."""
    for rule, least_entropy, tests in using:
        if least_entropy and entropy(secret) < least_entropy:
            continue
        for test in tests:
            if not test(candidate):
                break
        else:
            return rule
    return None


def _line(window: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the line around [start, end) begins and ends, `BESIDE` away at most."""
    low, high = max(0, start - BESIDE), min(len(window), end + BESIDE)
    before, after = window.rfind(b"\n", low, start), window.find(b"\n", end, high)
    return (low if before < 0 else before + 1), (high if after < 0 else after)
