"""Findings as text for people. Hooks say with this what they found: nothing slow is imported."""

from __future__ import annotations

from orchestrate.checks.findings import Finding, Severity

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOUR = {Severity.BLOCK: "31", Severity.REVIEW: "33", Severity.WARN: "36"}
MAX_TEXT = 200  # findings that the text names one by one


def text(findings: Sequence[Finding], *, colour: bool = False) -> str:
    """One line a finding, its next step below it, and a summary."""
    lines: list[str] = []
    for found in findings[:MAX_TEXT]:
        level = (
            f"\x1b[{_COLOUR[found.severity]}m{found.severity}\x1b[0m" if colour else found.severity
        )
        match = f" ({found.match})" if found.match else ""
        lines.append(f"{place(found)}: {level} {found.id}: {found.message}{match}")
        if found.next_step:
            lines.append(f"    {found.next_step}")
    if len(findings) > MAX_TEXT:
        lines.append(f"... and {len(findings) - MAX_TEXT:,} more")
    return "\n".join([*lines, summary(findings)])


def place(found: Finding) -> str:
    """Where a finding is, as editors read it; no character of the path can end the line."""
    if not found.path:
        return "the change" if not found.line else f"line {found.line}"
    name = printable(found.path)
    if not found.line:
        return name
    return f"{name}:{found.line}" + (f":{found.column}" if found.column else "")


def printable(path: str) -> str:
    """A path with what cannot be printed written as an escape."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in path)


def summary(findings: Sequence[Finding]) -> str:
    """How many findings of each severity."""
    counts = [(level, sum(f.severity == level for f in findings)) for level in Severity]
    said = ", ".join(f"{count:,} {level}" for level, count in counts if count)
    plural = "" if len(findings) == 1 else "s"
    return f"{len(findings):,} finding{plural}" + (f": {said}" if said else "")
