"""`orchestrate hook`: what the hook stubs run where git's configuration names no interpreter."""

import sys

import click

from orchestrate.hooks.agent_hook import main as agent_hook
from orchestrate.hooks.full import run_hook
from orchestrate.hooks.stubs import ALL, PROBE, PROBE_ANSWER

AGENT = "agent"


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("name", type=click.Choice([*ALL, AGENT]))
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def hook(ctx: click.Context, name: str, arguments: tuple[str, ...]) -> None:
    """Run one git hook, as git would, in the current folder; or the hook of an agent's client.

    \b
    Examples:
      orchestrate hook pre-commit
      orchestrate hook commit-msg .git/COMMIT_EDITMSG
      orchestrate hook agent claude < event.json
    """
    if name == AGENT:
        ctx.exit(agent_hook(list(arguments)))
    if PROBE in arguments:
        click.echo(PROBE_ANSWER, err=True)
        return
    sys.stdout.flush()
    ctx.exit(run_hook(name, arguments))
