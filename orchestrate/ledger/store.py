"""The ledger of one plan: create, load, append. `append` is the only writer.

A commit is one event; its tree is the state after it and the event itself. The ref moves by
compare-and-swap only: who loses reads again and decides again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from orchestrate.errors import InvalidInput
from orchestrate.git.names import check_ref_name
from orchestrate.git.repository import Repository
from orchestrate.git.retry import retry
from orchestrate.git.types import FILE, TREE, Oid, RefUpdate, Signature, TreeEntry
from orchestrate.ledger.codec import (
    DOCUMENT,
    EVENT_JSON,
    PLAN_JSON,
    PLAN_YAML,
    DamagedRecord,
    from_json,
    plan_fields,
    plan_json,
    task_json,
    task_of,
    task_path,
)
from orchestrate.ledger.messages import event_message
from orchestrate.machine_json import to_json
from orchestrate.plans.events import Event, event_json, evolve
from orchestrate.plans.model import PLAN_ID, Plan, check_id
from orchestrate.plans.state import PlanState, Tasks, TaskState
from orchestrate.plans.states import PlanEvent

LEDGERS = "refs/orchestrate/ledgers/"

TreeEdits = dict[str, tuple[int, Oid] | None]


class Loaded(NamedTuple):
    """A plan's state, and the ledger commit and tree it was read from."""

    tip: Oid
    tree: Oid
    state: PlanState


@dataclass(frozen=True, slots=True)
class Decision:
    """What an append writes: events in order, evidence files with them, other refs beside them."""

    events: Sequence[Event]
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    refs: Sequence[RefUpdate] = ()


class StoredTasks(Mapping[str, TaskState]):
    """The task states in a ledger's tree, each read when it is asked for."""

    def __init__(self, ledger: "Ledger", tree: Oid, plan: Plan) -> None:
        self._ledger = ledger
        self._tree = tree
        self._plan = plan
        self._blobs: dict[str, Oid] | None = None

    def __getitem__(self, task: str) -> TaskState:
        path = task_path(task, len(self._plan.tasks))
        if self._blobs is not None:
            blob = self._blobs.get(path)
        else:
            entry = self._ledger.repo.entry(self._tree, path)
            blob = entry.oid if entry else None
        if blob is None:
            raise KeyError(task)
        return self._ledger.task_state(blob, path)

    def __iter__(self) -> Iterator[str]:
        # Who iterates wants them all: one walk instead of a look-up each.
        if self._blobs is None:
            walk = files_below(self._ledger.repo, self._tree, "tasks")
            self._blobs = {entry.path: entry.oid for entry in walk}
        return (task.id for task in self._plan.tasks)

    def __len__(self) -> int:
        return len(self._plan.tasks)


