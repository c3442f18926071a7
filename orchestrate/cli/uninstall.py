"""`orchestrate uninstall`: take the hooks out again, to the byte."""

from pathlib import Path

import click

from orchestrate.agents.integrations import INTEGRATIONS
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.hooks.clients import Edited, remove_client
from orchestrate.hooks.install import uninstall as remove_hooks
from orchestrate.hooks.install import worktrees
from orchestrate.hooks.integrate import separate_all


@click.command()
@json_option
@click.pass_context
def uninstall(ctx: click.Context, as_json: bool) -> None:
    """Remove the hooks, those in agents' settings and in other managers' files too, and caches.

    What was there before is back as it was. A file of pre-commit, husky or lefthook is one of yours
    to commit.

    The files under .orchestrate/ are yours and stay.

    \b
    Example:
      orchestrate uninstall
    """
    repository = Path(ctx.obj)
    managers = _managers(repository)
    done = [(d.hook, d.what, d.path) for d in remove_hooks(repository)]
    done += [("", c.what, c.path) for c in _clients(repository)] + managers
    if as_json:
        print_json([{"hook": hook, "what": what, "path": str(path)} for hook, what, path in done])
        return
    for _, what, path in done:
        why = " (edited since; remove our part by hand)" if what == "kept" else ""
        click.echo(shown(f"{what}: {path}{why}"))
    if not done:
        click.echo("there were no hooks of orchestrate")


def _managers(repository: Path) -> list[tuple[str, str, Path]]:
    """The files of other hook managers that `integrate` had edited, in every worktree."""
    return [
        ("", _what_of(path) if is_out else "kept", path)
        for tree in worktrees(repository)
        for path, is_out in separate_all(tree)
    ]


def _what_of(path: Path) -> str:
    """What taking our lines out did to the file of a manager."""
    return "edited" if path.exists() else "removed"


def _clients(repository: Path) -> list[Edited]:
    """The settings files of agents' clients that our hooks were taken out of, in every worktree."""
    done = [remove_client(tree, c) for tree in worktrees(repository) for c in INTEGRATIONS]
    return [one for one in done if one.what == "removed"]
