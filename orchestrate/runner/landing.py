"""What landing a candidate needs, for the runner and for a person's approval alike."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrate.agents.environment import allowed
from orchestrate.checks.task_rules import TaskRules
from orchestrate.git.checkout import CheckoutPool
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.ledger.promotion import Judged, TipMoved, promote
from orchestrate.ledger.store import Ledger, Loaded
from orchestrate.plans.events import Event
from orchestrate.plans.model import Task
from orchestrate.plans.state import Attempt, PlanState
from orchestrate.policy.policy import Policy
from orchestrate.runner import clock
from orchestrate.runner.judging import Bench, Candidate
from orchestrate.runner.verdict import Verdict

# How often a result is built and judged again because the branch moved meanwhile.
MOST_REBUILDS = 20

Evidence = Mapping[str, bytes]


class Landing(NamedTuple):
    """What lands, and the events that go with it; the last one completes the task."""

    judged: Judged
    events: Sequence[Event]


def promote_on_tip(
    ledger: Ledger, build: Callable[[Loaded], Landing], evidence: Evidence | None = None
) -> tuple[Loaded, Oid] | None:
    """The state after what was built is promoted, and its commit; None when the branch won't rest.

    `build` is called for the branch as it stands, and again whenever that moved meanwhile; what it
    raises ends this.
    """
    for _ in range(MOST_REBUILDS):
        landing = build(ledger.load())
        try:
            return promote(
                ledger, landing.judged, landing.events, at=clock.now(), evidence=evidence
            )
        except TipMoved:
            continue
    return None


def stored_candidate(repo: Repository, made: Attempt) -> Candidate:
    """The candidate of a recorded attempt."""
    commit = repo.read_commit(Oid(made.candidate))
    return Candidate(commit.oid, commit.tree, commit.parents[0])


def bench_for(
    repo: Repository,
    state: PlanState,
    policy: Policy,
    task: Task,
    *,
    cache: Path,
    scratch: Path,
    cancel: threading.Event | None = None,
) -> Bench:
    """What judging a candidate of the task needs."""
    return Bench(
        repo=repo,
        policy=policy,
        rules=task_rules(task, policy, allow_protected=state.is_approved),
        task=task,
        pool=CheckoutPool(repo, cache / "checkouts"),
        scratch=scratch,
        environment=allowed(os.environ),
        cancel=cancel,
    )


def task_rules(task: Task, policy: Policy, *, allow_protected: bool) -> TaskRules:
    """What the checks need to know of the task."""
    return TaskRules(
        id=task.id,
        role=policy.roles.get(task.role),
        scope=task.scope,
        deny=task.deny,
        planned_files=task.planned_files,
        allow_protected=allow_protected,
        required_outputs=task.required_outputs,
    )


def judged(task: Task, policy: Policy, made: Attempt, verdict: Verdict) -> Judged:
    """What the promoted commit shall hold and say."""
    assert verdict.tree is not None
    trailers = (
        ("Orchestrate-Task", task.id),
        ("Orchestrate-Attempt", made.number),
        ("Orchestrate-Agent", made.agent),
        ("Orchestrate-Candidate", made.candidate),
    )
    return Judged(
        onto=verdict.onto,
        tree=verdict.tree,
        policy=verdict.policy,
        subject=commit_subject(task, policy),
        body=task.title if task.commit_subject else "",
        trailers=trailers,
    )


def commit_subject(task: Task, policy: Policy) -> str:
    """The promoted commit's subject, which our own commit-message check accepts.

    The plan's `commit_subject`, or the title under the type that says least about it.
    """
    if task.commit_subject:
        return task.commit_subject
    allowed = policy.config.commit_message
    kind = "chore" if "chore" in allowed.types else next(iter(allowed.types), "chore")
    subject = f"{kind}: {' '.join(task.title.split())}" if allowed.conventional else task.title
    most = allowed.max_subject
    return subject if len(subject) <= most else subject[: most - 1].rstrip() + "…"
