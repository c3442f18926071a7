"""Has an agent review a candidate: in a workspace of its own, by a verdict that must parse.

The reviewer sees the tree that would land, the criteria, the diff and what the runner ran. What it
changes is thrown away. A reviewer that fails as a tool, or whose verdict does not read, is asked
once more, the next one that its `fallback` allows first; after that there is no verdict, and a
person decides. A reviewer is never the session that did the work.
"""

import os
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrate.agents.adapter import AttemptEnd, AttemptRequest
from orchestrate.agents.pack import PackScope, StepPack
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, Signature
from orchestrate.git.workspace import create_workspace
from orchestrate.ledger.evidence import storable
from orchestrate.machine_json import to_json
from orchestrate.plans.model import Task
from orchestrate.plans.state import Attempt, Review
from orchestrate.policy.config import AgentConfig, Config
from orchestrate.policy.policy import Policy
from orchestrate.runner import clock
from orchestrate.runner.active_task import refused_commands
from orchestrate.runner.breaker import Breakers
from orchestrate.runner.choosing import agents_for
from orchestrate.runner.limits import attempt_limits
from orchestrate.runner.packs import pack_criteria, pack_role
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.review_prompt import review_prompt
from orchestrate.runner.review_verdict import ReviewVerdict, Unreadable, parse_verdict
from orchestrate.runner.verdict import Verdict
from orchestrate.runner.workspace_hooks import write_hooks


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What a review came to: a verdict, or None with the reason code that there is none."""

    agent: str
    reason: Reason
    detail: str
    verdict: ReviewVerdict | None
    evidence: bytes

    @property
    def passed(self) -> bool:
        return self.verdict is not None and self.verdict.passed


@dataclass(frozen=True, slots=True)
class ReviewJob:
    """One candidate to be reviewed, by an owner whose folders lie below `cache`."""

    repo: Repository
    policy: Policy
    plan_id: str
    task: Task
    made: Attempt
    verdict: Verdict
    cache: Path
    owner: str
    cancel: threading.Event


def reviewing_agent(task: Task, config: Config, *, needs_review: bool) -> str:
    """The agent that reviews the task's result, "" for none.

    The task's own; else the configuration's, for tasks that need a review.
    """
    own = str(task.review.get("agent", ""))
    return own or ((config.review.agent or "") if needs_review else "")


def review_by_agent(job: ReviewJob, name: str, folder: Path) -> Reviewed:
    """The review by the named agent, or by one that may stand in for it.

    Raises:
        InvalidInput: the configuration has no agent of that name.
        OrchestrateError: the workspace could not be made.
    """
    agents = agents_for(job.policy, [name], folder)
    breakers = Breakers(job.repo.common_dir)
    last = Reviewed(name, Reason.CIRCUIT_OPEN, "no reviewer can be started now", None, b"")
    # Each of them once, the last one twice: what does not parse may be a slip.
    for agent in [*agents, agents[-1]]:
        if breakers.enter(agent.name, clock.now()):
            continue
        try:
            last = _ask(job, agent)
        except BaseException:
            breakers.leave(agent.name, Reason.CANCELLED, clock.now())
            raise
        breakers.leave(agent.name, last.reason, clock.now())
        if last.verdict is not None or job.cancel.is_set():
            break
    return last


def _ask(job: ReviewJob, agent: AgentConfig) -> Reviewed:
    name = f"{job.plan_id}/{job.task.id}-review"
    place = AttemptPlace.make(job.cache, name, job.owner)
    try:
        return _read(agent.name, _run(job, agent, place), job.verdict.tree or "")
    finally:
        place.remove()


def _run(job: ReviewJob, agent: AgentConfig, place: AttemptPlace) -> AttemptEnd:
    tree, onto = job.verdict.tree, job.verdict.onto
    assert tree is not None
    who = Signature(*job.repo.identity(), clock.now())
    merged = job.repo.commit(tree, [onto], "review\n", author=who, committer=who)
    create_workspace(job.repo, merged, place.work, index=place.index)
    diff = job.repo.diff_text(job.repo.tree_of(onto), tree).decode("utf-8", "replace")
    pack, limits = _pack(job, onto), job.policy.config.limits
    request = AttemptRequest(
        workspace=place.work,
        scratch=place.scratch,
        pack=pack,
        prompt=review_prompt(pack, tree, diff, job.verdict.verifications),
        limits=attempt_limits(limits, job.task),
        environ=os.environ,
        max_turns=limits.max_turns,
        max_cost_usd=limits.max_cost_usd,
        max_repeats=limits.max_repeats,
        git_hooks=write_hooks(place.scratch / "hooks"),
        refused_commands=refused_commands(job.policy),
        hide=tuple(p for p in (job.repo.work_tree, job.repo.common_dir) if p is not None),
        show=(job.repo.common_dir / "objects",),
    )
    return adapter_for(agent.name, agent).run(request, job.cancel)


def _read(agent: str, end: AttemptEnd, tree: str) -> Reviewed:
    reason, detail = end.reason_code, end.detail
    verdict: ReviewVerdict | None = None
    if reason is Reason.ENDED:
        try:
            verdict = parse_verdict(end.text, tree)
        except Unreadable as error:
            reason, detail = Reason.REVIEW_UNREADABLE, error.message
    said = {
        "agent": agent,
        "reason": str(reason),
        "detail": detail,
        "verdict": asdict(verdict) if verdict else None,
        "usage": asdict(end.usage),
        "said": "" if verdict else end.text[-4_000:],
    }
    return Reviewed(agent, reason, detail, verdict, storable(to_json(said)))


def _pack(job: ReviewJob, onto: Oid) -> StepPack:
    task = job.task
    role = str(task.review.get("role", "")) or job.policy.config.review.role
    return StepPack(
        plan=job.plan_id,
        task=task.id,
        title=f"Review of {task.title}",
        attempt=job.made.number,
        objective=task.description or task.title,
        base=onto,
        policy=job.policy.id,
        criteria=pack_criteria(task),
        scope=PackScope(allow=()),
        role=pack_role(job.policy, role),
    )


def record_of(reviewed: Reviewed, made: Attempt, verdict: Verdict, decision: str) -> Review:
    """The review as the ledger holds it: who decided what, on which candidate and tree."""
    said = reviewed.verdict
    return Review(
        decision=decision,
        by=f"agent:{reviewed.agent}",
        at=clock.iso(clock.now()),
        comment=(said.summary if said else f"{reviewed.reason}: {reviewed.detail}")[:4_000],
        commit=made.candidate,
        tree=verdict.tree or "",
        policy=verdict.policy,
        findings=tuple(asdict(f) for f in said.findings) if said else (),
    )


def agent_rejects(reviews: Sequence[Review]) -> int:
    """How often agents have returned the task since a person last decided on it."""
    count = 0
    for review in reversed(reviews):
        if not review.by.startswith("agent:"):
            break
        count += review.decision == "returned"
    return count
