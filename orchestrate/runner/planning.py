"""Makes plans and moves them as a whole: create, revise, approve, reject, pause, abort."""

import base64
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from orchestrate.errors import InvalidInput
from orchestrate.git.errors import RefMoved
from orchestrate.git.policy_reader import CommitReader
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.ledger.store import Decision, Ledger, Loaded
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event
from orchestrate.plans.model import Plan
from orchestrate.plans.state import Approval, PlanState, new_state
from orchestrate.plans.states import PlanEvent
from orchestrate.policy.config import Config
from orchestrate.policy.plan_document import load_plan_document
from orchestrate.policy.policy import Policy
from orchestrate.policy.templates import Template, instantiate, load_templates
from orchestrate.policy.yaml import load_document
from orchestrate.policy.yaml_edit import dump_yaml, set_values
from orchestrate.runner import clock
from orchestrate.runner.decisions import person_of
from orchestrate.runner.project import Project, policy_at

_SLUG = 24  # characters of a plan id before its random part, cut between words


def new_plan_id(title: str) -> str:
    """An id of the form `<slug>-<6 base32 chars>`, made without asking anybody."""
    slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    if len(slug) > _SLUG:
        slug = slug[: _SLUG + 1].rpartition("-")[0] or slug[:_SLUG]
    random = base64.b32encode(os.urandom(4)).decode().lower()[:6]
    return f"{slug or 'plan'}-{random}"


def templates(repo: Repository, base: Oid) -> Mapping[str, Template]:
    """The templates of a commit and those that ship, by id."""
    return load_templates(CommitReader(repo, base))


def template_named(repo: Repository, base: Oid, id: str) -> Template:
    """One template of a commit, or one that ships.

    Raises:
        InvalidInput: there is none of this id; those that are there are named.
    """
    found = templates(repo, base)
    if id not in found:
        raise InvalidInput(f"there is no template '{id}'", hint=f"there is: {', '.join(found)}")
    return found[id]


def base_commit(repo: Repository, config: Config | None, base: str = "") -> tuple[Oid, str]:
    """The commit a new plan is built on, and the full name of the branch it is meant for.

    Raises:
        InvalidInput: it does not exist.
    """
    if base:
        branch = f"refs/heads/{base}"
        return repo.resolve(base), branch if repo.ref(branch) else ""
    if config and config.base_branch:
        branch = f"refs/heads/{config.base_branch}"
        tip = repo.ref(branch)
        if tip is None:
            raise InvalidInput(
                f"the configured base_branch '{config.base_branch}' is no branch here",
                hint="create it, or name another commit with --base",
            )
        return tip, branch
    head = repo.head_commit()
    if head is None:
        raise InvalidInput("the repository has no commit yet", hint="commit something first")
    return head, repo.head_branch() or ""


def plan_from_template(
    template: Template,
    *,
    context: str,
    title: str = "",
    variables: Mapping[str, str] | None = None,
    overrides: Mapping[str, str] | None = None,
) -> bytes:
    """A plan file made from a template, with a fresh id.

    Raises:
        InvalidInput: a variable or an override does not fit.
    """
    document = instantiate(
        template,
        plan_id=new_plan_id(title or context or template.id),
        context=context,
        title=title,
        vars=dict(variables or {}),
        overrides=dict(overrides or {}),
    )
    return dump_yaml(document, comment=f"Made from the template {template.id}.")


