"""Which criteria of a person's own task are not known to hold: what an agent is told as it stops.

Nothing is run here. What is known comes from the judgements of `orchestrate finish` and from the
verdicts of gate profiles. It counts for the tree that it was reached on alone, which is yours when
that is HEAD's and nothing in the scope waits to be committed.
"""

from collections.abc import Iterator
from pathlib import Path

from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.git.user_tree import uncommitted
from orchestrate.plans.model import Criterion
from orchestrate.policy.globs import Globs
from orchestrate.runner.gatekeeper import stored_verdict
from orchestrate.runner.gates import shown
from orchestrate.runner.own_task import OwnTask, looked_up
from orchestrate.runner.project import policy_at
from orchestrate.runner.reuse import Freshness

FAILED = "it failed on this tree: {command}"
SAID = {
    Freshness.STALE: "shown for another tree than yours, so run it again: {command}",
    Freshness.MISSING: "not yet shown: {command}",
    Freshness.UNKNOWN: "what is stored about it does not read: {command}",
}
Known = tuple[Freshness, bool]  # the second: whether it passed


def unfinished(top: str) -> list[str]:
    """A line for each criterion that is not known to hold; none when the worktree has no task."""
    repo = Repository.open(Path(top))
    named, own = looked_up(repo)
    if own is None:
        texts = named.get("criteria") if named else None
        return [f"{text} (not yet shown)" for text in texts or ()]
    tree = _tree(repo, own)
    return [line for c in own.task.criteria for line in _line(c, repo, own, tree)]


def _tree(repo: Repository, own: OwnTask) -> Oid | None:
    """HEAD's tree when it is the worktree's, as far as the task goes."""
    head = repo.head_commit()
    scope = Globs(own.task.scope)
    if head is None or any(map(scope.match, uncommitted(repo))):
        return None
    return repo.tree_of(head)


def _line(criterion: Criterion, repo: Repository, own: OwnTask, tree: Oid | None) -> Iterator[str]:
    if criterion.verify is None:
        yield f"{criterion.text} (not yet shown)"
        return
    command = shown(criterion.verify)
    known = [*_judged(own, command, tree), *_gated(repo, own, command, tree)]
    current = [passed for freshness, passed in known if freshness is Freshness.CURRENT]
    if current and all(current):
        return
    worst = next((f for f in (Freshness.UNKNOWN, Freshness.STALE) if (f, False) in known), None)
    said = FAILED if current else SAID[worst or Freshness.MISSING]
    yield f"{criterion.text} ({said.format(command=command)})"


def _judged(own: OwnTask, command: str, tree: Oid | None) -> Iterator[Known]:
    """What the judgements of `finish` say, the last one on each tree alone."""
    on_tree: dict[str, bool] = {}
    for attempt in own.state.attempts:
        for found in attempt.verifications:
            if found["command"] == command:
                on_tree[attempt.tree] = bool(found["passed"])
    for judged, passed in on_tree.items():
        yield (Freshness.CURRENT, passed) if judged == tree else (Freshness.STALE, False)


def _gated(repo: Repository, own: OwnTask, command: str, tree: Oid | None) -> Iterator[Known]:
    """What the gate profiles say that have a step with this command."""
    policy = policy_at(repo, own.loaded.state.base)
    for profile, steps in policy.config.gates.profiles.items():
        if command not in [shown(step.command) for step in steps]:
            continue
        stored = stored_verdict(repo, policy, profile, tree or Oid(""))
        if stored.run is None:
            yield stored.freshness, False
            continue
        for step in stored.run.steps:
            if step.run.command == command:
                yield Freshness.CURRENT, step.passed
