"""Confirm what the matcher found, and say where: `scan(data, path) -> hits`.

Rules kept here:

* A place that the matcher reports is confirmed by the form's whole pattern in a window around it
  (`windows.py`), and then by the rules (`confirming.py`).
* Two hits never share a character: the rule that stands first in the file keeps it.
* Work is linear in the text: windows are bounded and run once, a candidate is judged once on its
  line, line numbers are counted once. What a hostile text still costs is bounded (`budget.py`), and
  a text that needs more is not judged whole, which `scan` says aloud.
* In binary data and in files that tools write (lock files, minified code) only rules run whose
  pattern is unmistakable (`Rule.binary`).
"""

from __future__ import annotations

from orchestrate.checks.secrets.allow import Permits
from orchestrate.checks.secrets.budget import budget_for
from orchestrate.checks.secrets.confirming import Found, Judging, confirmed
from orchestrate.checks.secrets.hits import Hit, permitted
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.matching import BASE64, TooManyPlaces
from orchestrate.checks.secrets.scanner import Scanner
from orchestrate.checks.secrets.text import is_binary, readable
from orchestrate.checks.secrets.transport import Runs
from orchestrate.checks.secrets.windows import windows

TYPE_CHECKING = False  # as typing's: hooks start here when a place must be looked at
if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestrate.checks.secrets.budget import Budget

BLOCK = 128  # bytes within which secrets are compared for overlaps

# Written by tools: generic rules and formats have nothing to say there.
_GENERATED = lazy(
    r"(?:^|/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock"
    r"|uv\.lock|pipfile\.lock|cargo\.lock|composer\.lock|gemfile\.lock|go\.sum|flake\.lock"
    r"|pdm\.lock|bun\.lockb?|deno\.lock|mix\.lock|pubspec\.lock|packages\.lock\.json)$"
    r"|\.(?:min\.(?:js|css)|js\.map|css\.map|svg|xlf|xliff|po|pot|snap|pyi|d\.ts)$"
)


NO_PERMITS = Permits()


class NotJudgedWhole(Exception):
    """A text holds more candidates than are judged; `hits` is what was found until then."""

    def __init__(self, hits: list[Hit]) -> None:
        super().__init__("a text with more candidates for secrets than are judged")
        self.hits = hits


def scan(data: bytes, path: str, *, scanner: Scanner, permits: Permits = NO_PERMITS) -> list[Hit]:
    """The secrets in a file's bytes, by position. `path` "" is text that is no file.

    Raises:
        NotJudgedWhole: there are too many candidates.
    """
    if permits.allows_path(path):
        return []
    text = readable(data)
    budget = budget_for(len(text))
    found = secrets_in(text, path, scanner, budget)
    hits = list(permitted(found, text, path, scanner.ruleset.rules, permits)) if found else []
    if budget.is_spent:
        raise NotJudgedWhole(hits)
    return hits


def secrets_in(text: bytes, path: str, scanner: Scanner, budget: Budget) -> list[Found]:
    """What the rules accept, no two overlapping, in order of precedence.

    Where `budget.is_spent` afterwards, the rest of the text was not looked at.
    """
    lower = path.lower()
    sure_only = is_binary(text) or _GENERATED.search(lower) is not None
    how = Judging(text, path, lower, scanner, sure_only, budget)
    best: dict[tuple[int, int], Found] = {}
    runs = Runs(text)
    try:
        for form, start, end in windows(how):
            if budget.is_spent:
                break
            for one in (
                _in_base64(runs, end, how) if form == BASE64 else confirmed(form, start, end, how)
            ):
                budget.pays_found()
                before = best.get((one.start, one.end))
                if before is None or one.rule < before.rule:
                    best[one.start, one.end] = one
    except TooManyPlaces:
        budget.spend()
    return _without_overlaps(sorted(best.values(), key=lambda one: (one.rule, one.start)))


def _in_base64(runs: Runs, end: int, how: Judging) -> Iterable[Found]:
    """Secrets inside the base64 at `end`: found where the base64 stands. One layer."""
    decoded = runs.around(end)
    if decoded is None or not how.budget.pays_window(decoded.end - decoded.start):
        return
    within = how.budget.of_decoded()
    inside = how._replace(text=decoded.text, sure_only=True, budget=within)
    for form, start, stop in windows(inside):
        if form != BASE64:
            for one in confirmed(form, start, stop, inside):
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