class Ledger:
    """One plan's ledger in one repository. Not shared between threads: each opens its own."""

    def __init__(self, repo: Repository, plan_id: str, *, prefix: str = LEDGERS) -> None:
        check_id(plan_id, PLAN_ID, "plan")
        self.repo = repo
        self.plan_id = plan_id
        self.ref = f"{prefix}{plan_id}"
        check_ref_name(self.ref)
        self.identity = repo.identity()  # asked once: git is started for it
        self._plans: dict[Oid, Plan] = {}
        self._tasks: dict[Oid, TaskState] = {}

    def tip(self) -> Oid:
        """The ledger's newest commit.

        Raises:
            InvalidInput: there is no such plan.
        """
        tip = self.repo.ref(self.ref)
        if tip is None:
            raise InvalidInput(
                f"there is no plan '{self.plan_id}' in this repository",
                hint="orchestrate plan list shows the plans that are here",
            )
        return tip

    def load(self, tip: Oid | None = None) -> Loaded:
        """The state at `tip`, by default the newest. Task states are read when asked for.

        Raises:
            InvalidInput: there is no such plan.
            DamagedRecord: a stored file is not of the form we write.
        """
        tip = tip or self.tip()
        tree = self.repo.tree_of(tip)
        fields = plan_fields(from_json(self._read(tree, PLAN_JSON), PLAN_JSON))
        plan = self._plan(tree)
        tasks = Tasks(StoredTasks(self, tree, plan))
        return Loaded(tip, tree, PlanState(plan=plan, tasks=tasks, **fields))

    def document(self, loaded: Loaded) -> dict[str, Any]:
        """The plan document as JSON values."""
        return from_json(self._read(loaded.tree, DOCUMENT), DOCUMENT)

    def plan_yaml(self, loaded: Loaded) -> bytes:
        """The plan file as people wrote it."""
        return self._read(loaded.tree, PLAN_YAML)

    def evidence(self, loaded: Loaded, task: str) -> list[str]:
        """The paths of a task's evidence files in the ledger's tree."""
        return [e.path for e in files_below(self.repo, loaded.tree, f"evidence/{task}")]

    def append(
        self, decide: Callable[[Loaded], Decision], *, at: int, deadline_sec: float = 60.0
    ) -> Loaded:
        """Write what `decide` makes of the newest state, and return the state after it.

        `decide` may be called several times: whoever loses the compare-and-swap reads and
        decides again. Several events become a chain that appears at once, together with the
        decision's other refs. `at` is the commits' time in seconds since the epoch.

        Raises:
            whatever `decide` raises (nothing is written then);
            RefLocked: the ref stayed locked until the deadline.
        """

        def once() -> Loaded:
            loaded = self.load()
            decision = decide(loaded)
            if not decision.events:
                return loaded
            after = self._write(loaded, decision, at)
            moved = RefUpdate(self.ref, after.tip, loaded.tip)
            self.repo.swap_refs([moved, *decision.refs], message=decision.events[-1].name)
            return after

        return retry(once, deadline_sec=deadline_sec, queue=self.repo.queue(self.ref))

    def create(
        self,
        state: PlanState,
        document: Mapping[str, Any],
        plan_yaml: bytes,
        first: Event,
        at: int,
        following: Sequence[Event] = (),
    ) -> Loaded:
        """Write the first commit of the ledger, and the events that `following` holds with it.

        Raises:
            RefMoved: a plan of that id exists already.
        """
        edits = self._definition(document, plan_yaml)
        edits[PLAN_JSON] = self._blob(to_json(plan_json(state)))
        edits[EVENT_JSON] = self._blob(to_json(event_json(first)))
        edits |= self._task_files(state)
        tree = self.repo.edit_tree(None, edits)
        commit = self._commit(tree, [], event_message(first, None, state), at)
        loaded = self.load(commit)
        if following:
            loaded = self._write(loaded, Decision(following), at)
        self.repo.swap_refs([RefUpdate(self.ref, loaded.tip, None)], message=first.name)
        return loaded

    def task_state(self, blob: Oid, path: str) -> TaskState:
        """The task's state in a blob; kept, as equal states are equal blobs."""
        found = self._tasks.get(blob)
        if found is None:
            found = task_of(from_json(self.repo.read_blob(blob), path), path)
            if len(self._tasks) >= 10_000:
                self._tasks.clear()
            self._tasks[blob] = found
        return found

    def _write(self, loaded: Loaded, decision: Decision, at: int) -> Loaded:
        tip, tree, state = loaded
        evidence = {path: self._blob(data) for path, data in decision.evidence.items()}
        for event in decision.events:
            after = evolve(state, event)
            edits = {**evidence, **self._changed(event, state, after)}
            evidence = {}
            tree = self.repo.edit_tree(tree, edits)
            tip = self._commit(tree, [tip], event_message(event, state, after), at)
            state = after
        # From now on read through to what was written, or the overlay would grow for ever.
        tasks = Tasks(StoredTasks(self, tree, state.plan))
        return Loaded(tip, tree, replace(state, tasks=tasks))

    def _changed(self, event: Event, before: PlanState, after: PlanState) -> TreeEdits:
        """The files that an event changes, beside its evidence."""
        files = event_files(event, after)
        edits: TreeEdits = {path: self._blob(data) for path, data in files.items()}
        if event.kind is PlanEvent.REVISED:
            edits |= {task_path(t.id, len(before.plan.tasks)): None for t in before.plan.tasks}
            edits |= self._task_files(after)
            edits |= self._definition(event.data["document"], event.data["plan_yaml"].encode())
        return edits

    def _task_files(self, state: PlanState) -> TreeEdits:
        count = len(state.plan.tasks)
        return {
            task_path(task.id, count): self._blob(to_json(task_json(task)))
            for task in state.tasks.values()
        }

    def _definition(self, document: Mapping[str, Any], plan_yaml: bytes) -> TreeEdits:
        return {
            PLAN_YAML: self._blob(plan_yaml),
            DOCUMENT: self._blob(to_json(dict(document))),
        }

    def _plan(self, tree: Oid) -> Plan:
        entry = self.repo.entry(tree, DOCUMENT)
        if entry is None:
            raise DamagedRecord(f"{self.ref}: its tree has no {DOCUMENT}")
        found = self._plans.get(entry.oid)
        if found is None:
            document = from_json(self.repo.read_blob(entry.oid), DOCUMENT)
            found = self._plans[entry.oid] = Plan.from_document(document)
        return found

    def _read(self, tree: Oid, path: str) -> bytes:
        data = self.repo.read_path(tree, path)
        if data is None:
            raise DamagedRecord(f"{self.ref}: its tree has no {path}")
        return data

    def _blob(self, data: bytes) -> tuple[int, Oid]:
        return FILE, self.repo.write_blob(data)

    def _commit(self, tree: Oid, parents: Sequence[Oid], message: str, at: int) -> Oid:
        who = Signature(*self.identity, at)
        return self.repo.commit(tree, parents, message, author=who, committer=who)


def files_below(repo: Repository, tree: Oid, folder: str) -> Iterator[TreeEntry]:
    """The files below a folder of a tree, with full paths; none when there is no such folder."""
    entry = repo.entry(tree, folder)
    if entry is None or entry.mode != TREE:
        return iter(())
    return repo.walk_tree(entry.oid, f"{folder}/")


def event_files(event: Event, after: PlanState) -> dict[str, bytes]:
    """The machine-written files that an event's commit holds anew, by path."""
    files = {EVENT_JSON: to_json(event_json(event))}
    if event.task:
        path = task_path(event.task, len(after.plan.tasks))
        files[path] = to_json(task_json(after.tasks[event.task]))
    else:
        files[PLAN_JSON] = to_json(plan_json(after))
    return files


def plan_ids(repo: Repository, prefix: str = LEDGERS) -> list[str]:
    """The ids of the plans in a repository, sorted."""
    return sorted(name.removeprefix(prefix) for name in repo.refs(prefix))
