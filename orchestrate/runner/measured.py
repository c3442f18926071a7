"""Which attempts of a measured task are kept: try, measure, keep or discard (prior art A1.7)."""

from orchestrate.plans.model import Direction, Task
from orchestrate.plans.state import Attempt, TaskState


def keeps_looking(task: Task) -> bool:
    """Whether a pass does not end the search: there is a number that may get better still."""
    return task.metric is not None and task.metric.direction is not Direction.EXIT


def best_kept(now: TaskState, task: Task) -> Attempt | None:
    """The best kept attempt of the current revision, or None."""
    kept = [
        a
        for a in now.attempts
        if a.revision == now.revision and a.outcome == "kept" and a.metric is not None
    ]
    if not kept or task.metric is None:
        return None
    better = max if task.metric.direction is Direction.MAX else min
    return better(kept, key=lambda a: a.metric or 0.0)
