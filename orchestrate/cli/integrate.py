"""`orchestrate integrate`: our hooks in the file of another hook manager."""

from pathlib import Path

import click

from orchestrate.cli.output import shown
from orchestrate.git.folders import work_tree
from orchestrate.hooks.integrate import MANAGERS, separate
from orchestrate.hooks.integrate import integrate as add


@click.command()
@click.argument("tool", type=click.Choice(MANAGERS))
@click.option("--remove", is_flag=True, help="Take our lines out again.")
@click.pass_context
def integrate(ctx: click.Context, tool: str, remove: bool) -> None:
    """Add the hooks to TOOL's own file, with your comments kept, for you to commit.

    \b
    Examples:
      orchestrate integrate pre-commit
      orchestrate integrate husky --remove
    """
    top = work_tree(Path(ctx.obj))
    changed = separate(top, tool) if remove else add(top, tool)
    for path in changed:
        click.echo(shown(f"edited {path}"))
    if not changed:
        click.echo("there was nothing to change")
    elif not remove:
        click.echo(f"next: commit it; {then_install(tool)}")


def then_install(tool: str) -> str:
    """How the tool's own hooks come into git's folder."""
    if tool == "husky":
        return "husky runs it in every clone after `npm install`"
    if tool == "lefthook":
        return "`lefthook install` in each clone lets git start it"
    hooks = ("pre-commit", "pre-merge-commit", "prepare-commit-msg", "commit-msg", "pre-push")
    stages = " ".join(f"-t {hook}" for hook in hooks)
    return f"`{tool} install {stages}` in each clone lets git start it"
