"""Takes promoted tasks back: a revert commit each on the plan branch, and the task is queued again.

Rules kept here:

* A task goes together with every completed task that builds on it, the newest first. What is
  under way on top of it comes back to the queue (`plans/decide.py`).
* A revert is a merge without a working tree: base the promoted commit, theirs its parent, ours the
  branch. The plan's record is left out of it and written anew in the same commit.
* All reverts, the branch's move and the events are one transaction. A conflict writes nothing.
* History is kept: promotions and reverts both stay on the branch.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from orchestrate.errors import Conflict
from orchestrate.git.names import compose_message
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, TREE, Commit, Oid, RefUpdate, Signature
from orchestrate.git.worktrees import worktree_on
from orchestrate.ledger.notes import note_verdicts
from orchestrate.ledger.promotion import branch_tip
from orchestrate.ledger.record import record_files, record_folder
from orchestrate.ledger.store import Decision, Ledger, Loaded
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event, evolve
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import TaskEvent, TaskStatus
from orchestrate.runner import clock
from orchestrate.runner.decisions import person_of

_SUBJECT = 72  # characters, as git log shows a subject whole


class TakenBack(NamedTuple):
    """One task that is taken back: its promoted commit, and the commit that reverts it."""

    task: str
    promoted: str
    revert: Oid


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a rollback does, newest first; `withdrawn` are tasks that were under way on top."""

    branch: str
    taken_back: tuple[TakenBack, ...]
    withdrawn: tuple[str, ...]
    events: tuple[Event, ...]
    tip: Oid  # of the branch before
    before: Oid  # the ledger commit it was decided on


Choose = Callable[[PlanState, Mapping[str, float]], list[str]]


def roll_back_task(ledger: Ledger, task: str, reason: str, *, dry_run: bool = False) -> Rollback:
    """Take back the task and every completed one that builds on it.

    Raises:
        Conflict: it is not completed, the branch stands checked out, or a revert conflicts.
    """

    def choose(state: PlanState, places: Mapping[str, float]) -> list[str]:
        _need_completed(state, task)
        return [task, *(d for d in state.plan.dependents(task) if d in places)]

    return _roll_back(ledger, choose, reason, dry_run)


def roll_back_to(ledger: Ledger, task: str, reason: str, *, dry_run: bool = False) -> Rollback:
    """Take back everything that was promoted after the task; it may be nothing.

    Raises: as `roll_back_task`.
    """

    def choose(state: PlanState, places: Mapping[str, float]) -> list[str]:
        _need_completed(state, task)
        return [other for other, place in places.items() if place < places[task]]

    return _roll_back(ledger, choose, reason, dry_run)


def _roll_back(ledger: Ledger, choose: Choose, reason: str, dry_run: bool) -> Rollback:
    at = clock.now()
    made: list[Rollback] = []

    def decision(loaded: Loaded) -> Decision:
        rollback = _planned(ledger, loaded, choose, reason, at)
        made[:] = [rollback]
        if not rollback.taken_back:
            return Decision(())
        last = rollback.taken_back[-1].revert
        moved = RefUpdate(rollback.branch, last, rollback.tip)
        return Decision(rollback.events, refs=[moved])

    if dry_run:
        decision(ledger.load())
        return made[0]
    after = ledger.append(decision, at=at)
    note_verdicts(ledger, made[0].before, after, at)
    return made[0]


def _planned(ledger: Ledger, loaded: Loaded, choose: Choose, reason: str, at: int) -> Rollback:
    state = loaded.state
    _check_branch(ledger.repo, state)
    tip = branch_tip(ledger.repo, state)
    places = _places(ledger.repo, state, tip)
    chosen = sorted(choose(state, places), key=lambda task: places[task])
    _check_known(state, chosen)
    work = _Reverts(ledger, loaded, tip, places, reason, at)
    taken = tuple([work.take_back(task) for task in chosen])
    withdrawn = dict.fromkeys(
        e.task for e in work.events if e.task and e.kind is not TaskEvent.UNPROMOTED
    )
    events = tuple(work.events)
    return Rollback(state.branch, taken, tuple(withdrawn), events, tip, loaded.tip)


def _need_completed(state: PlanState, task: str) -> None:
    state.plan.task(task)  # raises with the names of the known ones
    status = state.tasks[task].status
    if status is not TaskStatus.COMPLETED:
        raise Conflict(f"task {task} is {status}: nothing of it was promoted")


def _check_known(state: PlanState, tasks: Sequence[str]) -> None:
    """Refuse where something landed but nobody knows as which commit."""
    unknown = [task for task in tasks if state.tasks[task].tree and not state.tasks[task].commit]
    if unknown:
        raise Conflict(
            f"the commit of {', '.join(unknown)} is not known: the ledger was restored from a "
            "record whose commits were squashed",
            hint="revert the squashed commit by hand",
        )


def _check_branch(repo: Repository, state: PlanState) -> None:
    if state.in_own_tree:
        commit = state.tasks[state.plan.tasks[0].id].commit[:12]
        raise Conflict(
            f"plan {state.plan.id} is a task in a person's own tree: its commits are theirs",
            hint=f"git revert, from the task's base to {commit}" if commit else "",
        )
    place = worktree_on(repo.common_dir, state.branch)
    if place is not None:
        short = state.branch.removeprefix("refs/heads/")
        raise Conflict(
            f"the plan's branch {short} is checked out in {place}; moving it would make that tree "
            "look changed",
            hint="there: git switch --detach, or another branch",
        )


