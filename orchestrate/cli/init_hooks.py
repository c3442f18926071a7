"""What `orchestrate init` says about hooks: git's, another manager's, and those of clients."""

from pathlib import Path

import click

from orchestrate.cli.output import print_json, shown
from orchestrate.hooks.clients import Edited
from orchestrate.hooks.install import Installed
from orchestrate.hooks.stubs import CHAINED
from orchestrate.hooks.through import manager_of


def hooks_json(installed: list[Installed], edited: list[Path]) -> list[dict[str, str]]:
    found = [{"hook": d.hook, "what": d.what, "path": str(d.path)} for d in installed]
    return found + [{"hook": "", "what": "edited", "path": str(path)} for path in edited]


def print_hooks(
    installed: list[Installed], edited: list[Path], manager: str | None, dry_run: bool
) -> None:
    would = "would be " if dry_run else ""
    for one in installed:
        if one.what != "unchanged":
            click.echo(shown(f"hook {one.hook}: {would}{one.what} ({one.path})"))
    for tool in sorted(_chained_managers(installed)):
        click.echo(
            f"note: some of them are {tool}'s, which writes them anew over ours; "
            f"`orchestrate uninstall`, then `init --with {tool}`, puts ours into its own file"
        )
    for path in edited:
        click.echo(shown(f"{path}: edited; commit it"))
    if manager:
        click.echo(f"hooks: would be added to the file of {manager}")


def _chained_managers(installed: list[Installed]) -> set[str]:
    """The managers whose hooks were moved aside, or would be."""
    chained = [one.path for one in installed if one.what == "chained"]
    found = {manager_of(path) or manager_of(Path(f"{path}{CHAINED}")) for path in chained}
    return {tool for tool in found if tool}


def print_clients(done: list[Edited], dry_run: bool, as_json: bool) -> None:
    if as_json:
        print_json(
            {"dry_run": dry_run, "agents": [d._asdict() | {"path": str(d.path)} for d in done]}
        )
        return
    for one in done:
        would = "would be " if dry_run and one.what in ("installed", "removed") else ""
        click.echo(shown(f"{one.client}: {would}{one.what} ({one.path})"))
        if one.note:
            click.echo(f"  {one.note}")
    if any(one.what == "installed" for one in done) and not dry_run:
        click.echo("These files hold paths of this machine: leave them out of your commits.")
