"""Runs a plan: a loop over `next_actions`, with a thread for each claimed task.

The loop keeps nothing that matters in memory: what is done, by whom and how far stands in the
ledger. A run that was killed is taken up by the next one, wherever it stopped.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from orchestrate.errors import Conflict
from orchestrate.git.worktrees import worktree_on
from orchestrate.ledger.promotion import branch_tip, close_record, heal_branch
from orchestrate.ledger.store import Decision, Ledger, Loaded
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event
from orchestrate.plans.routing import Doer, route
from orchestrate.plans.schedule import Action, ActionKind, next_actions
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import (
    ENDED,
    OWNED,
    PLAN_ENDED,
    PlanEvent,
    PlanStatus,
    TaskEvent,
    TaskStatus,
)
from orchestrate.runner import clock
from orchestrate.runner.choosing import agents_of, refuse_missing
from orchestrate.runner.claim import Claim, Progress, Report
from orchestrate.runner.gatekeeper import run_gate
from orchestrate.runner.limits import lease_seconds
from orchestrate.runner.owner import dead_owners, this_owner
from orchestrate.runner.places import abandoned
from orchestrate.runner.project import Project, policy_at
from orchestrate.runner.work import work_on

POLL_SEC = 1.0  # how soon a decision made elsewhere (an approval, a cancel) is seen

_PLAN_STEPS: Mapping[ActionKind, PlanEvent] = {
    ActionKind.START_PLAN: PlanEvent.STARTED,
    ActionKind.COMPLETE_PLAN: PlanEvent.COMPLETED,
    ActionKind.FAIL_PLAN: PlanEvent.FAILED,
    ActionKind.ABORT_PLAN: PlanEvent.ABORTED,
}


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How to run."""

    jobs: int = 1
    keep_workspaces: bool = False
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass
class _Running:
    """A task under way in this process."""

    claim: Claim
    future: "Future[int]"


def run_plan(
    project: Project,
    plan_id: str,
    options: RunOptions,
    report: Report,
    executor: Executor | None = None,
) -> PlanState:
    """Run the plan until it ends or only people can move it on, and return its state.

    `options.stop` ends it early: what runs is ended, its tasks are released. `executor` spreads
    the work elsewhere than over threads of this process.

    Raises:
        Conflict: the plan is not approved, or its branch is checked out somewhere.
        InvalidInput: for a task that is left no agent is chosen, or one that is not configured.
        Unsupported: none of the agents that may do it is installed.
    """
    run = _Run(project, plan_id, options, report)
    run.check_ready()
    run.clear_abandoned()
    run.heal()
    with executor or ThreadPoolExecutor(options.jobs, "task") as pool:
        return run.until_idle(pool)


