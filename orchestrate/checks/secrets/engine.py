"""Confirm what the matcher found, and say where: `scan(data, path) -> hits`.

Rules kept here:

* A place that the matcher reports is confirmed by the form's whole pattern on its line, in a window
  of at most `NEAR + AHEAD` bytes where the line is longer, and then by each rule's path, entropy
  and validators. The first rule that accepts has it.
* Two hits never share a character: the rule that stands first in the file keeps it.
* Work is linear in the text: windows are bounded and run once, a candidate is judged once on its
  line, line numbers are counted once. What a hostile text still costs is bounded (`budget.py`), and
  a text that needs more is not judged whole, which `scan` says aloud.
* In binary data and in files that tools write (lock files, minified code) only rules run whose
  pattern is unmistakable (`Rule.binary`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from orchestrate.checks.findings import Severity
from orchestrate.checks.linear import compile_regex
from orchestrate.checks.secrets.allow import Permits, allowed_inline
from orchestrate.checks.secrets.budget import Budget, Spot, budget_for
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.matching import BASE64
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.text import Places, entropy, is_binary, readable, unescaped
from orchestrate.checks.secrets.transport import Runs
from orchestrate.checks.secrets.validators.candidate import Candidate
from orchestrate.checks.secrets.validators.table import VALIDATORS

TYPE_CHECKING = False  # as typing's: hooks start here when a place must be looked at
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any

    from orchestrate.checks.secrets.matching import Matcher
    from orchestrate.checks.secrets.rules import Rule, Ruleset

NEAR = 2048  # bytes of a long line looked at before a place
AHEAD = 2048  # and after it
STEP = 4096  # windows of long lines start at multiples of this, so that neighbours share one
BLOCK = 128  # bytes within which secrets are compared for overlaps
BESIDE = 500  # bytes of a secret's line that its rules see on either side

# Written by tools: generic rules and formats have nothing to say there.
_GENERATED = lazy(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock"
    r"|uv\.lock|pipfile\.lock|cargo\.lock|composer\.lock|gemfile\.lock|go\.sum|flake\.lock"
    r"|pdm\.lock|bun\.lockb?|deno\.lock|mix\.lock|pubspec\.lock|packages\.lock\.json)$"
    r"|\.(?:min\.(?:js|css)|js\.map|css\.map|svg|xlf|xliff|po|pot|snap|pyi|d\.ts)$"
)


NO_PERMITS = Permits()


class Hit(NamedTuple):
    """One secret, without the secret. `start` and `end` are its offsets in the readable text.

    `fingerprint` depends on rule, path and secret only, so that it survives moved lines.
    """

    rule: str
    severity: Severity
    line: int
    column: int
    start: int
    end: int
    match: str
    fingerprint: str


class Found(NamedTuple):
    """A secret as the engine holds it; it leaves this package only as a Hit or a redaction."""

    rule: int
    start: int
    end: int
    secret: bytes


class NotJudgedWhole(Exception):
    """A text holds more candidates than are judged; `hits` is what was found until then."""

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__("a text with more candidates for secrets than are judged")
        self.hits = hits


class Judging(NamedTuple):
    """What does not change while one text is judged. `sure_only`: only unmistakable rules run."""

    scanner: Scanner
    path: str
    sure_only: bool
    budget: Budget


class Scanner:
    """Rules and a matcher made of them. Not to be shared between threads (the matcher)."""

    def __init__(self, ruleset: Ruleset, matcher: Matcher) -> None:
        self.ruleset = ruleset
        self.matcher = matcher
        self._regexes: dict[int, Any] = {}
        self._direct = tuple(i for i, form in enumerate(ruleset.forms) if not form.trigger)
        self._asked: tuple[str, dict[tuple[int, bool], tuple[int, ...]]] = ("", {})
        self._paths: Any = None
        self._where: dict[int, re.Pattern[str]] = {}

    def regex(self, form: int) -> Any:
        """The compiled pattern of a form; compiled when first met."""
        if form not in self._regexes:
            self._regexes[form] = compile_regex(self.ruleset.forms[form].pattern)
        return self._regexes[form]

    def using(self, form: int, path: str, sure_only: bool) -> tuple[int, ...]:
        """The rules that use a form and are meant for files at `path` (lower case)."""
        if self._asked[0] != path:
            self._asked = path, {}
        known = self._asked[1]
        if (form, sure_only) not in known:
            rules = self.ruleset.rules
            known[form, sure_only] = tuple(
                rule
                for rule in self.ruleset.forms[form].rules
                if (rules[rule].binary or not sure_only) and self._applies(rule, path)
            )
        return known[form, sure_only]

    def _applies(self, rule: int, path: str) -> bool:
        one = self.ruleset.rules[rule]
        if one.in_tests is None and is_test_path(path):
            return False
        wanted = one.paths
        if not wanted:
            return True
        if rule not in self._where:
            self._where[rule] = re.compile(wanted, re.DOTALL)
        return self._where[rule].fullmatch(path) is not None

    def direct_forms(self, path: str) -> list[int]:
        """The forms that run over the whole of a file at `path` (lower case)."""
        if self._paths is None:
            self._paths = compile_regex(path_pattern(self.ruleset))
        if self._paths.fullmatch(path.encode("utf-8", "surrogateescape")) is None:
            return []  # nearly every file: one look instead of one for each form
        return [form for form in self._direct if self.using(form, path, sure_only=False)]


def path_pattern(ruleset: Ruleset) -> str:
    """A regular expression for lower-case paths that need `scan` whatever a joint pass says."""
    direct = {rule for form in ruleset.forms if not form.trigger for rule in form.rules}
    return "|".join(ruleset.rules[rule].paths for rule in sorted(direct)) or r"[^\s\S]"


def scan(data: bytes, path: str, *, scanner: Scanner, permits: Permits = NO_PERMITS) -> list[Hit]:
    """The secrets in a file's bytes, by position. `path` "" is text that is no file.

    Raises:
        NotJudgedWhole: there are too many candidates.
    """
    if permits.allows_path(path):
        return []
    text = readable(data)
    budget = budget_for(len(text))
    found = sorted(secrets_in(text, path, scanner, budget), key=lambda one: one.start)
    hits = list(_permitted(found, text, path, scanner.ruleset.rules, permits))
    if budget.is_spent:
        raise NotJudgedWhole(hits)
    return hits


def secrets_in(text: bytes, path: str, scanner: Scanner, budget: Budget) -> list[Found]:
    """What the rules accept, no two overlapping, in order of precedence.

    Where `budget.is_spent` afterwards, the rest of the text was not looked at.
    """
    lower = path.lower()
    sure_only = is_binary(text) or _GENERATED.search(lower) is not None
    how = Judging(scanner, path, sure_only, budget)
    best: dict[tuple[int, int], Found] = {}
    runs = Runs(text)
    for form, start, end in _windows(text, lower, scanner, sure_only):
        if budget.is_spent:
            break
        for one in (
            _in_base64(runs, end, how)
            if form == BASE64
            else _confirmed(text, start, end, form, how)
        ):
            budget.pays_found()
            before = best.get((one.start, one.end))
            if before is None or one.rule < before.rule:
                best[one.start, one.end] = one
    return _without_overlaps(sorted(best.values(), key=lambda one: (one.rule, one.start)))


def _windows(
    text: bytes, path: str, scanner: Scanner, sure_only: bool
) -> Iterator[tuple[int, int, int]]:
    """Each (form, start, end) to run that form's pattern over, once. Form -1 is base64."""
    forms = scanner.ruleset.forms
    last: dict[int, tuple[int, int]] = {}  # form -> its last window: those of a form ascend
    coded: list[int] = []
    if not sure_only:
        for form in scanner.direct_forms(path):
            yield form, 0, len(text)
    for form, end in scanner.matcher.places(text):
        if form == BASE64:
            coded.append(end)
            continue
        start, stop = _line_around(text, end, forms[form].reach)
        before = last.get(form, (-1, -1))
        if start != before[0] or stop > before[1]:
            last[form] = start, stop
            yield form, start, stop
    for end in sorted(coded):
        yield BASE64, end, end


