"""`orchestrate gate`: look at gate profiles and run them on a revision."""

from typing import Any

import click

from orchestrate.cli.choosing import project_of
from orchestrate.cli.output import json_option, print_json, print_table, shown
from orchestrate.git.repository import Repository
from orchestrate.policy.policy import Policy
from orchestrate.runner.gatekeeper import run_gate, stored_verdict
from orchestrate.runner.profiles import ProfileRun
from orchestrate.runner.project import head_policy, policy_at

policy_option = click.option(
    "--policy",
    "policy_rev",
    default="",
    metavar="REV",
    help="Take the profiles from that commit instead of HEAD.",
)


@click.group()
def gate() -> None:
    """Look at the gate profiles of .orchestrate/config.yaml and run them.

    \b
    Examples:
      orchestrate gate list
      orchestrate gate run fast
      orchestrate gate run merge orchestrate/login-fails-abc234 --policy origin/main
    """


@gate.command("list")
@click.argument("rev", default="HEAD")
@policy_option
@json_option
@click.pass_context
def show(ctx: click.Context, rev: str, policy_rev: str, as_json: bool) -> None:
    """List the profiles and what is known of each.

    It is of REV's tree, of HEAD's when REV is left out. `current`: a verdict for this
    very tree, policy and definition is stored; `stale`: only for others; `missing`: it never ran
    here; `unknown`: what is stored does not read.

    \b
    Examples:
      orchestrate gate list
      orchestrate gate list main --json
    """
    repo = project_of(ctx).open()
    policy = _policy(repo, policy_rev)
    tree = repo.tree_of(repo.resolve(rev))
    gates = policy.config.gates
    rows = []
    for name, steps in gates.profiles.items():
        stored = stored_verdict(repo, policy, name, tree)
        rows.append(
            {
                "profile": name,
                "runs_for": [use for use in ("task", "merge") if getattr(gates, use) == name],
                "steps": [step.id for step in steps],
                "freshness": str(stored.freshness),
                "passed": stored.run.passed if stored.run else None,
                "at": stored.run.at if stored.run else None,
            }
        )
    if as_json:
        print_json(rows)
    else:
        print_table(("profile", "runs for", "steps", "verdict"), [_row(row) for row in rows])


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    said = row["freshness"]
    if row["at"]:
        said = f"{said}: {'passed' if row['passed'] else 'failed'} at {row['at']}"
    return (row["profile"], ", ".join(row["runs_for"]), ", ".join(row["steps"]), said)


@gate.command("run")
@click.argument("profile")
@click.argument("rev", default="HEAD")
@click.option("--again", is_flag=True, help="Run it although a pass for this tree is stored.")
@policy_option
@json_option
@click.pass_context
def run(
    ctx: click.Context, profile: str, rev: str, again: bool, policy_rev: str, as_json: bool
) -> None:
    """Run a profile in a clean checkout.

    The checkout is of REV's tree, of HEAD's when it is left out; what is not committed is not
    looked at. A pass for the same tree, policy and definition is reused, which is said. Exit code
    0: passed; 1: anything else.

    \b
    Examples:
      orchestrate gate run fast
      orchestrate gate run full HEAD~1 --again
    """
    project = project_of(ctx)
    repo = project.open()
    policy = _policy(repo, policy_rev)
    tree = repo.tree_of(repo.resolve(rev))
    ran = run_gate(repo, policy, project.cache(repo), profile, tree, again=again)
    if as_json:
        print_json(ran.as_json())
    else:
        _print(ran)
    ctx.exit(0 if ran.passed else 1)


def _print(ran: ProfileRun) -> None:
    rows = [
        (step.id, str(step.status), f"{step.run.seconds:.1f} s", step.detail) for step in ran.steps
    ]
    print_table(("step", "status", "took", ""), rows)
    for step in ran.steps:
        if not step.passed and step.run.output:
            click.echo(f"\n{step.id}: {shown(step.run.command)}\n{shown(step.run.output)}")
    verdict = "passed" if ran.passed else str(ran.reason)
    again = f" (reused: reached at {ran.at})" if ran.reused else ""
    click.echo(f"gate {ran.profile} on tree {ran.tree[:12]}: {verdict}{again}")


def _policy(repo: Repository, rev: str) -> Policy:
    return policy_at(repo, repo.resolve(rev)) if rev else head_policy(repo)
