"""What a check saw. Values only: hooks import this when they have something to show."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterable


class Severity(StrEnum):
    """What a finding does: `block` refuses, `review` asks for a person, `warn` is only said."""

    BLOCK = "block"
    REVIEW = "review"
    WARN = "warn"


class Finding(NamedTuple):
    """One thing one check saw.

    `line` and `column` count from 1; 0 is "the file as a whole". `path` "" is the change as a
    whole. `next_step` says what the author does about it. `match` is already redacted.
    """

    id: str
    severity: Severity
    path: str
    message: str
    next_step: str = ""
    line: int = 0
    column: int = 0
    match: str = ""
    fingerprint: str = ""


def of_commit(found: Finding, commit: str) -> Finding:
    """The finding, said of one commit of several."""
    return found._replace(message=f"commit {commit[:12]}: {found.message}")


def without_commit(message: str) -> str:
    """What a finding says, whichever commit it is said of."""
    head, colon, rest = message.partition(": ")
    return rest if colon and head.startswith("commit ") and " " not in head[7:] else message


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether a finding refuses the change."""
    return any(f.severity == Severity.BLOCK for f in findings)


def order(found: Finding) -> tuple[str, int, int, str, str]:
    """Sorts findings by place, then id."""
    return (found.path, found.line, found.column, found.id, found.message)