def _line_around(text: bytes, end: int, reach: int) -> tuple[int, int]:
    low = max(0, end - NEAR)
    start = text.rfind(b"\n", low, end) + 1
    stop = -1
    if not start and low:
        start = low - low % STEP
    else:
        stop = text.find(b"\n", end, end + AHEAD)
    if stop < 0:  # the same for all places of a window, so that it is run once
        stop = min(len(text), start + NEAR + AHEAD + STEP)
    if reach and start:  # what runs over lines may have begun on the line before
        low = max(0, start - NEAR)
        start = max(low, text.rfind(b"\n", low, start - 1) + 1)
    return start, min(len(text), max(stop, end + reach)) if reach else stop


def _confirmed(text: bytes, start: int, end: int, form: int, how: Judging) -> Iterable[Found]:
    scanner, path, _, budget = how
    using = scanner.using(form, path.lower(), how.sure_only)
    if not using or not budget.pays_window(end - start):
        return []
    window = unescaped(text[start:end])
    cut = start > 0 and text[start - 1] != 0x0A
    rules = scanner.ruleset.rules
    found = []
    for match in scanner.regex(form).finditer(window):
        if budget.is_spent:
            break
        if cut and match.start() == 0:
            continue
        spans, name = _secrets_and_name(match)
        for low, high in spans:
            first, last = _line(window, low, high)
            at = start + low
            spot = Spot(form, at, start + high, name, start + first, start + last)
            if not budget.pays_spot(spot):
                continue
            secret, line = window[low:high], _text(window[first:last])
            candidate = Candidate(_text(secret), name, line, path, text, at)
            rule = _accepting(candidate, secret, [(i, rules[i]) for i in using])
            if rule is not None:
                found.append(Found(rule, at, start + high, secret))
    return found


