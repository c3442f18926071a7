"""Promotion: the plan branch and the ledger move together, or neither does.

The commit that lands holds the judged tree plus the plan's record and nothing else; it names the
ledger commit it was made under, so that a rewritten ledger shows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrate.errors import Conflict
from orchestrate.git.names import compose_message
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, Oid, RefUpdate, Signature
from orchestrate.ledger.notes import note_verdicts
from orchestrate.ledger.record import record_files, record_folder, unrecorded
from orchestrate.ledger.store import Decision, Ledger, Loaded, files_below
from orchestrate.plans.decide import decide_all
from orchestrate.plans.events import Event, evolve
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import TaskEvent


class TipMoved(Conflict):
    """The plan branch is no longer where the judged tree was built: build and judge again."""

    def __init__(self, branch: str, expected: Oid, actual: Oid) -> None:
        super().__init__(f"{branch} moved from {expected[:12]} to {actual[:12]} meanwhile")
        self.actual = actual


@dataclass(frozen=True, slots=True)
class Judged:
    """A tree that passed: what it was built on, and what the commit shall say."""

    onto: Oid  # the branch's tip that the tree was built on
    tree: Oid
    policy: str
    subject: str
    body: str = ""
    trailers: tuple[tuple[str, str], ...] = ()


def branch_tip(repo: Repository, state: PlanState) -> Oid:
    """The plan branch's tip; the plan's base before anything was promoted.

    Raises:
        Conflict: a person works on the plan in their own tree; it has no branch.
    """
    if state.in_own_tree:
        raise Conflict(
            f"plan {state.plan.id} is a task in a person's own tree: nothing is promoted for it",
            hint="its work lands by that person's own commits; orchestrate finish closes it",
        )
    return repo.ref(state.branch) or Oid(state.base)


def heal_branch(ledger: Ledger, loaded: Loaded) -> Oid | None:
    """Move the branch to promoted commits that the ledger has and it has not; its new tip.

    The ledger's ref moves first. Git renames the two lock files one after the other, so a power cut
    or a kill of git itself between the two leaves the branch one promotion behind.
    """
    state = loaded.state
    if not state.branch:
        return None
    tip = first = branch_tip(ledger.repo, state)
    promoted = {t.commit for t in state.tasks.values() if t.commit}
    ahead = {ledger.repo.read_commit(Oid(c)).parents[0]: Oid(c) for c in promoted}
    while tip in ahead:
        tip = ahead.pop(tip)
    if tip == first:
        return None
    old = ledger.repo.ref(state.branch)
    ledger.repo.swap_refs([RefUpdate(state.branch, tip, old)], message="healed")
    return tip


def promote(
    ledger: Ledger,
    judged: Judged,
    proposals: Sequence[Event],
    *,
    at: int,
    evidence: Mapping[str, bytes] | None = None,
) -> tuple[Loaded, Oid]:
    """Land a judged tree as one commit and record it in the same transaction.

    The last proposal is the one that completes the task. Returns the state after it and the
    promoted commit.

    The verdict is noted on the commit afterwards.

    Raises:
        TipMoved: the branch is not at `judged.onto` any more; nothing was written.
        Conflict: the ledger does not take the event (another's claim, already closed).
    """
    task = proposals[-1].task
    landed: list[Oid] = []
    before: list[Oid] = []

    def decision(loaded: Loaded) -> Decision:
        events = decide_all(loaded.state, proposals)
        tip = branch_tip(ledger.repo, loaded.state)
        if tip != judged.onto:
            raise TipMoved(loaded.state.branch, judged.onto, tip)
        events = [_judgement(e, judged) if _completes(e, task) else e for e in events]
        commit = _commit(ledger, loaded, events, judged, at)
        landed[:], before[:] = [commit], [loaded.tip]
        events = [_named(e, commit) if _completes(e, task) else e for e in events]
        return Decision(events, evidence or {}, [_branch_move(ledger, loaded, commit)])

    after = ledger.append(decision, at=at)
    note_verdicts(ledger, before[0], after, at)
    return after, landed[0]


def close_record(ledger: Ledger, proposals: Sequence[Event], subject: str, *, at: int) -> Loaded:
    """Append events that end the plan; what no promoted commit shows yet is recorded with them."""

    def decision(loaded: Loaded) -> Decision:
        events = decide_all(loaded.state, proposals)
        tip = branch_tip(ledger.repo, loaded.state)
        tree = ledger.repo.tree_of(tip)
        if not unrecorded(loaded.state, _recorded(ledger.repo, tree, loaded.state)):
            return Decision(events)
        judged = Judged(tip, tree, "", subject)
        commit = _commit(ledger, loaded, events, judged, at)
        return Decision(events, refs=[_branch_move(ledger, loaded, commit)])

    return ledger.append(decision, at=at)


def _completes(event: Event, task: str) -> bool:
    # A plan's events have no task; "completed" is a word of theirs too.
    closes = event.kind in (TaskEvent.COMPLETED, TaskEvent.RECOVERED)
    return bool(task) and event.task == task and closes


def _judgement(event: Event, judged: Judged) -> Event:
    return replace(event, data={**event.data, "tree": judged.tree, "policy": judged.policy})


def _named(event: Event, commit: Oid) -> Event:
    return replace(event, data={**event.data, "commit": commit})


def _branch_move(ledger: Ledger, loaded: Loaded, commit: Oid) -> RefUpdate:
    return RefUpdate(loaded.state.branch, commit, ledger.repo.ref(loaded.state.branch))


def _recorded(repo: Repository, tree: Oid, state: PlanState) -> Mapping[str, Oid]:
    folder = f"{record_folder(state.plan.id)}tasks"
    return {
        entry.path.rpartition("/")[2].removesuffix(".json"): entry.oid
        for entry in files_below(repo, tree, folder)
    }


def _commit(
    ledger: Ledger, loaded: Loaded, events: Sequence[Event], judged: Judged, at: int
) -> Oid:
    """The commit object that would land; no ref names it yet."""
    repo, after = ledger.repo, loaded.state
    for event in events:
        after = evolve(after, event)
    tasks = unrecorded(after, _recorded(repo, judged.tree, after))
    # A task that ended, was taken back and ended again has an older file: write it anew.
    tasks += [e.task for e in events if _completes(e, e.task) and e.task not in tasks]
    files = record_files(after, ledger.plan_yaml(loaded), loaded.tip, tasks)
    tree = repo.edit_tree(
        judged.tree, {path: (FILE, repo.write_blob(data)) for path, data in files.items()}
    )
    trailers = [
        ("Orchestrate-Plan", after.plan.id),
        *judged.trailers,
        ("Orchestrate-Tree", judged.tree),
        ("Orchestrate-Policy", judged.policy),
        ("Orchestrate-Ledger", loaded.tip),
    ]
    who = Signature(*ledger.identity, at)
    message = compose_message(judged.subject, judged.body, [t for t in trailers if t[1]])
    return repo.commit(tree, [judged.onto], message, author=who, committer=who)
