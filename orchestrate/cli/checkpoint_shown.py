"""How checkpoints are told: as JSON for programs, in lines for people."""

from datetime import UTC, datetime
from typing import Any

import click

from orchestrate.checkpoints.compare import Comparison, kind_of
from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checks.findings import Finding
from orchestrate.checks.render import as_dict
from orchestrate.checks.render_text import place, printable
from orchestrate.git.types import EntryChange


def document(found: Checkpoint) -> dict[str, Any]:
    """A checkpoint as JSON holds it."""
    return {**found._asdict(), "kind": str(found.kind), "name": found.name}


def changed(changes: list[EntryChange]) -> list[dict[str, Any]]:
    """Changes as JSON holds them; bytes of a path that are no UTF-8 are written as escapes."""
    return [
        {**change._asdict(), "path": printable(change.path), "kind": kind_of(change)}
        for change in changes
    ]


def comparison(found: Comparison) -> dict[str, Any]:
    """Two checkpoints compared, as JSON holds it."""
    one, other = ([as_dict(finding) for finding in group] for group in found.findings)
    return {
        "changes": changed(list(found.changes)),
        "counts": found.counts,
        "staged": [printable(path) for path in found.staged],
        "findings": {"a": one, "b": other},
    }


def say_gaps(found: Checkpoint) -> None:
    """Tell what a checkpoint could not record, to stderr."""
    for path in found.unstable:
        click.echo(f"unstable, written while it was read: {printable(path)}", err=True)
    for path in found.unrecorded:
        click.echo(f"not recorded, unreadable or without commits: {printable(path)}", err=True)


def say_findings(findings: tuple[Finding, ...]) -> None:
    """One line a finding."""
    for finding in findings:
        click.echo(f"  {place(finding)}: {finding.severity} {finding.id}: {finding.message}")


def title(found: Checkpoint) -> str:
    """The first line of its message, and what it is limited to."""
    scope = f" [{len(found.scope)} paths only]" if found.scope is not None else ""
    return found.message.split("\n", 1)[0] + scope


def when(seconds: int) -> str:
    """A time for people and programs: ISO 8601, UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
