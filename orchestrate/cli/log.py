"""`orchestrate log`: a plan's events, and their verification."""

from typing import Any

import click

from orchestrate.cli.choosing import chosen_plan, plan_argument, project_of
from orchestrate.cli.output import json_option, print_json, print_table
from orchestrate.git.notes import NOTES
from orchestrate.git.types import Commit
from orchestrate.ledger.notes import rebuild_notes
from orchestrate.ledger.store import Ledger
from orchestrate.ledger.verify import verify
from orchestrate.runner import clock


@click.command()
@plan_argument
@click.option("--verify", "verified", is_flag=True, help="Replay the chain and check every step.")
@click.option("--rebuild-notes", is_flag=True, help="Write the plan's verdict notes anew.")
@json_option
@click.pass_context
def log(
    ctx: click.Context, plan: str | None, verified: bool, rebuild_notes: bool, as_json: bool
) -> None:
    """Show a plan's events, oldest first; with --verify replay them.

    Every event is a commit: git log shows the same. Exit code 1 when the chain breaks a rule.

    \b
    Examples:
      orchestrate log
      orchestrate log login-fails-abc234 --verify
      orchestrate log --rebuild-notes; git log --notes=orchestrate
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    if verified:
        ctx.exit(_verify(ledger, as_json))
    if rebuild_notes:
        _rebuild_notes(ledger, as_json)
        return
    commits = list(ledger.repo.log(ledger.tip()))[::-1]
    if as_json:
        print_json([_event_json(commit) for commit in commits])
        return
    rows = [
        (commit.oid[:12], clock.iso(commit.committer.time), commit.subject, _actor(commit))
        for commit in commits
    ]
    print_table(("commit", "when", "what", "who"), rows)


def _rebuild_notes(ledger: Ledger, as_json: bool) -> None:
    count = rebuild_notes(ledger, clock.now())
    if as_json:
        print_json({"plan": ledger.plan_id, "commits": count, "ref": NOTES})
    else:
        click.echo(f"{NOTES}: the notes of {count} commits are complete")


def _actor(commit: Commit) -> str:
    return commit.trailer("Orchestrate-Actor") or ""


def _event_json(commit: Commit) -> dict[str, Any]:
    named = {
        key.removeprefix("Orchestrate-").lower(): value
        for key, value in commit.trailers
        if key.startswith("Orchestrate-")
    }
    at = clock.iso(commit.committer.time)
    return {"ledger": commit.oid, "at": at, "subject": commit.subject, **named}


def _verify(ledger: Ledger, as_json: bool) -> int:
    count, problem = verify(ledger)
    if as_json:
        print_json(
            {
                "plan": ledger.plan_id,
                "verified": count,
                "problem": problem._asdict() if problem else None,
            }
        )
    elif problem is None:
        click.echo(f"{ledger.ref}: {count} events verified")
    else:
        click.echo(f"{ledger.ref}: broken at {problem.commit}")
        click.echo(f"rule {problem.rule}: {problem.message}")
        click.echo(f"{count} events before it hold")
    return 0 if problem is None else 1
