"""Restores a plan whose ledger ref is gone, from the record on its branch or in another commit."""

from orchestrate.errors import InvalidInput
from orchestrate.git.errors import RefMoved
from orchestrate.git.repository import Repository
from orchestrate.ledger.restore import RESTORED_FROM, read_record
from orchestrate.ledger.store import Loaded
from orchestrate.plans.events import Event
from orchestrate.plans.states import PlanEvent
from orchestrate.runner import clock
from orchestrate.runner.decisions import person_of
from orchestrate.runner.project import Project, head_policy


def restore(project: Project, repo: Repository, plan_id: str, source: str = "") -> Loaded:
    """The plan with a new ledger, made from `source`, else from the plan branch, else from HEAD.

    Raises:
        InvalidInput: the plan has a ledger, or the commit has no record of it.
    """
    branch = f"refs/heads/{head_policy(repo).config.branch_prefix}{plan_id}"
    commit = repo.resolve(source) if source else repo.ref(branch) or repo.resolve("HEAD")
    ledger = project.ledger(repo, plan_id)
    recorded = read_record(repo, commit, plan_id, branch)
    now = clock.now()
    event = Event(
        PlanEvent.CREATED,
        "",
        f"person:{person_of(repo)}",
        clock.iso(now),
        "restored from the record",
        data={RESTORED_FROM: commit},
    )
    try:
        return ledger.create(recorded.state, recorded.document, recorded.plan_yaml, event, now)
    except RefMoved:
        raise InvalidInput(
            f"plan '{plan_id}' has a ledger: there is nothing to restore",
            hint=f"orchestrate status {plan_id}",
        ) from None
