"""`orchestrate uninstall`: take the hooks out again, to the byte."""

from pathlib import Path

import click

from orchestrate.agents.integrations import INTEGRATIONS
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.hooks.clients import Edited, remove_client
from orchestrate.hooks.install import uninstall as remove_hooks
from orchestrate.hooks.install import worktrees


@click.command()
@json_option
@click.pass_context
def uninstall(ctx: click.Context, as_json: bool) -> None:
    """Remove the hooks, those in agents' settings too, and caches.

    What was there before is back as it was.

    The files under .orchestrate/ are yours and stay.

    \b
    Example:
      orchestrate uninstall
    """
    done = remove_hooks(Path(ctx.obj))
    clients = _clients(Path(ctx.obj))
    if as_json:
        found = [{"hook": d.hook, "what": d.what, "path": str(d.path)} for d in done]
        print_json(found + [{"hook": "", "what": c.what, "path": str(c.path)} for c in clients])
        return
    for one in done:
        why = " (edited since; remove our part by hand)" if one.what == "kept" else ""
        click.echo(shown(f"{one.what}: {one.path}{why}"))
    for client in clients:
        click.echo(shown(f"{client.what}: {client.path}"))
    if not done and not clients:
        click.echo("there were no hooks of orchestrate")


def _clients(repository: Path) -> list[Edited]:
    """The settings files of agents' clients that our hooks were taken out of, in every worktree."""
    done = [remove_client(tree, c) for tree in worktrees(repository) for c in INTEGRATIONS]
    return [one for one in done if one.what == "removed"]
