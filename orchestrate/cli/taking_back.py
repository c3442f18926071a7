"""What `task rollback` and `plan rollback` share: the options, and what they print."""

import click

from orchestrate.cli.output import print_json
from orchestrate.runner.rollbacks import Rollback

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Say what would be taken back, and whether it conflicts."
)


def print_rollback(plan: str, done: Rollback, *, dry_run: bool, as_json: bool) -> None:
    """The tasks that were taken back, newest first, and what comes next."""
    if as_json:
        print_json(_as_json(plan, done, dry_run))
        return
    short = done.branch.removeprefix("refs/heads/")
    for one in done.taken_back:
        promoted = one.promoted[:12] or "no commit of its own"
        if dry_run:
            click.echo(f"would take back {one.task} ({promoted}) on {short}")
        else:
            click.echo(f"took back {one.task} ({promoted}): {one.revert[:12]} on {short}")
    for task in done.withdrawn:
        click.echo(f"{'would send' if dry_run else 'sent'} {task} back to the queue")
    if not done.taken_back:
        click.echo("nothing was promoted after it")
    elif not dry_run:
        click.echo(f"next: orchestrate run {plan}, or orchestrate plan abort {plan}")


def _as_json(plan: str, done: Rollback, dry_run: bool) -> dict[str, object]:
    return {
        "plan": plan,
        "branch": done.branch,
        "dry_run": dry_run,
        "taken_back": [
            {"task": t.task, "commit": t.promoted, "revert": "" if dry_run else t.revert}
            for t in done.taken_back
        ],
        "withdrawn": list(done.withdrawn),
    }