class _Run:
    def __init__(self, project: Project, plan_id: str, options: RunOptions, report: Report) -> None:
        self.project = project
        self.options = options
        self.report = report
        self.repo = project.open()
        self.ledger: Ledger = project.ledger(self.repo, plan_id)
        self.owner = this_owner()
        self.running: dict[str, _Running] = {}
        self.resting: dict[str, int] = {}  # tasks whose agents all rest, and until when

    def check_ready(self) -> None:
        state = self.ledger.load().state
        if state.in_own_tree:
            raise Conflict(
                f"plan {state.plan.id} is a task in a person's own tree: no agent works on it",
                hint="orchestrate finish, in that tree, judges and closes it",
            )
        if state.status is PlanStatus.DRAFT:
            raise Conflict(
                f"plan {state.plan.id} version {state.plan.version} is not approved",
                hint=f"read it, then: orchestrate plan approve {state.plan.id}",
            )
        if state.status is PlanStatus.PAUSED:
            raise Conflict(f"plan {state.plan.id} is paused")
        place = worktree_on(self.repo.common_dir, state.branch)
        if place is not None and state.status not in PLAN_ENDED:
            short = state.branch.removeprefix("refs/heads/")
            raise Conflict(
                f"the plan's branch {short} is checked out in {place}; moving it would make that "
                "tree look changed",
                hint=f"there: git switch --detach, or another branch; afterwards look at {short}",
            )
        if state.status not in PLAN_ENDED:
            self._check_agents(state)

    def _check_agents(self, state: PlanState) -> None:
        """Refuse before anything is claimed what would fail the task and with it the plan."""
        policy = policy_at(self.repo, state.base)
        over = ENDED | {TaskStatus.FAILED}
        for task in state.plan.tasks:
            done_by_agent = route(task).doer is Doer.AGENT
            if done_by_agent and state.tasks[task.id].status not in over:
                refuse_missing(task, agents_of(self.project, policy, task))

    def heal(self) -> None:
        """Bring the branch up to its ledger, where a kill came between the two."""
        if heal_branch(self.ledger, self.ledger.load()):
            self.report(Progress("", "healed", "the branch was behind its ledger"))

    def clear_abandoned(self) -> None:
        """Remove what a killed run left: its workspaces, and agents that outlived it."""
        for place in abandoned(self.project.cache(self.repo)):
            place.remove()

    def until_idle(self, pool: Executor) -> PlanState:
        try:
            while True:
                loaded = self.ledger.load()
                self._end_lost_ones(loaded.state)
                acted = False if self.options.stop.is_set() else self._act(loaded, pool)
                if not self.running and not acted:
                    self._tell_resting()
                    return self.ledger.load().state
                self._collect(0 if acted else POLL_SEC)
        finally:
            self._end_all()

    def _act(self, loaded: Loaded, pool: Executor) -> bool:
        """Do what is to be done now; whether anything was."""
        state = loaded.state
        owners = {t.owner for t in state.tasks.values() if t.status in OWNED} - {self.owner}
        # A claim of this process whose thread has ended, or of an earlier process of this id.
        lost = {t.id for t in state.tasks.values() if t.owner == self.owner} - set(self.running)
        capacity = self.options.jobs - len(self.running)
        dead = dead_owners(owners) | ({self.owner} if lost and not self.running else set())
        actions = next_actions(state, clock.iso(clock.now()), capacity, dead, self.resting.keys())
        done = [self._do(action, loaded, pool) for action in actions]
        return any(done)

    def _do(self, action: Action, loaded: Loaded, pool: Executor) -> bool:
        try:
            if action.kind is ActionKind.CLAIM:
                return self._claim(action.task, pool)
            if action.kind in _PLAN_STEPS:
                self._plan_step(action)
                return True
            kind = TaskEvent.RELEASED if action.kind is ActionKind.RELEASE else TaskEvent.WAITING
            self._append(self._event(kind, action.task, action.reason))
            self.report(Progress(action.task, str(kind), action.reason))
        except Conflict:
            # Another runner, or a person, was quicker: the next look sees what they did.
            return True
        return True

    def _plan_step(self, action: Action) -> None:
        event = self._event(_PLAN_STEPS[action.kind], "", action.reason)
        if action.kind is ActionKind.COMPLETE_PLAN:
            event = self._gated(event)
            if self.options.stop.is_set():
                return  # the gate was ended, which says nothing of the plan
        if event.kind in (PlanEvent.STARTED, PlanEvent.PAUSED):
            self._append(event)
        else:
            subject = f"chore: record how plan {self.ledger.plan_id} ended"
            close_record(self.ledger, [event], subject, at=clock.now())
        self.report(Progress("", str(event.kind), action.reason))

    def _gated(self, completed: Event) -> Event:
        """The completion with the merge profile's verdict; a pause when that is not a pass."""
        loaded = self.ledger.load()
        policy = policy_at(self.repo, loaded.state.base)
        profile = policy.config.gates.merge
        if profile is None:
            return completed
        self.report(Progress("", "gate", profile))
        tree = self.repo.tree_of(branch_tip(self.repo, loaded.state))
        cache = self.project.cache(self.repo)
        ran = run_gate(self.repo, policy, cache, profile, tree, cancel=self.options.stop)
        if ran.passed:
            return replace(
                completed, reason=f"{completed.reason}; {ran.summary}", data={"gate": ran.as_json()}
            )
        said = f"{ran.reason}: {ran.summary}"
        return self._event(PlanEvent.PAUSED, "", said, data={"gate": ran.as_json()})

    def _claim(self, task_id: str, pool: Executor) -> bool:
        state = self.ledger.load().state
        policy = policy_at(self.repo, state.base)
        lease = lease_seconds(policy.config, state.plan.task(task_id))
        data = {"owner": self.owner, "lease_until": clock.iso(clock.now() + lease)}
        loaded = self._append(self._event(TaskEvent.CLAIMED, task_id, data=data))
        claim = Claim(
            self.project,
            self.ledger.plan_id,
            task_id,
            loaded.state.tasks[task_id].generation,
            self.owner,
            self.options.keep_workspaces,
        )
        self.report(Progress(task_id, "claimed", state.plan.task(task_id).title))
        self.running[task_id] = _Running(claim, pool.submit(work_on, claim, self.report))
        return True

    def _end_lost_ones(self, state: PlanState) -> None:
        """End the work on tasks that are not ours any more, and all of it on stop or abort."""
        ended = state.status is not PlanStatus.EXECUTING or self.options.stop.is_set()
        for task_id, running in self.running.items():
            task = state.tasks[task_id]
            ours = task.generation == running.claim.generation and task.status in OWNED
            if ended or not ours:
                running.claim.cancel.set()

    def _collect(self, timeout: float) -> None:
        """Wait for a task to end, and see that none broke."""
        futures = [running.future for running in self.running.values()]
        if not futures:
            return
        done = wait(futures, timeout, FIRST_COMPLETED).done
        for task_id in [t for t, r in self.running.items() if r.future in done]:
            if until := self.running.pop(task_id).future.result():
                self.resting[task_id] = until
            else:
                self.resting.clear()  # an agent may have shown that it works again

    def _tell_resting(self) -> None:
        if self.resting:
            until = clock.iso(min(self.resting.values()))
            names = ", ".join(sorted(self.resting))
            said = f"{names}: left queued, their agents rest; from {until} on: orchestrate run"
            self.report(Progress("", "resting", said))

    def _end_all(self) -> None:
        """Nothing of this run goes on after it, whatever ended it."""
        for running in self.running.values():
            running.claim.cancel.set()
        wait([running.future for running in self.running.values()])

    def _event(
        self, kind: TaskEvent | PlanEvent, task: str, reason: str = "", **more: object
    ) -> Event:
        data = more.get("data", {})
        assert isinstance(data, dict)
        return Event(kind, task, self.owner, clock.iso(clock.now()), reason, data=data)

    def _append(self, event: Event) -> Loaded:
        return self.ledger.append(
            lambda loaded: Decision(decide(loaded.state, event)), at=clock.now()
        )
