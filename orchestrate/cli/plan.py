"""`orchestrate plan …`: make plans, look at them, decide on them."""

from pathlib import Path
from typing import Any

import click

from orchestrate.cli.choosing import chosen_plan, known_plans, plan_argument, project_of
from orchestrate.cli.output import json_option, print_json, print_table, shown
from orchestrate.cli.plan_decisions import COMMANDS
from orchestrate.cli.plan_summary import plan_summary, print_plans
from orchestrate.errors import InvalidInput, Unsupported
from orchestrate.ledger.store import Ledger, Loaded
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import PlanEvent, step_plan
from orchestrate.runner import planning
from orchestrate.runner.decisions import need_reason
from orchestrate.runner.project import policy_at


@click.group()
def plan() -> None:
    """Make plans, look at them, approve or reject them.

    \b
    Examples:
      orchestrate plan templates
      orchestrate plan create team-bugfix --context "login fails on empty names"
      orchestrate plan create --file plan.yaml
      orchestrate plan show
      orchestrate plan approve
      orchestrate plan merge
    """


for command in COMMANDS:
    plan.add_command(command)


@plan.command("templates")
@json_option
@click.pass_context
def templates(ctx: click.Context, as_json: bool) -> None:
    """List the templates, those that ship and your own.

    Yours are in .orchestrate/plan-templates/ of HEAD and replace shipped ones of their name.

    \b
    Example:
      orchestrate plan templates --json
    """
    project = project_of(ctx)
    repo = project.open()
    base, _ = planning.base_commit(repo, None)
    found = planning.templates(repo, base).values()
    if as_json:
        print_json([_template_json(t) for t in found])
        return
    rows = [
        (t.id, t.name, " -> ".join(", ".join(s["id"] for s in w) for w in t.phases), t.source)
        for t in found
    ]
    print_table(("template", "name", "tasks by wave", "from"), rows)


def _template_json(template: Any) -> dict[str, Any]:
    return {
        "id": template.id,
        "name": template.name,
        "description": template.description,
        "failure_policy": template.failure_policy,
        "requires_approval": template.requires_approval,
        "vars": {
            v.name: {"description": v.description, "default": v.default}
            for v in template.vars.values()
        },
        "phases": [[subtask["id"] for subtask in wave] for wave in template.phases],
        "source": template.source,
    }


@plan.command("create")
@click.argument("template", required=False)
@click.option("--file", "file", type=click.Path(dir_okay=False), help="A plan file of your own.")
@click.option("--context", default="", help="What the plan is for; fills {{context}}.")
@click.option("--title", default="", help="The plan's title; by default the context's first line.")
@click.option(
    "--var", "variables", multiple=True, metavar="NAME=VALUE", help="A template's variable."
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="TASK.FIELD=VALUE",
    help='Override a task\'s field; values are typed (true, 3, ["a"]).',
)
@click.option("--base", default="", help="Commit or branch to build on; by default HEAD.")
@click.option("--approve", "approved", is_flag=True, help="Approve it at once.")
@json_option
@click.pass_context
def create(
    ctx: click.Context,
    template: str | None,
    file: str | None,
    context: str,
    title: str,
    variables: tuple[str, ...],
    overrides: tuple[str, ...],
    base: str,
    approved: bool,
    as_json: bool,
) -> None:
    """Make a plan from a template or a file.

    \b
    Examples:
      orchestrate plan create team-feature --context "export as CSV"
      orchestrate plan create team-bugfix --context "crash on empty input" \\
          --var test_command="pytest -q" --set fix.budget_minutes=45
      orchestrate plan create --file plan.yaml --approve
    """
    if bool(template) == bool(file):
        raise InvalidInput(
            "name a template or a --file, one of them",
            hint="orchestrate plan templates lists the templates",
        )
    project = project_of(ctx)
    repo = project.open()
    head = repo.head_commit()
    config = policy_at(repo, head).config if head else None
    commit, target = planning.base_commit(repo, config, base)
    if file:
        text, name = planning.read_plan_file(Path(file)), file
    else:
        text = planning.plan_from_template(
            planning.template_named(repo, commit, template or ""),
            context=context,
            title=title,
            variables=_pairs(variables, "--var"),
            overrides=_pairs(overrides, "--set"),
        )
        name = f"plan from {template}"
    loaded = planning.create(project, repo, text, commit, target, name)
    if approved and not loaded.state.is_approved:
        loaded = planning.approve(project.ledger(repo, loaded.state.plan.id), loaded)
    if as_json:
        print_json(plan_summary(loaded.state))
    else:
        _print_created(loaded.state)