def _places(repo: Repository, state: PlanState, tip: Oid) -> dict[str, float]:
    """Where on the branch each completed task landed, 0 being the newest commit.

    One without a commit of its own counts as landed right after the last it depends on.

    Raises:
        Conflict: the branch does not hold a promoted commit any more.
    """
    order = {commit.oid: place for place, commit in enumerate(_since(repo, tip, state.base))}
    places: dict[str, float] = {}
    for task in (task for wave in state.plan.waves() for task in wave):
        now = state.tasks[task]
        if now.status is not TaskStatus.COMPLETED:
            continue
        if now.commit and now.commit not in order:
            raise Conflict(
                f"{state.branch} does not hold {now.commit[:12]}, the commit of task {task}",
                hint=f"orchestrate log {state.plan.id} --verify",
            )
        needs = [places[d] for d in state.plan.task(task).depends_on if d in places]
        oldest = float(len(order))
        places[task] = order[Oid(now.commit)] if now.commit else min(needs, default=oldest) - 0.5
    return places


def _since(repo: Repository, tip: Oid, base: str) -> Iterator[Commit]:
    for commit in repo.log(tip):
        if commit.oid == base:
            return
        yield commit


class _Reverts:
    """Revert commits on top of each other; nothing names them until the transaction."""

    def __init__(
        self,
        ledger: Ledger,
        loaded: Loaded,
        tip: Oid,
        places: Mapping[str, float],
        reason: str,
        at: int,
    ) -> None:
        self.ledger, self.repo, self.loaded = ledger, ledger.repo, loaded
        self.places, self.reason, self.at = places, reason, at
        self.state, self.tip = loaded.state, tip
        self.folder = record_folder(loaded.state.plan.id).removesuffix("/")
        self.person = person_of(ledger.repo)
        self.events: list[Event] = []

    def take_back(self, task: str) -> TakenBack:
        """Revert one task on top of the reverts so far."""
        promoted = self.state.tasks[task].commit
        actor, when = f"person:{self.person}", clock.iso(self.at)
        events = decide(self.state, Event(TaskEvent.UNPROMOTED, task, actor, when, self.reason))
        for event in events:
            self.state = evolve(self.state, event)
        code = self._without_its_change(task, promoted)
        revert = self._commit(task, promoted, code)
        data = {"commit": revert, "tree": code, "reverts": promoted}
        self.events += [replace(e, data=data) if e.task == task else e for e in events]
        self.tip = revert
        return TakenBack(task, promoted, revert)

    def _without_its_change(self, task: str, promoted: str) -> Oid:
        """The branch's tree without the task's change and without the plan's record."""
        ours = self._code(self.tip)
        if not promoted:
            return self.repo.tree_of(ours)
        commit = self.repo.read_commit(Oid(promoted))
        merged = self.repo.merge(ours, self._code(commit.parents[0]), self._code(commit.oid))
        if merged.tree is None:
            raise self._conflict(task, merged.conflicts)
        return merged.tree

    def _code(self, commit: Oid) -> Oid:
        """A commit of the commit's tree without the plan's record: merges take commits."""
        tree = self.repo.edit_tree(self.repo.tree_of(commit), {self.folder: None})
        who = Signature(*self.repo.identity(), self.at)
        return self.repo.commit(tree, [], "code\n", author=who, committer=who)

    def _conflict(self, task: str, paths: Sequence[str]) -> Conflict:
        later = [other for other in self._still_there(task) if self._touches(other, paths)]
        names = ", ".join(later) or "commits that are no task's"
        return Conflict(
            f"task {task} cannot be taken back: its change conflicts in {', '.join(paths[:10])}, "
            f"changed since by {names}",
            hint=f"take back first: {names}" if later else "revert by hand on the plan branch",
        )

    def _still_there(self, task: str) -> list[str]:
        """The tasks that landed after this one and are still on the branch."""
        return [
            other
            for other, place in self.places.items()
            if place < self.places[task] and self.state.tasks[other].commit
        ]

    def _touches(self, task: str, paths: Sequence[str]) -> bool:
        commit = self.repo.read_commit(Oid(self.state.tasks[task].commit))
        changes = self.repo.diff(self.repo.tree_of(commit.parents[0]), commit.tree)
        return any(change.path in paths for change in changes)

    def _commit(self, task: str, promoted: str, code: Oid) -> Oid:
        """The revert commit: the code, and the record with the task taken out."""
        repo = self.repo
        record = repo.entry(repo.tree_of(self.tip), self.folder)
        files = record_files(self.state, self.ledger.plan_yaml(self.loaded), self.loaded.tip, [])
        edits: dict[str, tuple[int, Oid] | None] = {
            path: (FILE, repo.write_blob(data)) for path, data in files.items()
        }
        edits[f"{self.folder}/tasks/{task}.json"] = None
        if record is not None:
            edits[self.folder] = (TREE, record.oid)
        who = Signature(*repo.identity(), self.at)
        message = self._message(task, promoted, code)
        tree = repo.edit_tree(code, edits)
        return repo.commit(tree, [self.tip], message, author=who, committer=who)

    def _message(self, task: str, promoted: str, code: Oid) -> str:
        subject = f"revert: {' '.join(self.state.plan.task(task).title.split())}"
        if len(subject) > _SUBJECT:
            subject = subject[: _SUBJECT - 1].rstrip() + "…"
        said = [self.reason, f"This reverts commit {promoted}." if promoted else ""]
        trailers = [
            ("Orchestrate-Plan", self.state.plan.id),
            ("Orchestrate-Task", task),
            ("Orchestrate-Reverts", promoted),
            ("Orchestrate-Tree", code),
            ("Orchestrate-Ledger", self.loaded.tip),
        ]
        body = "\n\n".join(" ".join(text.split()) for text in said if text)
        return compose_message(subject, body, [t for t in trailers if t[1]])
