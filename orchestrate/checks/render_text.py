"""Findings as text for people. Hooks say with this what they found: nothing slow is imported."""

from __future__ import annotations

from orchestrate.checks.findings import Finding, Severity

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOUR = {Severity.BLOCK: "31", Severity.REVIEW: "33", Severity.WARN: "36"}
MAX_TEXT = 200  # findings that the text names one by one

Folded = list[tuple[Finding, int]]  # each with how many more files it is said of


def text(findings: Sequence[Finding], *, colour: bool = False) -> str:
    """One line a finding, below it its next step where that is new, and a summary.

    What does not block and is said of several whole files is said of the first one. Of too many
    the gravest are named.
    """
    lines: list[str] = []
    hinted: set[tuple[str, str]] = set()
    folded = _folded(findings)
    named, left = _gravest(folded)
    for found, more in named:
        lines.append(_line(found, colour))
        if more:
            lines.append(f"    ... and {more:,} more file{'' if more == 1 else 's'}")
        if found.next_step and (found.id, found.next_step) not in hinted:
            hinted.add((found.id, found.next_step))
            lines.append(f"    {found.next_step}")
    if left:
        lines.append(f"... and {_counted(left)} more; --format json names every one")
    return "\n".join([*lines, summary(findings)])


def _gravest(folded: Folded) -> tuple[Folded, list[Finding]]:
    """Those that are named, in their order, and the findings that are only counted."""
    levels = list(Severity)
    ranked = sorted(range(len(folded)), key=lambda at: levels.index(folded[at][0].severity))
    named = sorted(ranked[:MAX_TEXT])
    left = [folded[at] for at in ranked[MAX_TEXT:]]
    return [folded[at] for at in named], [one for one, more in left for _ in range(1 + more)]


def _folded(findings: Sequence[Finding]) -> Folded:
    """The findings to name, in order, each with how many more files it is said of."""
    told: Folded = []
    at: dict[Finding, int] = {}
    for found in findings:
        # Whose change is refused wants to see every path.
        may_fold = found.path and not found.line and found.severity != Severity.BLOCK
        alike = found._replace(path="") if may_fold else found
        if may_fold and alike in at:
            first, more = told[at[alike]]
            told[at[alike]] = first, more + 1
        else:
            at[alike] = len(told)
            told.append((found, 0))
    return told


def _line(found: Finding, colour: bool) -> str:
    level = str(found.severity)
    if colour:
        level = f"\x1b[{_COLOUR[found.severity]}m{level}\x1b[0m"
    match = f" ({found.match})" if found.match else ""
    return f"{place(found)}: {level} {found.id}: {found.message}{match}"


def place(found: Finding) -> str:
    """Where a finding is, as editors read it; no character of the path can end the line."""
    if not found.path:
        return "the change" if not found.line else f"line {found.line} of the message"
    name = printable(found.path)
    if not found.line:
        return name
    return f"{name}:{found.line}" + (f":{found.column}" if found.column else "")


def printable(path: str) -> str:
    """A path with what cannot be printed written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)


def summary(findings: Sequence[Finding]) -> str:
    """How many findings of each severity."""
    said = _counted(findings)
    plural = "" if len(findings) == 1 else "s"
    return f"{len(findings):,} finding{plural}" + (f": {said}" if said else "")


def _counted(findings: Sequence[Finding]) -> str:
    counts = [(level, sum(f.severity == level for f in findings)) for level in Severity]
    return ", ".join(f"{count:,} {level}" for level, count in counts if count)
