"""`orchestrate doctor`: does everything that should guard this repository really run?"""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from orchestrate.cli.integrate import then_install
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.errors import FileError, InvalidInput
from orchestrate.git.changes import Objects
from orchestrate.git.process import git_version
from orchestrate.hooks import install
from orchestrate.hooks.install import Fires
from orchestrate.hooks.integrate import integrated
from orchestrate.hooks.place import Place, warm
from orchestrate.hooks.through import seen_through


@click.command()
@click.option("--repair", is_flag=True, help="Install the hooks again first.")
@json_option
@click.pass_context
def doctor(ctx: click.Context, repair: bool, as_json: bool) -> None:
    """Start each hook through git, in each worktree, and say whether it fires.

    Another manager's hook is not started: what its file says is told. A policy that does not parse
    is told too, as every hook refuses then.

    \b
    Examples:
      orchestrate doctor
      orchestrate doctor --repair
    """
    repository = Path(ctx.obj)
    if repair:
        for done in install.install(repository, hooks=install.chosen(repository)):
            if done.what != "unchanged":
                click.echo(f"{done.what}: {shown(str(done.path))}", err=True)
    found = install.doctor(repository)
    if not found:
        raise InvalidInput(
            "a bare repository without worktrees has no place where its hooks would fire",
            hint="run it in a clone that has files",
        )
    found = [seen_through(one) for one in found]
    broken = _broken_policies(sorted({one.worktree for one in found}))
    fires = all(one.fires for one in found)
    fine = fires and not broken
    if as_json:
        rows = [
            {"worktree": str(f.worktree), "hook": f.hook, "fires": f.fires, "reason": f.reason}
            for f in found
        ]
        policies = [{"worktree": str(tree), "problem": str(said)} for tree, said in broken]
        git = ".".join(map(str, git_version()))
        print_json({"git": git, "hooks": rows, "broken_policies": policies, "fine": fine})
    else:
        for one in found:
            click.echo(shown(f"{one.worktree}: {one.hook} {_said(one)}"))
        for tree, error in broken:
            click.echo(shown(f"{tree}: the policy of HEAD does not parse: {error}"))
            click.echo(shown(f"    {error.hint}"))
        if not fires:
            _say_what_to_do({one.worktree for one in found if not one.fires})
    ctx.exit(0 if fine else 1)


def _said(one: Fires) -> str:
    if not one.fires:
        return f"does not fire: {one.reason}"
    return one.reason or "fires"


def _broken_policies(trees: Sequence[Path]) -> list[tuple[Path, FileError]]:
    """The worktrees on a commit whose policy does not parse, so that every hook refuses."""
    found = []
    for tree in trees:
        with closing(Objects(str(tree))) as objects:
            try:
                Place(objects, tree).policy()
            except FileError as error:
                found.append((tree, error))
                continue
        warm(tree)
    return found


def _say_what_to_do(trees: set[Path]) -> None:
    """How hooks come back that do not fire: through a manager that calls us, else as git's own."""
    tools = sorted({tool for tree in trees for tool in integrated(tree)})
    for tool in tools:
        click.echo(f"note: {tool} calls orchestrate here; {then_install(tool)}", err=True)
        click.echo(
            f"hint: `orchestrate integrate {tool} --remove`, then without --remove, adds the hooks "
            "that its file lacks",
            err=True,
        )
    if not tools:
        click.echo("hint: `orchestrate doctor --repair` installs the hooks again", err=True)
