"""`orchestrate doctor`: does everything that should guard this repository really run?"""

from pathlib import Path

import click

from orchestrate.cli.integrate import then_install
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.errors import InvalidInput
from orchestrate.git.process import git_version
from orchestrate.hooks import install
from orchestrate.hooks.integrate import integrated
from orchestrate.hooks.stubs import HOOKS


@click.command()
@click.option("--repair", is_flag=True, help="Install the hooks again first.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, repair: bool, as_json: bool) -> None:
    """Start each hook through git, in each worktree, and say whether it fires.

    \b
    Examples:
      orchestrate doctor
      orchestrate doctor --repair
    """
    repository = Path(ctx.obj)
    if repair:
        for done in install.install(repository, hooks=HOOKS):
            if done.what != "unchanged":
                click.echo(f"{done.what}: {shown(str(done.path))}", err=True)
    found = install.doctor(repository)
    if not found:
        raise InvalidInput(
            "a bare repository without worktrees has no place where its hooks would fire",
            hint="run it in a clone that has files",
        )
    fine = all(one.fires for one in found)
    if as_json:
        rows = [
            {"worktree": str(f.worktree), "hook": f.hook, "fires": f.fires, "reason": f.reason}
            for f in found
        ]
        print_json({"git": ".".join(map(str, git_version())), "hooks": rows, "fine": fine})
    else:
        for one in found:
            said = "fires" if one.fires else f"does not fire: {one.reason}"
            click.echo(shown(f"{one.worktree}: {one.hook} {said}"))
        if not fine:
            click.echo("hint: `orchestrate doctor --repair` installs the hooks again", err=True)
            _name_managers({one.worktree for one in found if not one.fires})
    ctx.exit(0 if fine else 1)


def _name_managers(trees: set[Path]) -> None:
    """Tell of hook managers that call us, which doctor does not look through."""
    for tool in sorted({tool for tree in trees for tool in integrated(tree)}):
        click.echo(f"note: {tool} calls orchestrate here; {then_install(tool)}", err=True)
