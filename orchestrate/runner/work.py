"""Carries one claimed task to its end: attempts, verdicts, then promotion, review or failure.

Runs in a thread of its own, with its own repository handle. What it needs between two steps it
reads from the ledger, so it can be killed between any two lines and taken up by another run.
"""

import errno
from dataclasses import asdict, replace
from typing import Any

from orchestrate.agents.adapter import Adapter
from orchestrate.agents.events import Usage
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.agents.sessions import Session, choose
from orchestrate.checks.findings import Severity
from orchestrate.errors import Conflict, OrchestrateError
from orchestrate.git.types import Oid
from orchestrate.ledger.evidence import evidence_path
from orchestrate.ledger.promotion import TipMoved, branch_tip, promote
from orchestrate.ledger.store import Loaded
from orchestrate.plans.events import Event, attempt_json
from orchestrate.plans.model import Task
from orchestrate.plans.routing import Doer, needs_review, route
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.plans.states import TaskEvent
from orchestrate.policy.config import AgentConfig
from orchestrate.policy.policy import Policy
from orchestrate.runner import clock
from orchestrate.runner.active_task import active_task, refused_commands
from orchestrate.runner.attempt import Assignment, Produced, attempt, keep_candidate
from orchestrate.runner.breaker import Breakers
from orchestrate.runner.choosing import AllRest, Chosen, agents_for, may_go_on, tries_left
from orchestrate.runner.choosing import choose as choose_agent
from orchestrate.runner.claim import Claim, ClaimLedger, Lost, Progress, Report
from orchestrate.runner.course import Course, course_of
from orchestrate.runner.gatekeeper import task_profile
from orchestrate.runner.gates import measure
from orchestrate.runner.judging import Bench, Candidate, gate_context, judge
from orchestrate.runner.landing import bench_for, judged, stored_candidate
from orchestrate.runner.limits import attempt_limits, lease_seconds
from orchestrate.runner.measured import best_kept, keeps_looking
from orchestrate.runner.packs import step_pack
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.progress import stagnation
from orchestrate.runner.project import command_agent, policy_at
from orchestrate.runner.review import reviewed
from orchestrate.runner.reviewer import Reviewed, ReviewJob, review_by_agent, reviewing_agent
from orchestrate.runner.rework import rework_evidence
from orchestrate.runner.salvage import SALVAGED, judge_or_salvage
from orchestrate.runner.verdict import Verdict, finding_json, stored_text

# How often a result is built and judged again because the branch moved meanwhile.
MOST_REBUILDS = 20
# What git (in the C locale) and the system say of a full disk.
_DISK_FULL = ("No space left on device", "Out of diskspace", "Disk quota exceeded")


