"""Whether a task's attempts still get anywhere; pure, but for asking for a commit's tree.

Two attempts in a row that bring nothing new end the task with NO_PROGRESS: their trees were seen
before in this revision, or after a rework as many issues are open as before it. Failures of the
tool say nothing of the work and are left out.
"""

from collections.abc import Callable, Sequence
from itertools import pairwise

from orchestrate.agents.reasons import TOOL_FAILURES, Reason
from orchestrate.plans.model import Task
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.runner.measured import keeps_looking
from orchestrate.runner.rework import open_issues

MOST_IDLE = 2  # attempts in a row that brought nothing new

# Verdicts on a tree, whose issues can be counted and compared.
_JUDGED = frozenset(
    {
        Reason.CHECKS_FAILED,
        Reason.AC_NOT_MET,
        Reason.COMMAND_FAILED,
        Reason.GATE_FAILED,
        Reason.EVIDENCE_MISSING,
    }
)


def stagnation(plan_id: str, task: Task, now: TaskState, trees: Callable[[str], list[str]]) -> str:
    """Why another attempt is pointless, "" when it is not.

    `trees` gives a candidate's tree and the tree that it was made from.
    """
    made = [a for a in now.attempts if a.revision == now.revision and a.reason not in TOOL_FAILURES]
    if len(made) < MOST_IDLE:
        return ""
    if _only_known_trees(made, trees):
        return f"{MOST_IDLE} attempts in a row left no tree that was not seen before"
    if not keeps_looking(task) and _no_fewer_issues(plan_id, task, made[-MOST_IDLE - 1 :]):
        return f"{MOST_IDLE} reworks in a row left as many issues open as before"
    return ""


def _only_known_trees(made: Sequence[Attempt], trees: Callable[[str], list[str]]) -> bool:
    seen: set[str] = set()
    idle = 0
    for attempt in made:
        if not attempt.candidate:
            idle = 0  # it was ended before there was a tree: a limit's matter
            continue
        tree, *bases = trees(attempt.candidate)
        idle = idle + 1 if tree in seen.union(bases) else 0
        seen.add(tree)
    return idle >= MOST_IDLE


def _no_fewer_issues(plan_id: str, task: Task, last: Sequence[Attempt]) -> bool:
    if len(last) <= MOST_IDLE or any(a.reason not in _JUDGED for a in last):
        return False
    counts = [open_issues(plan_id, task, a) for a in last]
    return all(after >= before for before, after in pairwise(counts))
