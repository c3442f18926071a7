"""Tasks that people work on in their own tree: plans of one task, without a branch of their own.

Rules kept here:

* The plan's `branch` is "" and its work is the person's own commits on the person's own branch:
  nothing here moves a branch, the index or a file of theirs.
* The ledger comes first, the worktree's file second, at the start and at the end. A kill between
  the two leaves an open task without a file, which the same `start` again completes, or a file of
  a closed task, which the next look removes.
* The claim is `person:<name> <email>#<worktree>`. It has no lease: a person is no process whose
  silence means that it is gone, so no runner ever takes the task.
* Who starts a task approves its scope; a protected path is reached only by a pattern that names it.
"""

import hashlib
import socket
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from orchestrate.errors import Conflict, FileError, InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.git.user_tree import work_tree_of
from orchestrate.ledger.store import Decision, Ledger, Loaded, plan_ids
from orchestrate.plans.decide import decide_all
from orchestrate.plans.events import Event
from orchestrate.plans.model import Plan, Task
from orchestrate.plans.state import Approval, PlanState, TaskState, new_state
from orchestrate.plans.states import OWNED, PLAN_ENDED, PlanEvent, TaskEvent
from orchestrate.policy.plan_document import load_plan_document
from orchestrate.policy.yaml_edit import dump_yaml
from orchestrate.runner import active_task, clock
from orchestrate.runner.decisions import person_of
from orchestrate.runner.planning import check_names, new_plan_id
from orchestrate.runner.project import ledger_prefix, policy_at


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants to work on; `verify` are command lines that must exit 0."""

    title: str
    scope: tuple[str, ...]
    deny: tuple[str, ...] = ()
    role: str = ""
    criteria: tuple[str, ...] = ()
    verify: tuple[str, ...] = ()


class OwnTask(NamedTuple):
    """A task of this worktree, as its ledger has it."""

    ledger: Ledger
    loaded: Loaded
    task: Task

    @property
    def state(self) -> TaskState:
        return self.loaded.state.tasks[self.task.id]

    @property
    def is_open(self) -> bool:
        return self.state.status in OWNED and self.loaded.state.status not in PLAN_ENDED


def start(repo: Repository, wish: Wish) -> OwnTask:
    """Open the task and put the worktree on it; the same wish again completes a killed start.

    Raises:
        Conflict: the worktree is on a task already.
        InvalidInput: there is no commit yet, no working tree, or the wish is not a valid task.
    """
    work_tree_of(repo)
    found = of_worktree(repo)
    if found is not None and found.is_open:
        if active_task.read(repo.git_dir) is not None or not _is_wish(found.task, wish):
            raise Conflict(
                f"this worktree is on the task {found.task.id} ({found.task.title})",
                hint="orchestrate finish closes it, orchestrate finish --cancel gives it up; "
                "for another task beside it: git worktree add",
            )
    else:
        found = _open(repo, wish)
    _put(repo, found)
    return found


def of_worktree(repo: Repository) -> OwnTask | None:
    """The task that this worktree is on, or was when it was closed; None when it is on none.

    Raises:
        Conflict: the worktree's file names a task that is no person's task of this repository.
    """
    named = active_task.read(repo.git_dir)
    if named is None:
        return next(_opened_here(repo), None)
    found = _named(repo, named)
    if found is None:
        raise Conflict(
            f"this worktree is on the task {named.get('task')} of plan {named.get('plan')}, which "
            "was not opened with orchestrate start",
            hint="an agent's workspace is closed by its runner; elsewhere remove "
            f"{repo.git_dir / active_task.FILE_NAME}",
        )
    return found


def looked_up(repo: Repository) -> tuple[dict[str, Any] | None, OwnTask | None]:
    """What the worktree's file says, and the open task of the ledger; either may be missing.

    A file of a closed task is removed first: a killed finish left it, or `task cancel`.
    """
    named = active_task.read(repo.git_dir)
    found = _named(repo, named) if named else next(_opened_here(repo), None)
    if found is None or found.is_open:
        return named, found
    if found.loaded.state.status not in PLAN_ENDED:
        _append(found.ledger, [event(repo, PlanEvent.ABORTED, "", "its task was closed by itself")])
    active_task.clear(repo.git_dir)
    return None, None


def cancel(repo: Repository, own: OwnTask, reason: str) -> Loaded:
    """Give the task up; the person's commits stay where they are."""
    proposals = [
        event(repo, TaskEvent.CANCELLED, own.task.id, reason),
        event(repo, PlanEvent.ABORTED, "", reason),
    ]
    loaded = _append(own.ledger, proposals)
    active_task.clear(repo.git_dir)
    return loaded


