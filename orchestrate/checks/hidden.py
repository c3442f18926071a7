"""Secrets in a change: what the scanner finds in new content and did not find in the old."""

from __future__ import annotations

from collections import Counter

from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.secrets.allow import Permits
from orchestrate.checks.secrets.engine import NotJudgedWhole, scan
from orchestrate.git.types import SYMLINK

TYPE_CHECKING = False  # as typing's: hooks look at single files with this, without the engine
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from orchestrate.checks.change import Change
    from orchestrate.checks.secrets.hits import Hit
    from orchestrate.checks.secrets.scanner import Scanner
    from orchestrate.git.types import EntryChange
    from orchestrate.policy.config import SecretsConfig

MAX_FOUND = 1000  # findings of one text, what blocks first; more say nothing new
BUILTIN = "builtin"  # `secrets.engine` where no other program is asked


def permits(config: SecretsConfig, baseline: frozenset[str]) -> Permits:
    """The policy's exceptions as the scanner takes them."""
    return Permits(config.allow_paths, config.stopwords, config.inline_allow, baseline)


def check_file(
    change: Change, entry: EntryChange, scanner: Scanner, allowed: Permits
) -> Iterator[Finding]:
    """A finding for each secret that a new or changed file brings."""
    data = change.content(entry)
    if data is None:
        return  # `too-large-to-scan` blocks it
    yield from in_file(data, lambda: change.old_text(entry), entry.path, scanner, allowed)


def in_file(
    data: bytes, old: Callable[[], bytes], path: str, scanner: Scanner, allowed: Permits
) -> Iterator[Finding]:
    """A finding for each secret in a file's new bytes that was not in its old text.

    A secret that stood in the old file as often (by fingerprint) is not new, wherever it moved.
    """
    hits, is_whole = _scanned(data, path, scanner, allowed)
    if hits:
        yield from _most_severe(list(_new(hits, old(), path, scanner, allowed)))
    if not is_whole:
        yield _not_judged(path)


def check_links(change: Change, scanner: Scanner, allowed: Permits) -> Iterator[Finding]:
    """A finding for each secret that stands where a symlink's target should."""
    for entry in change.entries:
        if entry.new_mode == SYMLINK:
            target = change.link_bytes(entry.new_oid) or b""
            for hit in scan(target, entry.path, scanner=scanner, permits=allowed):
                yield _finding(hit, entry.path, scanner)


def check_external(change: Change, name: str, scanner: Scanner, allowed: Permits) -> list[Finding]:
    """A finding for each secret that another program sees in what the change brings."""
    # Running programs takes a room that the fast start of hooks does not want to load.
    from orchestrate.checks.secrets.external import Content, external_findings

    contents = (
        Content(entry.path, text, change.old_text(entry))
        for entry in change.files()
        if (text := change.text(entry)) is not None  # else `too-large-to-scan` blocks it
    )
    return external_findings(name, contents, scanner, allowed)


def merged(found: Collection[Finding], name: str) -> Collection[Finding]:
    """The findings without those of the program `name` on lines where our own rules block."""
    if name == BUILTIN:
        return found
    theirs = f"{name}-"
    told = {
        (f.path, f.line)
        for f in found
        if f.fingerprint and f.severity == Severity.BLOCK and not f.id.startswith(theirs)
    }
    return [f for f in found if not (f.id.startswith(theirs) and (f.path, f.line) in told)]


def check_text(text: bytes, scanner: Scanner, allowed: Permits) -> Iterator[Finding]:
    """A finding for each secret in a text that is no file, such as a commit message."""
    hits, is_whole = _scanned(text, "", scanner, allowed)
    yield from _most_severe([_finding(hit, "", scanner) for hit in hits])
    if not is_whole:
        yield _not_judged("")


def _scanned(data: bytes, path: str, scanner: Scanner, allowed: Permits) -> tuple[list[Hit], bool]:
    """The secrets in a text, and whether all of it was judged."""
    try:
        return scan(data, path, scanner=scanner, permits=allowed), True
    except NotJudgedWhole as stopped:
        return stopped.hits, False


def _most_severe(found: list[Finding]) -> list[Finding]:
    """At most `MAX_FOUND` of the findings on one text; those that block come first."""
    if len(found) > MAX_FOUND:
        found.sort(key=lambda one: one.severity != Severity.BLOCK)
    return found[:MAX_FOUND]


def _not_judged(path: str) -> Finding:
    # Few texts come here: hooks do not load the catalogue for the others.
    from orchestrate.checks.catalogue import finding

    return finding("too-many-candidates", path, "what is in it was not judged to its end")


def _new(
    hits: list[Hit], old: bytes, path: str, scanner: Scanner, allowed: Permits
) -> Iterator[Finding]:
    known: Counter[str] = Counter()
    if old:
        known.update(h.fingerprint for h in _scanned(old, path, scanner, allowed)[0])
    for hit in hits:
        if known[hit.fingerprint] > 0:
            known[hit.fingerprint] -= 1
        else:
            yield _finding(hit, path, scanner)


def _finding(hit: Hit, path: str, scanner: Scanner) -> Finding:
    rule = next(r for r in scanner.ruleset.rules if r.id == hit.rule)
    return Finding(
        hit.rule, hit.severity, path, rule.description, rule.next_step, hit.line, hit.column,
        hit.match, hit.fingerprint,
    )  # fmt: skip
