"""The state of a plan, which is the fold of its events. Values only, never changed in place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrate.plans.model import Plan
from orchestrate.plans.states import PlanStatus, TaskStatus


def number(revision: int, attempt: int) -> str:
    """An attempt's number as people read it: `R0/S1`."""
    return f"R{revision}/S{attempt}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a task, as it ended. Times are ISO 8601 in UTC with seconds."""

    revision: int
    attempt: int
    generation: int
    agent: str
    started_at: str
    ended_at: str
    outcome: str  # passed, kept, discarded
    reason: str  # a reason code
    detail: str = ""
    candidate: str = ""  # commit id
    tree: str = ""  # id of the judged tree
    findings: tuple[Mapping[str, Any], ...] = ()
    verifications: tuple[Mapping[str, Any], ...] = ()
    metric: float | None = None
    session: str = ""  # the tool's own id of its conversation
    session_usage: Mapping[str, Any] = field(default_factory=dict)  # of the whole conversation
    usage: Mapping[str, Any] = field(default_factory=dict)  # of this attempt
    passed_over: tuple[Mapping[str, str], ...] = ()  # agents before this one, each with its reason

    @property
    def number(self) -> str:
        return number(self.revision, self.attempt)


@dataclass(frozen=True, slots=True)
class Review:
    """What a person, or a reviewing agent, said of a candidate; it names what it looked at."""

    decision: str  # approved, returned, rejected (a person decides), unreadable
    by: str
    at: str
    comment: str = ""
    commit: str = ""
    tree: str = ""
    policy: str = ""
    findings: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class TaskState:
    """Where one task stands and how it came there."""

    id: str
    status: TaskStatus = TaskStatus.QUEUED
    reason: str = ""
    owner: str = ""
    generation: int = 0
    lease_until: str = ""
    revision: int = 0
    attempt: int = 0  # the S of the next attempt
    attempts: tuple[Attempt, ...] = ()
    reviews: tuple[Review, ...] = ()
    late: tuple[Attempt, ...] = ()
    commit: str = ""  # the promoted commit
    tree: str = ""  # the judged tree of the promoted commit
    policy: str = ""
    metric_baseline: float | None = None

    @property
    def number(self) -> str:
        """The number of the next attempt."""
        return number(self.revision, self.attempt)

    @property
    def candidate(self) -> Attempt | None:
        """The last attempt that passed in this revision: what a reviewer decides on.

        Of a measured task's it is the best: each one that is kept beats the ones before.
        """
        for attempt in reversed(self.attempts):
            if attempt.revision == self.revision and attempt.outcome in ("passed", "kept"):
                return attempt
        return None


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's yes to one plan, bound to the plan file's blob id and version."""

    by: str
    at: str
    plan_blob: str
    version: int
    signature: str = ""


class Tasks(Mapping[str, TaskState]):
    """Task states by id; reads through to `base`, which may load lazily, with `changed` on top."""

    __slots__ = ("_base", "_changed")

    def __init__(
        self, base: Mapping[str, TaskState], changed: Mapping[str, TaskState] | None = None
    ) -> None:
        self._base = base
        self._changed = dict(changed or {})

    def __getitem__(self, task: str) -> TaskState:
        found = self._changed.get(task)
        return self._base[task] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter(self._base)

    def __len__(self) -> int:
        return len(self._base)

    def with_task(self, state: TaskState) -> "Tasks":
        """The same with one task's state replaced."""
        return Tasks(self._base, {**self._changed, state.id: state})


@dataclass(frozen=True, slots=True)
class PlanState:
    """Where the plan and each of its tasks stand."""

    plan: Plan
    plan_blob: str  # id of plan.yaml's blob, which approvals name
    status: PlanStatus
    base: str  # commit the plan is built on
    branch: str  # full ref name of the plan branch; "" when a person works in their own tree
    tasks: Tasks
    approvals: tuple[Approval, ...] = ()
    reason: str = ""
    target: str = ""  # full name of the branch that the plan is meant for

    def with_task(self, state: TaskState) -> "PlanState":
        """The same with one task's state replaced."""
        return replace(self, tasks=self.tasks.with_task(state))

    @property
    def in_own_tree(self) -> bool:
        """Whether a person does it in their own tree, by commits of their own."""
        return not self.branch

    @property
    def is_approved(self) -> bool:
        """Whether an approval names just this plan file and version."""
        return any(
            a.plan_blob == self.plan_blob and a.version == self.plan.version for a in self.approvals
        )


def new_state(plan: Plan, plan_blob: str, *, base: str, branch: str, target: str = "") -> PlanState:
    """The state of a plan that was just created: a draft, every task queued."""
    tasks = Tasks({task.id: TaskState(task.id) for task in plan.tasks})
    return PlanState(plan, plan_blob, PlanStatus.DRAFT, base, branch, tasks, target=target)
