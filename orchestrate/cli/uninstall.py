"""`orchestrate uninstall`: take the hooks out again, to the byte."""

from pathlib import Path

import click

from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.hooks.install import uninstall as remove_hooks


@click.command()
@json_option
@click.pass_context
def uninstall(ctx: click.Context, as_json: bool) -> None:
    """Remove the hooks and caches; hooks that were there before are back as they were.

    The files under .orchestrate/ are yours and stay.

    \b
    Example:
      orchestrate uninstall
    """
    done = remove_hooks(Path(ctx.obj))
    if as_json:
        print_json([{"hook": d.hook, "what": d.what, "path": str(d.path)} for d in done])
        return
    for one in done:
        why = " (edited since; remove our part by hand)" if one.what == "kept" else ""
        click.echo(shown(f"{one.what}: {one.path}{why}"))
    if not done:
        click.echo("there were no hooks of orchestrate")