def _append(ledger: Ledger, proposals: list[Event]) -> Loaded:
    return ledger.append(lambda now: Decision(decide_all(now.state, proposals)), at=clock.now())


def event(
    repo: Repository, kind: TaskEvent | PlanEvent, task: str, reason: str = "", **data: Any
) -> Event:
    """An event that the person at the keyboard brings, as of now."""
    return Event(kind, task, f"person:{person_of(repo)}", clock.iso(clock.now()), reason, data=data)


def owner_here(repo: Repository) -> str:
    """Who holds a claim of this worktree; the part behind `#` tells worktrees and hosts apart."""
    place = f"{socket.gethostname()}\0{repo.git_dir.resolve()}"
    key = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:12]
    return f"person:{person_of(repo)}#{key}"


def _is_wish(task: Task, wish: Wish) -> bool:
    return (task.title, task.scope) == (wish.title, wish.scope)


def _ledger(repo: Repository, plan: str) -> Ledger:
    return Ledger(repo, plan, prefix=ledger_prefix(repo))


def _own_task(ledger: Ledger) -> OwnTask | None:
    loaded = ledger.load()
    if not loaded.state.in_own_tree:
        return None
    return OwnTask(ledger, loaded, loaded.state.plan.tasks[0])


def _named(repo: Repository, named: Mapping[str, Any]) -> OwnTask | None:
    plan = str(named.get("plan"))
    return _own_task(_ledger(repo, plan)) if plan in plan_ids(repo, ledger_prefix(repo)) else None


def _opened_here(repo: Repository) -> Iterator[OwnTask]:
    """Open tasks of this worktree that no file names: a start was killed, or the file removed."""
    owner = owner_here(repo)
    for plan in plan_ids(repo, ledger_prefix(repo)):
        found = _own_task(_ledger(repo, plan))
        if found is not None and found.is_open and found.state.owner == owner:
            yield found


def _put(repo: Repository, own: OwnTask) -> None:
    state = own.loaded.state
    policy = policy_at(repo, state.base)
    approved = state.is_approved
    named = active_task.active_task(
        state.plan.id, own.task, policy, allow_protected=approved, base=state.base
    )
    active_task.write(repo.git_dir, named)


def _open(repo: Repository, wish: Wish) -> OwnTask:
    """The ledger of the new plan, from created to started, written at once."""
    base = repo.head_commit()
    if base is None:
        raise InvalidInput("the repository has no commit yet", hint="commit something first")
    text = dump_yaml(_document(wish), comment="Made by orchestrate start.")
    try:
        document = load_plan_document(text, "the task")
    except FileError as error:
        # The person wrote options, not a file with lines.
        raise InvalidInput(error.reason, hint=error.hint) from None
    plan = Plan.from_document(document)
    check_names(plan, policy_at(repo, base))
    state = new_state(
        plan, repo.write_blob(text), base=base, branch="", target=repo.head_branch() or ""
    )
    first = event(repo, PlanEvent.CREATED, "")
    ledger = _ledger(repo, plan.id)
    following = decide_all(state, _opening(repo, state, base))
    loaded = ledger.create(state, document, text, first, clock.now(), following)
    return OwnTask(ledger, loaded, plan.tasks[0])


def _document(wish: Wish) -> dict[str, Any]:
    if not wish.title.strip():
        raise InvalidInput("a task needs a title", hint='orchestrate start "what to do" --scope …')
    plan = new_plan_id(wish.title)
    criteria: list[Any] = list(wish.criteria)
    criteria += [{"criterion": f"`{line}` succeeds", "verify": line} for line in wish.verify]
    return {
        "schema_version": 1,
        "id": plan,
        "title": wish.title,
        "tasks": [
            {
                "id": plan.rpartition("-")[0],
                "title": wish.title,
                "delegation": {"mode": "human", "reason": "done in a person's own tree"},
                "role": wish.role or None,
                "scope": list(wish.scope),
                "deny": list(wish.deny),
                "success_criteria": criteria,
            }
        ],
    }


def _opening(repo: Repository, state: PlanState, base: Oid) -> list[Event]:
    task = state.plan.tasks[0].id
    approval = Approval(
        person_of(repo), clock.iso(clock.now()), state.plan_blob, state.plan.version
    )
    claim = {"owner": owner_here(repo), "lease_until": ""}
    return [
        event(repo, PlanEvent.APPROVED, "", approval=asdict(approval)),
        event(repo, PlanEvent.STARTED, ""),
        event(repo, TaskEvent.CLAIMED, task, **claim),
        event(repo, TaskEvent.STARTED, task),
    ]
