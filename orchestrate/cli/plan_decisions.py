"""`orchestrate plan …`: what people decide of a plan that stands."""

import click

from orchestrate.cli.choosing import chosen_plan, plan_argument, project_of, reason_option
from orchestrate.cli.output import json_option, print_json, shown
from orchestrate.cli.plan_summary import done_of, plan_summary
from orchestrate.cli.taking_back import dry_run_option, print_rollback
from orchestrate.errors import InvalidInput
from orchestrate.plans.states import PlanEvent, PlanStatus
from orchestrate.runner import planning, restoring
from orchestrate.runner.decisions import need_reason
from orchestrate.runner.merging import Merge, Style, Way, carry_out, prepare_merge
from orchestrate.runner.rollbacks import roll_back_to


@click.command("approve")
@plan_argument
@click.option("--version", "version", type=int, help="Refuse unless the plan is at this version.")
@click.pass_context
def approve(ctx: click.Context, plan: str | None, version: int | None) -> None:
    """Approve a plan as it stands; a later edit voids the approval.

    \b
    Examples:
      orchestrate plan approve
      orchestrate plan approve login-fails-abc234 --version 2
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    seen = ledger.load()
    if version is not None and version != seen.state.plan.version:
        raise InvalidInput(
            f"plan {ledger.plan_id} is at version {seen.state.plan.version}, not {version}"
        )
    state = planning.approve(ledger, seen).state
    click.echo(f"approved plan {state.plan.id}, version {state.plan.version}")
    click.echo(f"next: orchestrate run {state.plan.id}")


@click.command("reject")
@plan_argument
@reason_option
@click.pass_context
def reject(ctx: click.Context, plan: str | None, reason: str) -> None:
    """Reject a draft for good.

    \b
    Example:
      orchestrate plan reject login-fails-abc234 --reason "solved by an update"
    """
    _plan_step(ctx, plan, PlanEvent.REJECTED, need_reason(reason, "a rejection"))


@click.command("pause")
@plan_argument
@reason_option
@click.pass_context
def pause(ctx: click.Context, plan: str | None, reason: str) -> None:
    """Pause a running plan: its runner ends what runs and stops.

    \b
    Example:
      orchestrate plan pause login-fails-abc234
    """
    _plan_step(ctx, plan, PlanEvent.PAUSED, reason)


@click.command("resume")
@plan_argument
@click.pass_context
def resume(ctx: click.Context, plan: str | None) -> None:
    """Let a paused plan go on.

    \b
    Example:
      orchestrate plan resume login-fails-abc234 && orchestrate run login-fails-abc234
    """
    _plan_step(ctx, plan, PlanEvent.RESUMED, "")


@click.command("abort")
@plan_argument
@reason_option
@click.pass_context
def abort(ctx: click.Context, plan: str | None, reason: str) -> None:
    """End a plan; what was promoted stays on its branch.

    \b
    Example:
      orchestrate plan abort login-fails-abc234 --reason "the feature was dropped"
    """
    _plan_step(ctx, plan, PlanEvent.ABORTED, need_reason(reason, "an abort"))


@click.command("merge")
@plan_argument
@click.option("--into", default="", metavar="BRANCH", help="Where; by default the plan's target.")
@click.option("--no-ff", is_flag=True, help="Make a merge commit even where none is needed.")
@click.option("--ff-only", is_flag=True, help="Refuse where a merge commit would be needed.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; no branch or file moves.")
@json_option
@click.pass_context
def merge(
    ctx: click.Context,
    plan: str | None,
    into: str,
    no_ff: bool,
    ff_only: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Land a completed plan's branch on the branch it is meant for.

    Conflicts are named and nothing moves. With `gates.merge` in the target's configuration, a
    passing verdict of that profile on the merged tree must be there. Where the target is checked
    out, its files follow, after a checkpoint; uncommitted changes that the merge touches stop it.

    \b
    Examples:
      orchestrate plan merge --dry-run
      orchestrate plan merge login-fails-abc234 --no-ff
      orchestrate plan merge login-fails-abc234 --into release
    """
    if no_ff and ff_only:
        raise InvalidInput("--no-ff and --ff-only contradict each other", hint="give one of them")
    style = Style.MERGE_COMMIT if no_ff else Style.FAST_FORWARD if ff_only else Style.EITHER
    project = project_of(ctx)
    repo = project.open()
    found = prepare_merge(chosen_plan(project, repo, plan), into, style)
    done = found if dry_run else carry_out(repo, found)
    if as_json:
        print_json(_merge_json(done, dry_run))
    else:
        _print_merge(done, dry_run)