def read_plan_file(path: Path) -> bytes:
    """A person's plan file; without an id it gets one, the rest stays as written.

    Raises:
        InvalidInput: the file cannot be read or is not YAML.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{path}: {error.strerror}") from None
    value = load_document(data, str(path)).value
    if isinstance(value, dict) and "id" not in value:
        data = set_values(
            data, str(path), [(["id"], new_plan_id(str(value.get("title", path.stem))))]
        )
    return data


def create(
    project: Project, repo: Repository, plan_yaml: bytes, base: Oid, target: str, name: str
) -> Loaded:
    """Open the ledger of a new plan; `name` is what errors call its file.

    Raises:
        InvalidInput: the plan does not validate, or a plan of its id exists.
    """
    document = load_plan_document(plan_yaml, name)
    plan = Plan.from_document(document)
    policy = policy_at(repo, base)
    check_names(plan, policy)
    ledger = project.ledger(repo, plan.id)
    state = new_state(
        plan,
        repo.write_blob(plan_yaml),
        base=base,
        branch=f"refs/heads/{policy.config.branch_prefix}{plan.id}",
        target=target,
    )
    person = person_of(repo)
    now = clock.now()
    created = Event(PlanEvent.CREATED, "", f"person:{person}", clock.iso(now))
    try:
        loaded = ledger.create(state, document, plan_yaml, created, now)
    except RefMoved:
        raise InvalidInput(
            f"a plan with the id '{plan.id}' exists already",
            hint=f"orchestrate plan show {plan.id}, or change the id",
        ) from None
    if plan.requires_approval:
        return loaded
    return approve(ledger, loaded, "the plan (requires_approval: false)")


def check_names(plan: Plan, policy: Policy) -> None:
    """Refuse a plan that names agents, roles or gate profiles which the policy does not have.

    Raises:
        InvalidInput: it does; the message names what is there.
    """
    for task in plan.tasks:
        named: list[tuple[str, str, list[str]]] = [
            ("role", task.role, list(policy.roles)),
            ("agent", task.agent, list(policy.config.agents)),
            ("gate profile", task.gate_profile or "", list(policy.config.gates.profiles)),
        ]
        for kind, name, known in named:
            if name and name not in known:
                raise InvalidInput(
                    f"task '{task.id}' names the {kind} '{name}', which the policy does not have",
                    hint=f"there is: {', '.join(known) or 'none'}",
                )


def revise(ledger: Ledger, plan_yaml: bytes, name: str, reason: str) -> Loaded:
    """Replace a plan's definition before it runs; its version grows by one.

    Raises:
        InvalidInput: it does not validate, or has another id.
        Conflict: the plan is under way.
    """
    loaded = ledger.load()
    wanted = loaded.state.plan.version + 1
    plan_yaml = set_values(plan_yaml, name, [(["version"], wanted)])
    document = load_plan_document(plan_yaml, name)
    if document["id"] != ledger.plan_id:
        raise InvalidInput(
            f"{name}: the id is '{document['id']}', the plan is '{ledger.plan_id}'",
            hint="an edit keeps the id; a plan of another id is made with: orchestrate plan create",
        )
    plan = Plan.from_document(document)
    check_names(plan, policy_at(ledger.repo, loaded.state.base))
    data = {
        "document": document,
        "plan_blob": ledger.repo.write_blob(plan_yaml),
        "plan_yaml": plan_yaml.decode("utf-8"),
    }
    return plan_event(ledger, PlanEvent.REVISED, reason, data)


def approve(ledger: Ledger, seen: Loaded, by: str = "") -> Loaded:
    """Approve the plan file that was seen; one that changed since is refused.

    Raises:
        Conflict: it changed, or the plan is no draft.
    """
    state: PlanState = seen.state
    approval = Approval(
        by or person_of(ledger.repo),
        clock.iso(clock.now()),
        state.plan_blob,
        state.plan.version,
    )
    return plan_event(ledger, PlanEvent.APPROVED, "", {"approval": asdict(approval)})


def plan_event(
    ledger: Ledger, kind: PlanEvent, reason: str = "", data: Mapping[str, Any] | None = None
) -> Loaded:
    """Append one event of the plan, said by the person at the keyboard."""
    actor = f"person:{person_of(ledger.repo)}"
    event = Event(kind, "", actor, clock.iso(clock.now()), reason, data=data or {})

    return ledger.append(lambda now: Decision(decide(now.state, event)), at=clock.now())
