"""What a worktree is on, as `start` and `status` show it to people."""

from typing import Any

import click

from orchestrate.cli.output import shown


def print_active(active: dict[str, Any]) -> None:
    """A task as `worktree_task.active_json` tells it."""
    click.echo(f"this worktree is on task {active['task']}: {shown(str(active['title']))}")
    facts = {
        "plan": active["plan"],
        "role": active["role"],
        "scope": ", ".join(active["scope"] or ()),
        "deny": ", ".join(active["deny"] or ()),
    }
    for name, value in facts.items():
        if value:
            click.echo(f"  {name + ':':<12}{shown(str(value))}")
    for criterion in active["criteria"] or ():
        click.echo(f"  criterion:  {shown(criterion)}")
    if active.get("last_findings"):
        _print_findings(active["last_findings"])
    if not active.get("hooks_know", True):
        click.echo("  its start was interrupted, or its file removed: the hooks do not know it;")
        click.echo("  the same orchestrate start again puts the worktree back on it")


def _print_findings(last: dict[str, Any]) -> None:
    found = last["findings"]
    click.echo(f"  findings:   {len(found)}, {last['by']} at {last['at']}")
    if last.get("error"):
        click.echo(f"    the checks did not end: {shown(last['error'])}")
    for one in found:
        place = f"{one['path']}:{one['line']}" if one.get("line") else one["path"]
        click.echo(f"    {one['severity']} {one['id']} {shown(place)}: {shown(one['message'])}")
