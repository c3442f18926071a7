"""Builds the StepPack of an attempt from the plan, the policy and what failed before."""

from collections.abc import Iterable
from typing import Any

from orchestrate.agents.pack import (
    PackCommand,
    PackCriterion,
    PackHarness,
    PackLimits,
    PackMetric,
    PackRole,
    PackRule,
    PackScope,
    StepPack,
)
from orchestrate.git.repository import Repository
from orchestrate.ledger.promotion import branch_tip
from orchestrate.plans.model import Command, Task
from orchestrate.plans.state import Attempt, PlanState, TaskState
from orchestrate.policy.policy import Policy
from orchestrate.policy.rules import matching
from orchestrate.runner.gates import shown
from orchestrate.runner.limits import attempt_limits
from orchestrate.runner.measured import best_kept
from orchestrate.runner.project import policy_at
from orchestrate.runner.rework import as_failure, rework_pack

# From this try on the agent is asked for a fundamentally different approach (prior art A1.7).
ANOTHER_APPROACH_FROM = 3
_APPROACH = (
    "The earlier attempts did not pass. Do not refine them: find a fundamentally different way "
    "to meet the criteria."
)


def step_pack(
    state: PlanState,
    task_id: str,
    policy: Policy,
    *,
    base: str,
    paths: Iterable[str] = (),
    best: float | None = None,
) -> StepPack:
    """The pack of the task's next attempt.

    `paths` are the repository's files, by which rules are chosen; `best` is the best measured
    value kept so far.
    """
    task, now = state.plan.task(task_id), state.tasks[task_id]
    return StepPack(
        plan=state.plan.id,
        task=task.id,
        title=task.title,
        attempt=now.number,
        objective=task.description or task.title,
        context=state.plan.context,
        base=base,
        policy=policy.id,
        criteria=pack_criteria(task),
        commands=_commands(task),
        scope=_scope(state, task, policy),
        rules=tuple(
            PackRule(r.id, str(r.tier), r.priority, r.text) for r in _rules(policy, task, paths)
        ),
        harness=_harness(policy),
        role=pack_role(policy, task.role),
        metric=_metric(task, now, best),
        limits=_limits(policy, task),
        required_outputs=tuple(_required(policy, task)),
        failures=tuple(
            as_failure(rework_pack(state.plan.id, task, a, now.reviews), a) for a in _earlier(now)
        ),
        approach=_APPROACH if now.attempt + 1 >= ANOTHER_APPROACH_FROM else "",
        rules_budget=policy.config.limits.max_rules_chars,
    )


def next_pack(repo: Repository, state: PlanState, task_id: str) -> StepPack:
    """The pack that the task's next attempt would get now."""
    base = branch_tip(repo, state)
    paths = [entry.path for entry in repo.walk_tree(repo.tree_of(base))]
    best = best_kept(state.tasks[task_id], state.plan.task(task_id))
    policy = policy_at(repo, state.base)
    measured = best.metric if best else None
    return step_pack(state, task_id, policy, base=base, paths=paths, best=measured)


def _scope(state: PlanState, task: Task, policy: Policy) -> PackScope:
    """The same paths that the checks permit (`checks/scope.py`)."""
    role = policy.roles.get(task.role)
    return PackScope(
        task.scope,
        task.deny + (role.deny_paths if role else ()),
        policy.config.protected,
        task.planned_files,
        allow_protected=state.is_approved,
        role=role.scope if role else (),
    )


def pack_criteria(task: Task) -> tuple[PackCriterion, ...]:
    """The task's acceptance criteria, verbatim, with their commands."""
    return tuple(
        PackCriterion(c.text, shown(c.verify) if c.verify is not None else "")
        for c in task.criteria
    )


def _commands(task: Task) -> tuple[PackCommand, ...]:
    def named(command: Command, name: str, purpose: str) -> PackCommand:
        return PackCommand(name, shown(command), purpose)

    return tuple(
        named(c.verify, f"criterion-{place}", c.text)
        for place, c in enumerate(task.criteria, start=1)
        if c.verify is not None
    )


def _rules(policy: Policy, task: Task, paths: Iterable[str]) -> list[Any]:
    return list(matching(policy.rules, list(paths)))


def _harness(policy: Policy) -> tuple[PackHarness, ...]:
    return tuple(
        PackHarness(rule.id, rule.content, tuple(rule.activate_on))
        for rule in policy.harness
        if rule.active and rule.content
    )


def pack_role(policy: Policy, role_id: str) -> PackRole | None:
    """The role as a pack holds it; None when the policy has none of that name."""
    role = policy.roles.get(role_id)
    if role is None:
        return None
    return PackRole(
        role.id,
        role.name,
        role.description,
        tuple(role.responsibilities),
        tuple(role.must_not),
        role.framework.prompt if role.framework else "",
    )


def _metric(task: Task, now: TaskState, best: float | None) -> PackMetric | None:
    if task.metric is None:
        return None
    return PackMetric(
        shown(task.metric.command),
        str(task.metric.direction),
        task.metric.min_delta,
        now.metric_baseline,
        best,
    )


def _limits(policy: Policy, task: Task) -> PackLimits:
    process = attempt_limits(policy.config.limits, task)
    return PackLimits(
        process.max_runtime_sec,
        process.max_silence_sec,
        policy.config.limits.max_turns,
        policy.config.limits.max_cost_usd,
        task.max_attempts or policy.config.limits.max_attempts,
    )


def _required(policy: Policy, task: Task) -> Iterable[str]:
    role = policy.roles.get(task.role)
    yield from (output["description"] for output in task.required_outputs)
    yield from (output.description for output in (role.required_outputs if role else ()))


def _earlier(now: TaskState) -> list[Attempt]:
    """What failed before: this revision's tries, and the last one of the revision before."""
    this = [a for a in now.attempts if a.revision == now.revision]
    before = [a for a in now.attempts if a.revision == now.revision - 1]
    return [*before[-1:], *this]