def _secrets_and_name(match: Any) -> tuple[list[tuple[int, int]], str]:
    """The spans of the groups that took part (the match if there is none), and the name."""
    names = match.re.groupindex
    named = names.get("name") or names.get(b"name")  # RE2 keeps the pattern's type, `re` does not
    groups = range(1, match.re.groups + 1)
    spans = [match.span(i) for i in groups if i != named and match.start(i) >= 0]
    name = _text(match.group(named)) if named is not None and match.start(named) >= 0 else ""
    return spans or [match.span()], name


def _accepting(candidate: Candidate, secret: bytes, rules: list[tuple[int, Rule]]) -> int | None:
    """The index of the first of `rules` that accepts this candidate."""
    for index, rule in rules:
        if rule.entropy and entropy(secret) < rule.entropy:
            continue
        if all(VALIDATORS[test](candidate) for test in rule.validators):
            return index
    return None


def _line(window: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the line around [start, end) begins and ends, `BESIDE` away at most."""
    low, high = max(0, start - BESIDE), min(len(window), end + BESIDE)
    before, after = window.rfind(b"\n", low, start), window.find(b"\n", end, high)
    return (low if before < 0 else before + 1), (high if after < 0 else after)


def _in_base64(runs: Runs, end: int, how: Judging) -> Iterable[Found]:
    """Secrets inside the base64 at `end`: found where the base64 stands. One layer."""
    decoded = runs.around(end)
    if decoded is None or not how.budget.pays_window(decoded.end - decoded.start):
        return
    inside = Judging(how.scanner, how.path, True, how.budget.of_decoded())
    for form, start, stop in _windows(decoded.text, how.path, how.scanner, sure_only=True):
        if form != BASE64:
            for one in _confirmed(decoded.text, start, stop, form, inside):
                yield Found(one.rule, decoded.start, decoded.end, one.secret)


def _without_overlaps(found: list[Found]) -> list[Found]:
    """`found` without those that share characters with an earlier one."""
    kept: list[Found] = []
    spans: dict[int, list[tuple[int, int]]] = {}  # by block of the text, so that few are compared
    for one in found:
        blocks = range(one.start // BLOCK, one.end // BLOCK + 1)
        if any(s < one.end and one.start < e for b in blocks for s, e in spans.get(b, ())):
            continue
        kept.append(one)
        for block in blocks:
            spans.setdefault(block, []).append((one.start, one.end))
    return kept


def _permitted(
    found: list[Found], text: bytes, path: str, rules: tuple[Rule, ...], permits: Permits
) -> Iterator[Hit]:
    places = Places(text)
    for one in found:
        line, column = places.of(one.start)
        rule = rules[one.rule]
        mark = fingerprint(rule.id, path, one.secret)
        if permits.allows_value(_text(one.secret)) or mark in permits.baseline:
            continue
        if permits.inline and allowed_inline(text, one.start, rule.id):
            continue
        yield Hit(
            rule.id, rule.severity_at(path), line, column, one.start, one.end, masked(one.secret),
            mark,
        )  # fmt: skip


@lru_cache(maxsize=1024)
def fingerprint(rule: str, path: str, secret: bytes) -> str:
    """20 hex digits that name this secret in this file for this rule.

    A guess of the secret can be tested against it, so keep it where the file itself is kept.
    """
    import hashlib  # 3 ms, for who finds a secret

    text = b"\0".join((rule.encode(), path.encode("utf-8", "surrogateescape"), secret))
    return hashlib.blake2b(text, digest_size=10, person=b"orchestrate").hexdigest()


def masked(secret: bytes) -> str:
    """The secret's first characters, few enough to recognise and not to use, and its length."""
    text = _text(secret)
    shown = 4 if len(text) >= 20 else 1 if len(text) >= 8 else 0
    return f"{text[:shown]}… ({len(text)} characters)"


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
