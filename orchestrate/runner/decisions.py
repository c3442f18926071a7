"""What people decide of tasks: approve, return, retry, skip, cancel.

An approval names the candidate, the tree and the policy it was given for. When the branch has moved
since, the candidate is merged and judged again before it lands.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from orchestrate.errors import Conflict, InvalidInput, OrchestrateError
from orchestrate.git.repository import Repository
from orchestrate.ledger.promotion import Judged, branch_tip
from orchestrate.ledger.store import Decision, Ledger, Loaded
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event
from orchestrate.plans.model import Task
from orchestrate.plans.routing import Doer, route
from orchestrate.plans.state import Attempt, Review, TaskState
from orchestrate.plans.states import TaskEvent, TaskStatus
from orchestrate.policy.policy import Policy
from orchestrate.runner import clock
from orchestrate.runner.judging import judge
from orchestrate.runner.landing import (
    Landing,
    bench_for,
    commit_subject,
    judged,
    promote_on_tip,
    stored_candidate,
)
from orchestrate.runner.owner import this_owner
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.project import Project, policy_at
from orchestrate.runner.rework import rework_evidence
from orchestrate.runner.verdict import Verdict


class Decider:
    """A person at one plan."""

    def __init__(self, project: Project, plan_id: str, person: str = "") -> None:
        self.project = project
        self.repo: Repository = project.open()
        self.ledger: Ledger = project.ledger(self.repo, plan_id)
        self.person = person or person_of(self.repo)

    def approve(self, task_id: str, comment: str = "") -> tuple[Loaded, str]:
        """The state after the approval, and the commit it promoted.

        Raises:
            Conflict: nothing of the task waits for a person, or the candidate no longer passes.
        """
        loaded = self.ledger.load()
        task, now = self._task(loaded, task_id)
        if now.status is TaskStatus.WAITING:
            if route(task).doer is Doer.SIGNAL:
                raise Conflict(
                    f"task {task_id} waits for a signal, not for a person",
                    hint=f"orchestrate task signal {task_id}, from what it waits for",
                )
            return self._complete_by_hand(task, comment, "done by a person")
        if now.status is not TaskStatus.PENDING_REVIEW:
            raise Conflict(
                f"task {task_id} is {now.status}: nothing of it waits for a person",
                hint="orchestrate status shows what does",
            )
        return self._approve_candidate(task, comment)

    def signal(self, task_id: str, comment: str = "") -> tuple[Loaded, str]:
        """The state after the signal that the task waits for, and the commit with its record.

        Raises:
            Conflict: the task does not wait for a signal.
        """
        task, now = self._task(self.ledger.load(), task_id)
        if now.status is not TaskStatus.WAITING or route(task).doer is not Doer.SIGNAL:
            raise Conflict(
                f"task {task_id} is {now.status} and waits for no signal",
                hint="orchestrate status shows what waits for what",
            )
        name = task.delegation.get("signal") or task_id
        return self._complete_by_hand(task, comment, f"signal {name}")

    def give_back(self, task_id: str, comment: str) -> Loaded:
        """Return a submitted task with what is to be done better."""
        loaded = self.ledger.load()
        task, now = self._task(loaded, task_id)
        made = now.candidate
        review = self._review("returned", comment, made.candidate if made else "", "", "")
        evidence = (
            rework_evidence(loaded.state.plan.id, task, made, [*now.reviews, review])
            if made
            else {}
        )
        data = {"review": asdict(review)}
        return self._append(TaskEvent.RETURNED, task.id, comment, data, evidence)

    def retry(self, task_id: str, reason: str = "") -> Loaded:
        """Queue a failed task again, and what its failure blocked."""
        return self._append(TaskEvent.RETRIED, task_id, reason)

    def skip(self, task_id: str, reason: str) -> Loaded:
        """Go on without the task; its dependents take it as done."""
        return self._append(TaskEvent.SKIPPED, task_id, reason)

    def cancel(self, task_id: str, reason: str = "") -> Loaded:
        """End the task for good; an attempt under way is ended by its runner."""
        return self._append(TaskEvent.CANCELLED, task_id, reason)

    def _task(self, loaded: Loaded, task_id: str) -> tuple[Task, TaskState]:
        task = loaded.state.plan.task(task_id)
        return task, loaded.state.tasks[task_id]

    def _complete_by_hand(self, task: Task, comment: str, how: str) -> tuple[Loaded, str]:
        """Record a task without work of ours as done: a commit with the record and no code."""

        def build(loaded: Loaded) -> Landing:
            policy = policy_at(self.repo, loaded.state.base)
            tip = branch_tip(self.repo, loaded.state)
            tree = self.repo.tree_of(tip)
            review = self._review("approved", comment, tip, tree, policy.id)
            completed = self._completed(task, how, review)
            trailers = (("Orchestrate-Task", task.id), ("Orchestrate-Approved-By", self.person))
            subject = commit_subject(task, policy)
            return Landing(Judged(tip, tree, policy.id, subject, comment, trailers), [completed])

        return self._promoted(build)

    def _approve_candidate(self, task: Task, comment: str) -> tuple[Loaded, str]:
        def build(loaded: Loaded) -> Landing:
            made = loaded.state.tasks[task.id].candidate
            if made is None:
                raise OrchestrateError(f"task {task.id} has no candidate that passed")
            policy = policy_at(self.repo, loaded.state.base)
            verdict = self._passed(loaded, task, made, policy)
            assert verdict.tree is not None
            review = self._review("approved", comment, made.candidate, verdict.tree, verdict.policy)
            landing = judged(task, policy, made, verdict)
            approved = (*landing.trailers, ("Orchestrate-Approved-By", self.person))
            completed = self._completed(task, "approved", review)
            return Landing(replace(landing, trailers=approved), [completed])

        return self._promoted(build)

    def _promoted(self, build: Callable[[Loaded], Landing]) -> tuple[Loaded, str]:
        landed = promote_on_tip(self.ledger, build)
        if landed is None:
            raise Conflict("the plan branch keeps moving", hint="try again")
        return landed

    def _completed(self, task: Task, reason: str, review: Review) -> Event:
        return self._event(TaskEvent.COMPLETED, task.id, reason, {"review": asdict(review)})

    def _passed(self, loaded: Loaded, task: Task, made: Attempt, policy: Policy) -> Verdict:
        """The candidate's verdict on the branch as it is now. Raises: Conflict, it is no pass."""
        verdict = self._judge(loaded, task, made, policy)
        if verdict.passed:
            return verdict
        raise Conflict(
            f"the candidate of {task.id} no longer passes on the plan branch: "
            f"{verdict.reason} {verdict.detail}",
            hint=f"orchestrate task return {task.id} --reason … sends it back",
        )

    def _judge(self, loaded: Loaded, task: Task, made: Attempt, policy: Policy) -> Verdict:
        cache = self.project.cache(self.repo)
        name = f"{loaded.state.plan.id}/{task.id}-approve"
        place = AttemptPlace.make(cache, name, this_owner())
        try:
            bench = bench_for(
                self.repo, loaded.state, policy, task, cache=cache, scratch=place.scratch
            )
            tip = branch_tip(self.repo, loaded.state)
            return judge(stored_candidate(self.repo, made), tip, bench)
        finally:
            place.remove()

    def _review(self, decision: str, comment: str, commit: str, tree: str, policy: str) -> Review:
        now = clock.iso(clock.now())
        return Review(decision, self.person, now, comment, commit, tree, policy)

    def _event(self, kind: TaskEvent, task: str, reason: str, data: dict[str, Any]) -> Event:
        actor = f"person:{self.person}"
        return Event(kind, task, actor, clock.iso(clock.now()), reason, data=data)

    def _append(
        self,
        kind: TaskEvent,
        task: str,
        reason: str,
        data: dict[str, Any] | None = None,
        evidence: Mapping[str, bytes] | None = None,
    ) -> Loaded:
        event = self._event(kind, task, reason, data or {})
        return self.ledger.append(
            lambda loaded: Decision(decide(loaded.state, event), evidence or {}), at=clock.now()
        )


def person_of(repo: Repository) -> str:
    """Who is at the keyboard, by git's configuration: `Name <email>`."""
    name, email = repo.identity()
    return f"{name} <{email}>"


def need_reason(reason: str, what: str) -> str:
    """The reason itself.

    Raises:
        InvalidInput: it is empty; what people decide is recorded with why.
    """
    if not reason.strip():
        raise InvalidInput(f"{what} needs a reason", hint="give one with --reason TEXT")
    return reason
