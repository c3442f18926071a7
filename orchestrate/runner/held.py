"""A claimed task in the hands of the thread that carries it: its handles, its task, its policy."""

import threading
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrate.agents.reasons import Reason
from orchestrate.errors import Conflict
from orchestrate.git.repository import Repository
from orchestrate.ledger.promotion import branch_tip
from orchestrate.ledger.store import Ledger, Loaded
from orchestrate.plans.model import Task
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import TaskEvent
from orchestrate.policy.policy import Policy
from orchestrate.runner.claim import Claim, ClaimLedger, Lost, Progress, Report
from orchestrate.runner.judging import Bench, Candidate, judge
from orchestrate.runner.landing import bench_for
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.project import policy_at
from orchestrate.runner.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Claimed:
    """A claim with the handles of its thread; how it ends in the ledger."""

    claim: Claim
    report: Report
    repo: Repository
    mine: ClaimLedger
    cache: Path

    @classmethod
    def open(cls, claim: Claim, report: Report) -> "Claimed":
        """The claim, with a repository handle of the calling thread's own."""
        repo = claim.project.open()
        ledger = claim.project.ledger(repo, claim.plan_id)
        return cls(claim, report, repo, ClaimLedger(ledger, claim), claim.project.cache(repo))

    @property
    def ledger(self) -> Ledger:
        return self.mine.ledger

    @property
    def cancel(self) -> threading.Event:
        return self.claim.cancel

    def say(self, what: str, text: str) -> None:
        """Tell whoever watches."""
        self.report(Progress(self.claim.task_id, what, text))

    def fail(self, reason: Reason, detail: str) -> None:
        """End the task as failed. Raises: Lost."""
        # A path of this machine is nobody else's business, and no record's.
        detail = detail.replace(str(self.cache), "<cache>")
        said = f"{reason}: {detail}" if detail else str(reason)
        self.mine.append(self.mine.event(TaskEvent.FAILED, said))
        self.say("failed", said)

    def release(self, why: str) -> None:
        """Give the task back to the queue. Raises: Lost."""
        try:
            self.mine.append(self.mine.event(TaskEvent.RELEASED, why))
        except Conflict:
            raise Lost from None
        self.say("released", why)


@dataclass(frozen=True, slots=True)
class Held(Claimed):
    """A claim with its task, and the policy of the plan's base."""

    policy: Policy
    task: Task

    @classmethod
    def of(cls, claimed: Claimed, state: PlanState) -> "Held":
        """The claim's task as the plan's state has it. Raises: FileError, of a policy file."""
        return cls(
            claimed.claim,
            claimed.report,
            claimed.repo,
            claimed.mine,
            claimed.cache,
            policy_at(claimed.repo, state.base),
            state.plan.task(claimed.claim.task_id),
        )

    def bench(self, place: AttemptPlace, state: PlanState) -> Bench:
        """What judging a candidate of the task needs."""
        return bench_for(
            self.repo,
            state,
            self.policy,
            self.task,
            cache=self.cache,
            scratch=place.scratch,
            cancel=self.cancel,
        )

    def rejudge(self, candidate: Candidate, loaded: Loaded) -> Verdict:
        """The verdict on a candidate as it would land on the branch's tip now."""
        claim, state = self.claim, loaded.state
        name = f"{claim.plan_id}/{self.task.id}-rebuild-{claim.generation}"
        place = AttemptPlace.make(self.cache, name, claim.owner)
        try:
            baseline = state.tasks[self.task.id].metric_baseline
            bench = replace(self.bench(place, state), to_beat=baseline)
            return judge(candidate, branch_tip(self.repo, state), bench)
        finally:
            place.remove()
