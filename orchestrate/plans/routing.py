"""Who does a task and whether a person must see its result; the first rule that fits decides."""

from enum import StrEnum
from typing import NamedTuple

from orchestrate.plans.model import Task


class Doer(StrEnum):
    """What carries a task out."""

    AGENT = "agent"
    COMMAND = "command"
    PERSON = "person"
    SIGNAL = "signal"


class Route(NamedTuple):
    """Where a task goes, and the rule that sent it there."""

    doer: Doer
    reason: str


_BY_MODE = {
    "human": Doer.PERSON,
    "signal": Doer.SIGNAL,
    "command": Doer.COMMAND,
}
# Modes in which a result that nothing measures needs a person's eyes (prior art: the approval
# table of delegation mode x metric); `local` and `auto` work is judged by the checks alone.
_REVIEWED_WITHOUT_MEASURE = frozenset({"solo_mesh", "collab_mesh"})


def route(task: Task) -> Route:
    """Who does the task."""
    doer = _BY_MODE.get(task.mode)
    if doer:
        return Route(doer, f"delegation mode {task.mode}")
    if task.command and not task.agent:
        return Route(Doer.COMMAND, "it names a command and no agent")
    return Route(Doer.AGENT, f"delegation mode {task.mode}")


def is_measured(task: Task) -> bool:
    """Whether a command of the runner's own says if the task is done."""
    return task.metric is not None or any(c.verify is not None for c in task.criteria)


def needs_review(task: Task) -> bool:
    """Whether a person decides before the result lands; an explicit `requires_review` wins."""
    if task.requires_review is not None:
        return task.requires_review
    if task.mode == "soul":
        return True
    return task.mode in _REVIEWED_WITHOUT_MEASURE and not is_measured(task)
