"""A plan as approved: its tasks, what each may touch and how each is judged.

Built from a plan document that already passed `schemas/plan.schema.json`; what a schema cannot say
(duplicate ids, unknown dependencies, cycles) is refused here.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from orchestrate.errors import InvalidInput
from orchestrate.plans.waves import waves

TASK_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PLAN_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

Command = str | tuple[str, ...]  # a line for `sh -c`, or an argv


class FailurePolicy(StrEnum):
    """What a failed task does to its plan."""

    CONTINUE = "continue_best_effort"
    ABORT_ON_FIRST = "abort_on_first_fail"
    ABORT_ON_CRITICAL = "abort_on_critical_fail"


class Direction(StrEnum):
    """Which way a metric gets better; `exit` is a command that must end with 0."""

    MIN = "min"
    MAX = "max"
    EXIT = "exit"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One acceptance criterion; `verify` is a command that the runner runs and that must exit 0."""

    text: str
    verify: Command | None = None
    timeout_sec: float | None = None


@dataclass(frozen=True, slots=True)
class Metric:
    """A number that a command prints last, measured in a clean checkout."""

    command: Command
    direction: Direction = Direction.EXIT
    min_delta: float = 0.0
    timeout_sec: float | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A unit of work, with the names of the plan document's fields."""

    id: str
    title: str
    description: str = ""
    mode: str = "auto"
    agent: str = ""
    role: str = ""
    scope: tuple[str, ...] = ("**",)
    deny: tuple[str, ...] = ()
    planned_files: tuple[str, ...] | None = None
    depends_on: tuple[str, ...] = ()
    criteria: tuple[Criterion, ...] = ()
    metric: Metric | None = None
    budget_minutes: float | None = None
    critical: bool = False
    max_attempts: int | None = None
    requires_review: bool | None = None
    command: tuple[str, ...] = ()
    commit_subject: str = ""
    required_outputs: tuple[Mapping[str, Any], ...] = ()
    delegation: Mapping[str, Any] = field(default_factory=dict)
    review: Mapping[str, Any] = field(default_factory=dict)
    gate_profile: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A DAG of tasks with one goal; `tasks` keeps the document's order."""

    id: str
    title: str
    tasks: tuple[Task, ...]
    description: str = ""
    context: str = ""
    template: str = ""
    failure_policy: FailurePolicy = FailurePolicy.CONTINUE
    requires_approval: bool = True
    version: int = 1

    def task(self, task_id: str) -> Task:
        """The task of that id.

        Raises:
            InvalidInput: the plan has none.
        """
        for task in self.tasks:
            if task.id == task_id:
                return task
        known = ", ".join(task.id for task in self.tasks[:20])
        raise InvalidInput(
            f"plan {self.id} has no task '{task_id}'", hint=f"its tasks are: {known}"
        )

    def waves(self) -> list[list[str]]:
        """The task ids by Kahn layer, each layer in the document's order."""
        return waves({task.id: task.depends_on for task in self.tasks})

    def dependents(self, task_id: str) -> list[str]:
        """Every task that depends on it, directly or not, nearest first."""
        found: dict[str, None] = {}
        frontier = {task_id}
        while frontier:
            frontier = {
                t.id for t in self.tasks if t.id not in found and frontier & set(t.depends_on)
            }
            found.update(dict.fromkeys(t.id for t in self.tasks if t.id in frontier))
        return list(found)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> "Plan":
        """The plan of a validated document.

        Raises:
            InvalidInput: a bad or duplicate id, an unknown dependency, a cycle (which it names).
        """
        tasks = tuple(_task(entry) for entry in document["tasks"])
        check_id(document["id"], PLAN_ID, "plan")
        seen: set[str] = set()
        for task in tasks:
            check_id(task.id, TASK_ID, "task")
            if task.id in seen:
                raise InvalidInput(f"two tasks have the id '{task.id}'; ids are unique in a plan")
            seen.add(task.id)
        waves({task.id: task.depends_on for task in tasks})
        return cls(
            id=document["id"],
            title=document.get("title") or document["id"],
            tasks=tasks,
            description=document.get("description", ""),
            context=document.get("context", ""),
            template=document.get("template", ""),
            failure_policy=FailurePolicy(
                document.get("failure_policy", FailurePolicy.CONTINUE.value)
            ),
            requires_approval=document.get("requires_approval", True),
            version=document.get("version", 1),
        )


def check_id(value: str, form: re.Pattern[str], what: str) -> None:
    """Refuse an id that is not of the form (it becomes a file and a ref name).

    Raises:
        InvalidInput: it is not.
    """
    if not form.fullmatch(value):
        raise InvalidInput(
            f"{what} id {value!r} is not valid: lower-case letters, digits and '-', "
            "1 to 63 long, starting with a letter or digit"
        )


def _command(value: str | Sequence[str]) -> Command:
    return value if isinstance(value, str) else tuple(value)


def _criterion(entry: str | Mapping[str, Any]) -> Criterion:
    if isinstance(entry, str):
        return Criterion(entry)
    verify = entry.get("verify")
    return Criterion(
        entry["criterion"],
        _command(verify) if verify is not None else None,
        entry.get("timeout_sec"),
    )


def _metric(entry: str | Mapping[str, Any] | None) -> Metric | None:
    if entry is None:
        return None
    if isinstance(entry, str):
        return Metric(entry)
    return Metric(
        _command(entry["command"]),
        Direction(entry.get("direction", Direction.EXIT.value)),
        float(entry.get("min_delta", 0.0)),
        entry.get("timeout_sec"),
    )


def _planned(entry: Mapping[str, Sequence[str]] | None) -> tuple[str, ...] | None:
    if entry is None:
        return None
    return tuple(path for kind in ("create", "modify", "delete") for path in entry.get(kind, ()))


def _task(entry: Mapping[str, Any]) -> Task:
    delegation = entry.get("delegation", {})
    return Task(
        id=entry["id"],
        title=entry.get("title") or entry["id"],
        description=entry.get("description", ""),
        mode=delegation.get("mode", "auto"),
        agent=delegation.get("agent", ""),
        role=entry.get("role") or "",
        scope=tuple(entry.get("scope", ("**",))),
        deny=tuple(entry.get("deny", ())),
        planned_files=_planned(entry.get("planned_files")),
        depends_on=tuple(entry.get("depends_on", ())),
        criteria=tuple(_criterion(c) for c in entry.get("success_criteria", ())),
        metric=_metric(entry.get("metric")),
        budget_minutes=entry.get("budget_minutes"),
        critical=entry.get("critical", False),
        max_attempts=entry.get("max_attempts"),
        requires_review=entry.get("requires_review"),
        command=tuple(entry.get("command", ())),
        commit_subject=entry.get("commit_subject", ""),
        required_outputs=tuple(entry.get("required_outputs", ())),
        delegation=delegation,
        review=entry.get("review", {}),
        gate_profile=entry.get("gate_profile", ""),
    )
