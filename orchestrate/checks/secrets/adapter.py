"""Hits as findings: what `orchestrate.checks` shows, under the rule's own id."""

from collections.abc import Iterable

from orchestrate.checks.findings import Finding
from orchestrate.checks.secrets.allow import Permits
from orchestrate.checks.secrets.engine import NO_PERMITS, Hit, Scanner, scan
from orchestrate.checks.secrets.rules import Rule


def findings(
    added: Iterable[tuple[str, bytes, tuple[int, ...]]],
    *,
    scanner: Scanner,
    permits: Permits = NO_PERMITS,
) -> list[Finding]:
    """The findings in added lines.

    `added` gives, for each file, its path, the added lines one after the other, and the line number
    in the new file of each of them; an empty tuple says that the bytes are the whole file.
    """
    rules = {rule.id: rule for rule in scanner.ruleset.rules}
    return [
        _finding(hit, path, numbers, rules[hit.rule])
        for path, data, numbers in added
        for hit in scan(data, path, scanner=scanner, permits=permits)
    ]


def _finding(hit: Hit, path: str, numbers: tuple[int, ...], rule: Rule) -> Finding:
    return Finding(
        id=hit.rule,
        severity=hit.severity,
        path=path,
        message=f"{rule.description}: {hit.match}",
        next_step=f"{rule.next_step}; if it is not a secret, say so beside it:"
        f" orchestrate: allow {hit.rule} <reason>",
        line=numbers[hit.line - 1] if 0 < hit.line <= len(numbers) else hit.line,
        column=hit.column,
        match=hit.match,
        fingerprint=hit.fingerprint,
    )