class Work:
    """One claimed task, from started to its end."""

    def __init__(self, claim: Claim, report: Report) -> None:
        self.claim = claim
        self._report = report
        self.repo = claim.project.open()
        self.ledger = claim.project.ledger(self.repo, claim.plan_id)
        self.mine = ClaimLedger(self.ledger, claim)
        self.cache = claim.project.cache(self.repo)

    def run(self) -> None:
        """Carry the task to its end; every ending stands in the ledger."""
        try:
            loaded = self.mine.append(self.mine.event(TaskEvent.STARTED))
            self._carry_out(loaded)
        except Lost:
            self._say("lost", "it was ended or taken over meanwhile; nothing was applied")
        except AllRest as error:
            self._broke(Reason.CIRCUIT_OPEN, error)
        except OrchestrateError as error:
            full = any(words in str(error) for words in _DISK_FULL)
            self._broke(Reason.DISK_FULL if full else Reason.AGENT_NOT_RUNNABLE, error)
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._broke(Reason.DISK_FULL, OrchestrateError(str(error)))

    def _broke(self, reason: Reason, error: OrchestrateError) -> None:
        """What stood in the way was the machine or the set-up, not the work."""
        hint = f" ({error.hint})" if error.hint else ""
        try:
            if self.claim.cancel.is_set():
                self._release("interrupted")
            else:
                self._fail(reason, f"{error}{hint}")
        except Lost:
            self._say("lost", "it was ended meanwhile")

    def _carry_out(self, loaded: Loaded) -> None:
        policy = policy_at(self.repo, loaded.state.base)
        task = loaded.state.plan.task(self.claim.task_id)
        agents = self._agents(policy, task)
        most = task.max_attempts or policy.config.limits.max_attempts
        while True:
            now = self.mine.held(loaded)
            if not tries_left(now, most, agents):
                self._exhausted(loaded, policy, task, Reason.ATTEMPTS_EXHAUSTED)
                return
            if idle := stagnation(self.claim.plan_id, task, now, self._trees):
                self._say("no progress", idle)
                self._exhausted(loaded, policy, task, Reason.NO_PROGRESS)
                return
            started = clock.now()
            chosen, produced, verdict, baseline = self._chosen_try(loaded, policy, task, agents)
            if produced.reason is Reason.CANCELLED or self.claim.cancel.is_set():
                self._release("interrupted")
                return
            made = self._record(now, chosen, started, produced, verdict)
            attempted = self._attempted(made, policy, task, baseline)
            if made.outcome == "passed" and not keeps_looking(task):
                assert verdict is not None
                unlanded = self._land(attempted, made, produced, verdict, policy, task)
                if unlanded is None:
                    return
                made = unlanded
                attempted = self._attempted(made, policy, task, baseline)
            elif made.outcome == "passed":
                made = replace(made, outcome="kept")
                attempted = self._attempted(made, policy, task, baseline)
            loaded = self.mine.append(attempted, self._evidence(task, made, produced))
            now = loaded.state.tasks[task.id]
            if made.outcome != "kept" and not may_go_on(made, agents, now):
                self._fail(Reason(made.reason), made.detail)
                return

    def _agents(self, policy: Policy, task: Task) -> list[AgentConfig]:
        """The agents that may do the task, in order; a command of the plan's own is one too."""
        if route(task).doer is Doer.COMMAND:
            return [command_agent(task)]
        project = self.claim.project
        return agents_for(policy, [project.agent, task.agent], project.path)

    def _trees(self, candidate: str) -> list[str]:
        """A candidate's tree, and the tree that it was made from."""
        commit = self.repo.read_commit(self.repo.resolve(candidate))
        return [commit.tree, *(self.repo.tree_of(parent) for parent in commit.parents)]

    # -- one attempt ------------------------------------------------------------------------------

    def _chosen_try(
        self, loaded: Loaded, policy: Policy, task: Task, agents: list[AgentConfig]
    ) -> tuple[Chosen, Produced, Verdict | None, float | None]:
        """One attempt by the agent whose turn it is, and what `_try` says of it."""
        if route(task).doer is Doer.COMMAND:
            return Chosen(agents[0]), *self._try(loaded, policy, task, agents[0])
        breakers = Breakers(self.repo.common_dir)
        chosen = choose_agent(agents, loaded.state.tasks[task.id], breakers)
        for name, reason in chosen.passed_over:
            self._say("passed over", f"{name}: {reason}")
        reason = Reason.CANCELLED
        try:
            produced, verdict, baseline = self._try(loaded, policy, task, chosen.agent)
            reason = produced.reason
        finally:
            breakers.leave(chosen.agent.name, reason, clock.now())
        return chosen, produced, verdict, baseline

    def _try(
        self, loaded: Loaded, policy: Policy, task: Task, agent: AgentConfig
    ) -> tuple[Produced, Verdict | None, float | None]:
        """One attempt, its verdict (None when there is no tree to judge), the metric's baseline."""
        claim, now = self.claim, loaded.state.tasks[task.id]
        adapter = adapter_for(agent.name, agent)
        self._say("attempt", f"{now.number} with {adapter.name}")
        # One path for all tries of a claim: tools find their sessions by the folder they ran in.
        name = f"{claim.plan_id}/{task.id}-{claim.generation}"
        place = AttemptPlace.make(self.cache, name, claim.owner)
        try:
            bench = self._bench(loaded, policy, task, place)
            baseline = self._baseline(now, task, bench, branch_tip(self.repo, loaded.state))
            best = best_kept(now, task)
            bench = replace(bench, to_beat=best.metric if best else baseline)
            measured = loaded.state.with_task(replace(now, metric_baseline=baseline))
            session = self._session(now, agent, adapter)
            assignment = self._assignment(
                loaded._replace(state=measured), policy, task, best, session
            )
            produced = attempt(
                self.repo, assignment, adapter, place, bench, claim.cancel, clock.now()
            )
            if produced.candidate is None or claim.cancel.is_set():
                return produced, None, baseline
            self._say("judging", now.number)
            candidate, verdict = self._judged(produced, assignment, bench)
            return replace(produced, candidate=candidate), verdict, baseline
        finally:
            self._clear(place)

    def _judged(
        self, produced: Produced, assignment: Assignment, bench: Bench
    ) -> tuple[Candidate, Verdict]:
        """The candidate that counts, salvaged or whole, and its verdict after review by rule."""
        assert produced.candidate is not None

        def keep(tree: Oid) -> Oid:
            return keep_candidate(self.repo, assignment, tree, clock.now(), SALVAGED)

        tip = branch_tip(self.repo, self.ledger.load().state)
        candidate, verdict = judge_or_salvage(produced.candidate, tip, bench, keep)
        profile = task_profile(bench.task, bench.policy)

        def has(path: str) -> bool:
            return verdict.tree is not None and self.repo.entry(verdict.tree, path) is not None

        return candidate, reviewed(verdict, bench.task, profile, produced.result, has)

    def _clear(self, place: AttemptPlace) -> None:
        if self.claim.keep_workspaces:
            place.keep()
            self._say("kept", str(place.folder))
        else:
            place.remove()

    def _bench(self, loaded: Loaded, policy: Policy, task: Task, place: AttemptPlace) -> Bench:
        return bench_for(
            self.repo,
            loaded.state,
            policy,
            task,
            cache=self.cache,
            scratch=place.scratch,
            cancel=self.claim.cancel,
        )

    def _baseline(self, now: TaskState, task: Task, bench: Bench, tip: str) -> float | None:
        """The metric's value on the base; measured before the first attempt, then read."""
        if now.metric_baseline is not None or not keeps_looking(task):
            return now.metric_baseline
        assert task.metric is not None
        with bench.pool.use(self.repo.tree_of(self.repo.resolve(tip))) as checkout:
            run, value = measure(task.metric, gate_context(checkout, bench))
        shown = f"{value:g}" if value is not None else f"`{run.command}` gave no number"
        self._say("baseline", shown)
        return value

    def _assignment(
        self,
        loaded: Loaded,
        policy: Policy,
        task: Task,
        best: Attempt | None,
        session: Session | None,
    ) -> Assignment:
        state, now = loaded.state, loaded.state.tasks[task.id]
        kept = stored_candidate(self.repo, best) if best else None
        base = kept.base if kept else branch_tip(self.repo, state)
        paths = [e.path for e in self.repo.walk_tree(self.repo.tree_of(base))]
        pack = step_pack(
            state, task.id, policy, base=base, paths=paths, best=best.metric if best else None
        )
        return Assignment(
            plan_id=self.claim.plan_id,
            task_id=task.id,
            revision=now.revision,
            attempt=now.attempt,
            start=kept.commit if kept else base,
            base=base,
            pack=pack,
            active=active_task(self.claim.plan_id, task, policy, allow_protected=state.is_approved),
            limits=attempt_limits(policy.config.limits, task),
            max_turns=policy.config.limits.max_turns,
            max_cost_usd=policy.config.limits.max_cost_usd,
            session=session,
            sparse=task.scope if policy.config.workspace.sparse else None,
            refused_commands=refused_commands(policy),
        )

    def _session(self, now: TaskState, agent: AgentConfig, adapter: Adapter) -> Session | None:
        """The conversation to go on with: the last attempt's of this claim, as configured."""
        last = now.attempts[-1] if now.attempts else None
        if last is None or not last.session or last.generation != self.claim.generation:
            return None
        usage = Usage(**last.session_usage)
        found = Session(last.agent, self.claim.plan_id, now.id, last.session, usage)
        resumable = adapter.probe().capabilities.resume
        return choose(agent.session, resumable=resumable, agent=agent.name, last=found)

    def _record(
        self,
        now: TaskState,
        chosen: Chosen,
        started: int,
        produced: Produced,
        verdict: Verdict | None,
    ) -> Attempt:
        made = Attempt(
            revision=now.revision,
            attempt=now.attempt,
            generation=self.claim.generation,
            agent=chosen.agent.name,
            started_at=clock.iso(started),
            ended_at="",
            outcome="discarded",
            reason=str(produced.reason),
            detail=stored_text(produced.detail)[:2000],
            findings=tuple(finding_json(f) for f in produced.findings),
            candidate=produced.candidate.commit if produced.candidate else "",
            session=produced.session.id if produced.session else "",
            session_usage=asdict(produced.session.usage) if produced.session else {},
            usage=produced.usage,
            passed_over=tuple({"agent": a, "reason": r} for a, r in chosen.passed_over),
        )
        made = _judgement(made, verdict) if verdict else made
        made = replace(made, ended_at=clock.iso(clock.now()))
        self._say("judged", f"{made.number} {made.reason}{_first_finding(made)}")
        return made

    # -- how it ends ------------------------------------------------------------------------------

    def _land(
        self,
        attempted: Event,
        made: Attempt,
        produced: Produced,
        verdict: Verdict,
        policy: Policy,
        task: Task,
    ) -> Attempt | None:
        """None when promoted or submitted; else the attempt, which did not pass after all."""
        evidence = self._evidence(task, made, produced)
        course = self._reviews(made, verdict, policy, task)
        if course is None:
            self._release("interrupted")
            return None
        if course.events:
            self.mine.append(attempted, {**evidence, **course.evidence}, *course.events)
            self._say(course.what, f"{made.number}: {course.said}")
            return None
        assert produced.candidate is not None
        evidence |= course.evidence
        for _ in range(MOST_REBUILDS):
            completed = self.mine.event(TaskEvent.COMPLETED, made.reason, **course.data)
            proposals = [replace(attempted, data={**attempted.data, "attempt": attempt_json(made)})]
            try:
                landing = judged(task, policy, made, verdict)
                _, commit = promote(
                    self.ledger,
                    landing,
                    [*proposals, completed],
                    at=clock.now(),
                    evidence=evidence,
                )
            except TipMoved as moved:
                self._say("rebuild", "the branch moved: merging and judging again")
                verdict = self._rejudge(produced.candidate, moved.actual, policy, task)
                made = _judgement(made, verdict)
                if not verdict.passed:
                    return made
            else:
                self._say("promoted", commit[:12])
                return None
        return replace(made, outcome="discarded", reason=str(Reason.TIP_MOVED))

    def _rejudge(self, candidate: Candidate, tip: str, policy: Policy, task: Task) -> Verdict:
        claim = self.claim
        name = f"{claim.plan_id}/{task.id}-rebuild-{claim.generation}"
        place = AttemptPlace.make(self.cache, name, claim.owner)
        try:
            loaded = self.ledger.load()
            bench = self._bench(loaded, policy, task, place)
            bench = replace(bench, to_beat=loaded.state.tasks[task.id].metric_baseline)
            return judge(candidate, self.repo.resolve(tip), bench)
        finally:
            place.remove()

    def _reviews(
        self, made: Attempt, verdict: Verdict, policy: Policy, task: Task
    ) -> Course | None:
        """What follows from an agent's review and from who else must look; None when cancelled."""
        claim, state = self.claim, self.ledger.load().state
        agent = reviewing_agent(task, policy.config, needs_review=needs_review(task))
        said: Reviewed | None = None
        if agent:
            self._say("review", f"{made.number} by {agent}")
            job = ReviewJob(
                self.repo,
                policy,
                claim.plan_id,
                task,
                made,
                verdict,
                self.cache,
                claim.owner,
                claim.cancel,
            )
            said = review_by_agent(job, agent, claim.project.path)
            if claim.cancel.is_set():
                return None
        return course_of(said, made, verdict, policy.config, state, task, self.mine.event)

    def _exhausted(self, loaded: Loaded, policy: Policy, task: Task, reason: Reason) -> None:
        """Promote the best kept attempt of a measured task; without one the task has failed."""
        best = best_kept(loaded.state.tasks[task.id], task)
        if best is None:
            tries = loaded.state.tasks[task.id].attempt
            self._fail(reason, f"{tries} attempts, none passed")
            return
        candidate = stored_candidate(self.repo, best)
        course: Course | None = None
        for _ in range(MOST_REBUILDS):
            tip = branch_tip(self.repo, self.ledger.load().state)
            verdict = self._rejudge(candidate, tip, policy, task)
            if not verdict.passed:
                self._fail(verdict.reason, verdict.detail)
                return
            if course is None:
                course = self._reviews(best, verdict, policy, task)
            if course is None:
                self._release("interrupted")
                return
            if course.events:
                first, *then = course.events
                self.mine.append(first, course.evidence, *then)
                self._say(course.what, f"{best.number}: {course.said}")
                return
            completed = self.mine.event(
                TaskEvent.COMPLETED, f"best of {best.number}", **course.data
            )
            try:
                landing = judged(task, policy, best, verdict)
                _, commit = promote(
                    self.ledger,
                    landing,
                    [completed],
                    at=clock.now(),
                    evidence=course.evidence,
                )
            except TipMoved:
                continue
            self._say("promoted", f"{commit[:12]} ({best.number}, measured {best.metric:g})")
            return
        self._fail(Reason.TIP_MOVED, f"the branch moved {MOST_REBUILDS} times")

    def _attempted(
        self, made: Attempt, policy: Policy, task: Task, baseline: float | None
    ) -> Event:
        lease = clock.iso(clock.now() + lease_seconds(policy.config, task))
        data: dict[str, Any] = {"attempt": attempt_json(made), "lease_until": lease}
        if baseline is not None:
            data["metric_baseline"] = baseline
        return self.mine.event(TaskEvent.ATTEMPTED, made.reason, **data)

    def _evidence(self, task: Task, made: Attempt, produced: Produced) -> dict[str, bytes]:
        """The attempt's evidence by path in the ledger's tree; what failed has its rework pack."""
        evidence = {
            evidence_path(task.id, made.revision, made.attempt, name): data
            for name, data in produced.evidence.items()
        }
        if made.outcome == "discarded":
            evidence |= rework_evidence(self.claim.plan_id, task, made)
        return evidence

    def _fail(self, reason: Reason, detail: str) -> None:
        # A path of this machine is nobody else's business, and no record's.
        detail = detail.replace(str(self.cache), "<cache>")
        said = f"{reason}: {detail}" if detail else str(reason)
        self.mine.append(self.mine.event(TaskEvent.FAILED, said))
        self._say("failed", said)

    def _release(self, why: str) -> None:
        try:
            self.mine.append(self.mine.event(TaskEvent.RELEASED, why))
        except Conflict:
            raise Lost from None
        self._say("released", why)

    def _say(self, what: str, text: str) -> None:
        self._report(Progress(self.claim.task_id, what, text))


def _judgement(made: Attempt, verdict: Verdict) -> Attempt:
    """The attempt with what its verdict says."""
    return replace(
        made,
        outcome="passed" if verdict.passed else "discarded",
        reason=str(verdict.reason),
        detail=verdict.detail[:2000],
        tree=verdict.tree or "",
        findings=tuple(finding_json(f) for f in verdict.findings),
        verifications=tuple(v.as_json() for v in verdict.verifications),
        metric=verdict.metric,
        ended_at=clock.iso(clock.now()),
    )


def _first_finding(made: Attempt) -> str:
    """The first thing that a person would want to know of an attempt that did not pass."""
    if made.outcome == "passed":
        return ""
    for finding in made.findings:
        if finding["severity"] == Severity.BLOCK:
            return f": {finding['path']} {finding['id']}"
    return f": {made.detail}" if made.detail else ""
