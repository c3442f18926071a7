"""`orchestrate start`: open a task in your own tree."""

import click

from orchestrate.cli.active import print_active
from orchestrate.cli.choosing import project_of
from orchestrate.cli.output import json_option, print_json
from orchestrate.runner.own_task import Wish
from orchestrate.runner.own_task import start as open_task
from orchestrate.runner.worktree_task import own_json


@click.command()
@click.argument("title")
@click.option(
    "--scope", multiple=True, required=True, metavar="GLOB", help="What it may touch; repeatable."
)
@click.option("--deny", multiple=True, metavar="GLOB", help="What it may not touch; repeatable.")
@click.option("--role", default="", metavar="ID", help="A role whose rules hold beside the task's.")
@click.option("--criteria", multiple=True, metavar="TEXT", help="What must be true; repeatable.")
@click.option(
    "--verify",
    multiple=True,
    metavar="CMD",
    help="A command that must succeed on what is committed; repeatable.",
)
@json_option
@click.pass_context
def start(
    ctx: click.Context,
    title: str,
    scope: tuple[str, ...],
    deny: tuple[str, ...],
    role: str,
    criteria: tuple[str, ...],
    verify: tuple[str, ...],
    as_json: bool,
) -> None:
    """Open a task in this worktree: from now on the hooks hold commits to its scope.

    It is a plan of one task with its ledger and log. The work is your own commits on your own
    branch; orchestrate finish judges them and closes the task.

    \b
    Examples:
      orchestrate start "fix the login" --scope 'src/login/**' --scope 'tests/**'
      orchestrate start "faster parser" --scope src/ --deny src/api.py \\
          --criteria "same output as before" --verify "pytest -q"
    """
    repo = project_of(ctx).open()
    own = open_task(repo, Wish(" ".join(title.split()), scope, deny, role, criteria, verify))
    if as_json:
        print_json(own_json(own))
        return
    print_active(own_json(own))
    click.echo("next: commit your work, then: orchestrate finish")
