"""One try of a held task: whose turn it is, the attempt in a workspace, and the verdict on it."""

from dataclasses import dataclass, replace

from orchestrate.agents.adapter import Adapter
from orchestrate.agents.events import Usage
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.agents.sessions import Session
from orchestrate.agents.sessions import choose as choose_session
from orchestrate.git.types import Oid
from orchestrate.ledger.promotion import branch_tip
from orchestrate.plans.routing import Doer, route
from orchestrate.plans.state import Attempt, PlanState, TaskState
from orchestrate.policy.config import AgentConfig
from orchestrate.runner import clock
from orchestrate.runner.active_task import active_task, refused_commands
from orchestrate.runner.attempt import Assignment, Produced, attempt, keep_candidate
from orchestrate.runner.breaker import Breakers
from orchestrate.runner.choosing import Chosen, choose
from orchestrate.runner.gatekeeper import task_profile
from orchestrate.runner.gates import measure
from orchestrate.runner.held import Held
from orchestrate.runner.judging import Bench, Candidate, gate_context
from orchestrate.runner.landing import stored_candidate
from orchestrate.runner.limits import attempt_limits
from orchestrate.runner.measured import best_kept, keeps_looking
from orchestrate.runner.packs import step_pack
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.review import reviewed
from orchestrate.runner.salvage import SALVAGED, judge_or_salvage
from orchestrate.runner.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Tried:
    """What a try came to; no verdict where there is no tree to judge."""

    chosen: Chosen
    started: int  # seconds since the epoch
    produced: Produced
    verdict: Verdict | None = None
    baseline: float | None = None  # the metric's value on the base


def try_once(held: Held, state: PlanState, agents: list[AgentConfig]) -> Tried:
    """One attempt by the agent whose turn it is, judged.

    Raises:
        AllRest: the breaker holds every agent back.
        OrchestrateError: the workspace could not be made, or the agent cannot run here.
    """
    started = clock.now()
    if route(held.task).doer is Doer.COMMAND:
        return _tried_in_place(held, state, Chosen(agents[0]), started)
    breakers = Breakers(held.repo.common_dir)
    chosen = choose(agents, state.tasks[held.task.id], breakers)
    for name, why in chosen.passed_over:
        held.say("passed over", f"{name}: {why}")
    reason = Reason.CANCELLED
    try:
        tried = _tried_in_place(held, state, chosen, started)
        reason = tried.produced.reason
    finally:
        breakers.leave(chosen.agent.name, reason, clock.now())
    return tried


def _tried_in_place(held: Held, state: PlanState, chosen: Chosen, started: int) -> Tried:
    """The try in a workspace of its own, which goes afterwards or is kept on request."""
    # One path for all tries of a claim: tools find their sessions by the folder they ran in.
    name = f"{held.claim.plan_id}/{held.task.id}-{held.claim.generation}"
    adapter = adapter_for(chosen.agent.name, chosen.agent)
    held.say("attempt", f"{state.tasks[held.task.id].number} with {adapter.name}")
    place = AttemptPlace.make(held.cache, name, held.claim.owner)
    try:
        return _tried(held, state, adapter, chosen, started, place)
    finally:
        if held.claim.keep_workspaces:
            place.keep()
            held.say("kept", str(place.folder))
        else:
            place.remove()


def _tried(
    held: Held,
    state: PlanState,
    adapter: Adapter,
    chosen: Chosen,
    started: int,
    place: AttemptPlace,
) -> Tried:
    now = state.tasks[held.task.id]
    bench = held.bench(place, state)
    baseline = _baseline(held, now, bench, branch_tip(held.repo, state))
    best = best_kept(now, held.task)
    bench = replace(bench, to_beat=best.metric if best else baseline)
    session = _session(held, now, chosen.agent, adapter)
    measured = state.with_task(replace(now, metric_baseline=baseline))
    assignment = _assignment(held, measured, best, session)
    produced = attempt(held.repo, assignment, adapter, place, bench, held.cancel, clock.now())
    if produced.noticed:
        held.say("noticed", f"changed in your repository meanwhile: {', '.join(produced.noticed)}")
    if produced.candidate is None or held.cancel.is_set():
        return Tried(chosen, started, produced, None, baseline)
    held.say("judging", now.number)
    candidate, verdict = _judged(held, produced, produced.candidate, assignment, bench)
    return Tried(chosen, started, replace(produced, candidate=candidate), verdict, baseline)


def _judged(
    held: Held, produced: Produced, candidate: Candidate, assignment: Assignment, bench: Bench
) -> tuple[Candidate, Verdict]:
    """The candidate that counts, salvaged or whole, and its verdict after review by rule."""
    repo = held.repo

    def keep(tree: Oid) -> Oid:
        return keep_candidate(repo, assignment, tree, clock.now(), SALVAGED)

    tip = branch_tip(repo, held.ledger.load().state)
    kept, verdict = judge_or_salvage(candidate, tip, bench, keep)
    profile = task_profile(bench.task, bench.policy)

    def has(path: str) -> bool:
        return verdict.tree is not None and repo.entry(verdict.tree, path) is not None

    return kept, reviewed(verdict, bench.task, profile, produced.result, has)


def _baseline(held: Held, now: TaskState, bench: Bench, tip: Oid) -> float | None:
    """The metric's value on the base; measured before the first attempt, then read."""
    if now.metric_baseline is not None or not keeps_looking(held.task):
        return now.metric_baseline
    assert held.task.metric is not None
    with bench.pool.use(held.repo.tree_of(tip)) as checkout:
        run, value = measure(held.task.metric, gate_context(checkout, bench))
    held.say("baseline", f"{value:g}" if value is not None else f"`{run.command}` gave no number")
    return value


def _assignment(
    held: Held, state: PlanState, best: Attempt | None, session: Session | None
) -> Assignment:
    repo, policy, task = held.repo, held.policy, held.task
    now, limits = state.tasks[task.id], policy.config.limits
    kept = stored_candidate(repo, best) if best else None
    base = kept.base if kept else branch_tip(repo, state)
    paths = [e.path for e in repo.walk_tree(repo.tree_of(base))]
    pack = step_pack(
        state, task.id, policy, base=base, paths=paths, best=best.metric if best else None
    )
    return Assignment(
        plan_id=held.claim.plan_id,
        task_id=task.id,
        revision=now.revision,
        attempt=now.attempt,
        start=kept.commit if kept else base,
        base=base,
        pack=pack,
        active=active_task(held.claim.plan_id, task, policy, allow_protected=state.is_approved),
        limits=attempt_limits(limits, task),
        max_turns=limits.max_turns,
        max_cost_usd=limits.max_cost_usd,
        max_repeats=limits.max_repeats,
        session=session,
        sparse=task.scope if policy.config.workspace.sparse else None,
        refused_commands=refused_commands(policy),
    )


def _session(held: Held, now: TaskState, agent: AgentConfig, adapter: Adapter) -> Session | None:
    """The conversation to go on with: the last attempt's of this claim, as configured."""
    last = now.attempts[-1] if now.attempts else None
    if last is None or not last.session or last.generation != held.claim.generation:
        return None
    usage = Usage(**last.session_usage)
    found = Session(last.agent, held.claim.plan_id, now.id, last.session, usage)
    resumable = adapter.probe().capabilities.resume
    return choose_session(agent.session, resumable=resumable, agent=agent.name, last=found)