def _print_created(state: PlanState) -> None:
    click.echo(f"created plan {state.plan.id}: {shown(state.plan.title)}")
    _print_waves(state)
    nexts = "run" if state.is_approved else "plan approve"
    click.echo(f"next: orchestrate plan show {state.plan.id}; orchestrate {nexts} {state.plan.id}")


def _pairs(given: tuple[str, ...], option: str) -> dict[str, str]:
    pairs = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise InvalidInput(f"{option} takes NAME=VALUE, not '{text}'")
        pairs[name] = value
    return pairs


@plan.command("list")
@json_option
@click.pass_context
def list_plans(ctx: click.Context, as_json: bool) -> None:
    """List the plans of the repository.

    \b
    Examples:
      orchestrate plan list
      orchestrate plan list --json
    """
    project = project_of(ctx)
    repo = project.open()
    states = [project.ledger(repo, i).load().state for i in known_plans(repo)]
    if as_json:
        print_json([plan_summary(state) for state in states])
    elif not states:
        click.echo("no plans yet; orchestrate plan templates lists what to start from")
    else:
        print_plans(states)


@plan.command("show")
@plan_argument
@json_option
@click.pass_context
def show(ctx: click.Context, plan: str | None, as_json: bool) -> None:
    """Print a plan's file as it stands in its ledger.

    \b
    Examples:
      orchestrate plan show
      orchestrate plan show login-fails-abc234 > plan.yaml
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    loaded = ledger.load()
    if as_json:
        print_json({**plan_summary(loaded.state), "document": ledger.document(loaded)})
        return
    click.echo(shown(ledger.plan_yaml(loaded).decode("utf-8", "replace")), nl=False)
    state = loaded.state
    approvers = ", ".join(a.by for a in state.approvals if a.version == state.plan.version)
    click.echo(
        f"# {state.status}, version {state.plan.version}, "
        f"{'approved by ' + shown(approvers) if approvers else 'not approved'}; "
        f"base {state.base[:12]}, branch {state.branch.removeprefix('refs/heads/')}"
    )
    _print_waves(state, "# ")


def _print_waves(state: PlanState, mark: str = "  ") -> None:
    for number, wave in enumerate(state.plan.waves(), start=1):
        click.echo(f"{mark}wave {number}: {', '.join(wave)}")


@plan.command("edit")
@plan_argument
@click.option(
    "--file", "file", type=click.Path(dir_okay=False), help="Take this file instead of an editor."
)
@click.option("--reason", default="", help="Why the plan changes; recorded with the new version.")
@click.pass_context
def edit(ctx: click.Context, plan: str | None, file: str | None, reason: str) -> None:
    """Edit a plan that has not started.

    Without --file it opens in your editor. The version grows by one and an approval given before
    is void.

    \b
    Examples:
      orchestrate plan edit
      orchestrate plan edit --file plan.yaml --reason "the parser first"
    """
    project = project_of(ctx)
    ledger = chosen_plan(project, project.open(), plan)
    loaded = ledger.load()
    # Refused before a person has typed, not after.
    step_plan(ledger.plan_id, loaded.state.status, PlanEvent.REVISED)
    before = ledger.plan_yaml(loaded)
    if file:
        after, name = planning.read_plan_file(Path(file)), file
    else:
        edited = _from_editor(before.decode("utf-8"))
        if edited is None or edited.encode() == before:
            click.echo("nothing changed", err=True)
            return
        after, name = edited.encode(), f"plan {ledger.plan_id} as edited"
        _keep_a_draft(ledger, after, name, reason)
        return
    _revised(planning.revise(ledger, after, name, need_reason(reason, "an edit")))


def _from_editor(text: str) -> str | None:
    """The text as a person left it in their editor; None when they did not save it."""
    try:
        return click.edit(text, extension=".yaml")
    except click.ClickException as error:
        raise Unsupported(
            f"the editor did not work: {error.format_message()}",
            hint="name another one with EDITOR=…, or give a file with --file",
        ) from None


def _keep_a_draft(ledger: Ledger, text: bytes, name: str, reason: str) -> None:
    """Revise from an editor's text; what does not validate is kept, not thrown away."""
    try:
        if not reason:
            reason = click.prompt("Why does the plan change", err=True)
        _revised(planning.revise(ledger, text, name, reason))
    except InvalidInput as error:
        kept = Path(f"{ledger.plan_id}.rejected.yaml").resolve()
        kept.write_bytes(text)
        hint = f"your text is in {kept}; mend it, then: orchestrate plan edit --file {kept.name}"
        raise InvalidInput(error.message, hint=hint) from None


def _revised(loaded: Loaded) -> None:
    state = loaded.state
    click.echo(f"plan {state.plan.id} is now at version {state.plan.version}, not approved")
    click.echo(f"next: orchestrate plan approve {state.plan.id}")
