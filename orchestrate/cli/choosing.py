"""Which plan and task a command is about, and the options in which it is told."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from orchestrate.errors import InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.ledger.store import Ledger, plan_ids
from orchestrate.plans.states import PLAN_ENDED, PlanStatus
from orchestrate.runner.project import Project, ledger_prefix


def project_of(ctx: click.Context, agent: str = "") -> Project:
    """The repository that the command line names."""
    return Project(Path(ctx.obj).resolve(), agent)


def known_plans(repo: Repository) -> list[str]:
    """The ids of the plans in the repository, sorted."""
    return plan_ids(repo, ledger_prefix(repo))


def chosen_plan(project: Project, repo: Repository, named: str | None) -> Ledger:
    """The ledger of the named plan, by its id or an unmistakable beginning of it.

    With none named: the only plan that has not ended, else the only completed one, else the only
    plan. A task in a person's own tree is meant only where there is nothing else.

    Raises:
        InvalidInput: there is none, or more than one fits; they are named.
    """
    ids = known_plans(repo)
    if not ids:
        raise InvalidInput(
            "there is no plan in this repository",
            hint='orchestrate plan create team-feature --context "what to build"',
        )
    if named:
        fitting = [i for i in ids if i == named] or [i for i in ids if i.startswith(named)]
        if len(fitting) != 1:
            what = "several plans begin" if fitting else "no plan begins"
            raise InvalidInput(
                f"{what} with '{named}'", hint=f"plans here: {', '.join(fitting or ids)}"
            )
        return project.ledger(repo, fitting[0])
    meant = meant_plans(project, repo)
    if len(meant) != 1:
        names = ", ".join(one.plan_id for one in meant)
        raise InvalidInput(
            "which plan? several are here", hint=f"name one (--plan for a task): {names}"
        )
    return meant[0]


def meant_plans(project: Project, repo: Repository) -> list[Ledger]:
    """The ledgers that a command without a plan's name may mean."""
    ledgers = [project.ledger(repo, i) for i in known_plans(repo)]
    states = {one.plan_id: one.load().state for one in ledgers}
    is_open = {i for i, state in states.items() if state.status not in PLAN_ENDED}
    shared = {i for i, state in states.items() if not state.in_own_tree}
    is_done = {i for i, state in states.items() if state.status == PlanStatus.COMPLETED}
    for ids in (is_open & shared, is_open, is_done & shared, shared):
        if ids:
            return [one for one in ledgers if one.plan_id in ids]
    return ledgers


class PlanArgument(click.ParamType[str]):
    """A plan's id; completes to the plans of the repository."""

    name = "plan"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        repo = Repository.open(Path(ctx.find_root().params.get("directory") or "."))
        return [CompletionItem(i) for i in known_plans(repo) if i.startswith(incomplete)]


plan_argument = click.argument("plan", type=PlanArgument(), required=False)
task_argument = click.argument("task_id", metavar="TASK")
reason_option = click.option("--reason", default="", help="Why; recorded.")
plan_option = click.option(
    "--plan",
    "plan",
    type=PlanArgument(),
    help="The plan; may be left out where there is only one open.",
)
