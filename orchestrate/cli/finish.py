"""`orchestrate finish`: judge the task of this worktree and close it."""

from typing import Any

import click

from orchestrate.cli.choosing import project_of
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.cli.task_shown import print_attempt
from orchestrate.errors import InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.plans.events import attempt_json
from orchestrate.runner import finishing, own_task
from orchestrate.runner.decisions import need_reason
from orchestrate.runner.finishing import Finished
from orchestrate.runner.own_task import OwnTask


@click.command()
@click.option("--cancel", "cancelled", is_flag=True, help="Give the task up; needs --reason.")
@click.option("--reason", default="", help="Why it is given up; recorded.")
@click.option(
    "--since",
    default="",
    metavar="COMMIT",
    help="Judge what came after COMMIT, when others' work was merged in; recorded.",
)
@click.option(
    "--reviewed",
    default="",
    metavar="TEXT",
    help="You have looked at the findings that ask for a person; TEXT is recorded.",
)
@click.option("--record", is_flag=True, help="Write the task's record files and stage them.")
@json_option
@click.pass_context
def finish(
    ctx: click.Context,
    cancelled: bool,
    reason: str,
    since: str,
    reviewed: str,
    record: bool,
    as_json: bool,
) -> None:
    """Judge what was committed since the task was started; a pass closes the task.

    Checks run with the policy of the commit that the task began at, its commands in a clean
    checkout of HEAD. Nothing of yours is moved. Exit code 1: it does not pass and stays open.

    \b
    Examples:
      orchestrate finish
      orchestrate finish --record
      orchestrate finish --since main
      orchestrate finish --cancel --reason "solved otherwise"
    """
    repo = project_of(ctx).open()
    own = own_task.of_worktree(repo)
    if own is None:
        raise InvalidInput(
            "this worktree is on no task", hint='orchestrate start "what to do" --scope GLOB'
        )
    if not own.is_open:
        _already(repo, own, as_json)
    elif cancelled:
        own_task.cancel(repo, own, need_reason(reason, "giving a task up"))
        _say(as_json, {"task": own.task.id, "status": "cancelled"}, f"cancelled {own.task.id}")
    else:
        done = finishing.finish(repo, own, since=since, reviewed=reviewed)
        files = finishing.write_record(repo, own, done.loaded) if record and done.closed else []
        _print(own, done, files, as_json)
        ctx.exit(0 if done.closed else 1)


def _already(repo: Repository, own: OwnTask, as_json: bool) -> None:
    """Closed before: what a killed finish left to do is done now."""
    own_task.looked_up(repo)
    status = str(own.state.status)
    said = f"task {own.task.id} was closed already: {status}"
    _say(as_json, {"task": own.task.id, "status": status, "commit": own.state.commit}, said)


def _say(as_json: bool, document: dict[str, Any], said: str) -> None:
    if as_json:
        print_json(document)
    else:
        click.echo(said)


def _print(own: OwnTask, done: Finished, files: list[str], as_json: bool) -> None:
    after = done.loaded.state.tasks[own.task.id]
    for path in done.left_out:
        click.echo(f"not committed and not judged: {shown(path)} (outside the scope)", err=True)
    if as_json:
        document = {
            "plan": own.ledger.plan_id,
            "task": own.task.id,
            "status": str(after.status),
            "commit": after.commit,
            "attempt": attempt_json(done.attempt),
            "record": files,
        }
        print_json(document)
        return
    print_attempt(done.attempt)
    if not done.closed:
        nexts = "look at the findings, then: orchestrate finish --reviewed TEXT"
        mend = "mend and commit it, then: orchestrate finish"
        waits = done.attempt.reason == "GATE_NOT_RUN"
        click.echo(f"task {own.task.id} stays open; {nexts if waits else mend}")
        if any(one["id"] == "outside-allowed" for one in done.attempt.findings):
            click.echo(
                "  where others' work came in, by merge or rebase: orchestrate finish --since REV"
            )
        return
    click.echo(f"finished {own.task.id} as {after.commit[:12]}")
    if files:
        click.echo(f"its record is staged in {files[0].rpartition('/')[0]}; commit it")