def _merge_json(done: Merge, dry_run: bool) -> dict[str, object]:
    return {
        "plan": done.plan,
        "branch": done.branch,
        "target": done.target,
        "way": str(done.way),
        "before": done.before,
        "after": done.after,
        "worktree": str(done.worktree) if done.worktree else None,
        "gate": done.gate or None,
        "checkpoint": done.checkpoint or None,
        "dry_run": dry_run,
    }


def _print_merge(done: Merge, dry_run: bool) -> None:
    target = done.target.removeprefix("refs/heads/")
    if done.way is Way.NOTHING:
        click.echo(f"{target} holds plan {done.plan} already")
        return
    if done.gate:
        click.echo(done.gate)
    said = "would merge" if dry_run else "merged"
    moved = f"{done.before[:12]} -> {done.after[:12]}"
    click.echo(f"{said} plan {done.plan} into {target}: {done.way}, {moved}")
    if done.checkpoint:
        click.echo(f"the files in {shown(str(done.worktree))} followed")
        click.echo(f"as they were: checkpoint {done.checkpoint}")


@click.command("rollback")
@plan_argument
@click.option("--to", "task_id", metavar="TASK", required=True, help="The last task that stays.")
@reason_option
@dry_run_option
@json_option
@click.pass_context
def rollback(
    ctx: click.Context, plan: str | None, task_id: str, reason: str, dry_run: bool, as_json: bool
) -> None:
    """Take back what was promoted after a task, the newest first.

    \b
    Examples:
      orchestrate plan rollback --to parser --dry-run
      orchestrate plan rollback login-fails-abc234 --to parser --reason "start over from here"
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    done = roll_back_to(ledger, task_id, reason, dry_run=dry_run)
    print_rollback(ledger.plan_id, done, dry_run=dry_run, as_json=as_json)


@click.command("restore")
@click.argument("plan_id", metavar="PLAN")
@click.option("--from", "source", default="", metavar="COMMIT", help="Whose record to take.")
@json_option
@click.pass_context
def restore(ctx: click.Context, plan_id: str, source: str, as_json: bool) -> None:
    """Begin a lost ledger anew from the committed record.

    Taken is the plan branch's record, else HEAD's. What had ended stands as recorded; the rest
    starts afresh and the plan waits for approval. Not in a record, and so not restored: the single
    events, evidence, attempts at unfinished tasks, the approval.

    \b
    Examples:
      orchestrate plan restore login-fails-abc234
      orchestrate plan restore login-fails-abc234 --from main
    """
    project = project_of(ctx)
    state = restoring.restore(project, project.open(), plan_id, source).state
    if as_json:
        print_json(plan_summary(state))
        return
    click.echo(f"restored plan {plan_id}: {state.status}, {done_of(state)} done")
    if not state.is_approved and state.status is PlanStatus.DRAFT:
        click.echo(f"next: orchestrate plan show {plan_id}; orchestrate plan approve {plan_id}")


def _plan_step(ctx: click.Context, plan: str | None, kind: PlanEvent, reason: str) -> None:
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    state = planning.plan_event(ledger, kind, reason).state
    click.echo(f"plan {state.plan.id} is {state.status}")


COMMANDS = (approve, reject, pause, resume, abort, merge, rollback, restore)
