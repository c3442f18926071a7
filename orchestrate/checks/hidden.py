"""Secrets in a change: what the scanner finds in new content and did not find in the old."""

from collections import Counter
from collections.abc import Iterator

from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.secrets.allow import Permits
from orchestrate.checks.secrets.engine import Hit, Scanner, scan
from orchestrate.git.types import SYMLINK, EntryChange
from orchestrate.policy.config import SecretsConfig


def permits(config: SecretsConfig, baseline: frozenset[str]) -> Permits:
    """The policy's exceptions as the scanner takes them."""
    return Permits(config.allow_paths, config.stopwords, config.inline_allow, baseline)


def check_file(
    change: Change, entry: EntryChange, scanner: Scanner, allowed: Permits
) -> Iterator[Finding]:
    """A finding for each secret that a new or changed file brings.

    A secret that stood in the old file as often (by fingerprint) is not new, wherever it moved.
    """
    data = change.content(entry)
    if data is None:
        return  # `too-large-to-scan` blocks it
    hits = scan(data, entry.path, scanner=scanner, permits=allowed)
    if hits:
        yield from _new(hits, change.old_text(entry), entry, scanner, allowed)


def check_links(change: Change, scanner: Scanner, allowed: Permits) -> Iterator[Finding]:
    """A finding for each secret that stands where a symlink's target should."""
    for entry in change.entries:
        if entry.new_mode == SYMLINK:
            target = change.link_bytes(entry.new_oid) or b""
            for hit in scan(target, entry.path, scanner=scanner, permits=allowed):
                yield _finding(hit, entry.path, scanner)


def check_text(text: bytes, scanner: Scanner, allowed: Permits) -> Iterator[Finding]:
    """A finding for each secret in a text that is no file, such as a commit message."""
    for hit in scan(text, "", scanner=scanner, permits=allowed):
        yield _finding(hit, "", scanner)


def _new(
    hits: list[Hit], old: bytes, entry: EntryChange, scanner: Scanner, allowed: Permits
) -> Iterator[Finding]:
    known: Counter[str] = Counter()
    if old:
        known.update(h.fingerprint for h in scan(old, entry.path, scanner=scanner, permits=allowed))
    for hit in hits:
        if known[hit.fingerprint] > 0:
            known[hit.fingerprint] -= 1
        else:
            yield _finding(hit, entry.path, scanner)


def _finding(hit: Hit, path: str, scanner: Scanner) -> Finding:
    rule = next(r for r in scanner.ruleset.rules if r.id == hit.rule)
    return Finding(
        hit.rule, hit.severity, path, rule.description, rule.next_step, hit.line, hit.column,
        hit.match, hit.fingerprint,
    )  # fmt: skip
