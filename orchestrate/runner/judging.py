"""Judges one candidate: checks, merge onto the tip, commands and gates on exactly that tree."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrate.agents.reasons import Reason
from orchestrate.checks.change import between
from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.search import Search
from orchestrate.checks.task_rules import TaskRules
from orchestrate.git.checkout import CheckoutPool
from orchestrate.git.merges import MergeResult
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.hooks.compiling import joint_search
from orchestrate.plans.model import Direction, Task
from orchestrate.plans.routing import is_measured
from orchestrate.policy.policy import Policy
from orchestrate.runner.gatekeeper import Gatekeeper, task_profile
from orchestrate.runner.gates import (
    CommandRun,
    GateContext,
    Verification,
    is_better,
    measure,
    run_criteria,
)
from orchestrate.runner.profiles import as_verifications
from orchestrate.runner.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Candidate:
    """What an attempt produced: a commit whose parent is the tip it was made on."""

    commit: Oid
    tree: Oid
    base: Oid


@dataclass(frozen=True, slots=True)
class Bench:
    """What judging needs beside the candidate."""

    repo: Repository
    policy: Policy
    rules: TaskRules
    task: Task
    pool: CheckoutPool
    scratch: Path
    environment: Mapping[str, str]
    cancel: threading.Event | None = None
    # With a metric: the value a candidate has to beat.
    to_beat: float | None = None

    def search(self) -> Search:
        """The policy's compiled search, this thread's own: hyperscan scans for one at a time."""
        kept: dict[str, Search] = _OF_THREAD.__dict__.setdefault("searches", {})
        if self.policy.id not in kept:
            kept.clear()  # one policy a plan
            kept[self.policy.id] = joint_search(self.policy)[0]
        return kept[self.policy.id]


_OF_THREAD = threading.local()


def secrets_in(repo: Repository, base: Oid, tree: Oid, bench: Bench) -> tuple[Finding, ...]:
    """The secrets that a tree would bring, as blocking findings; `repo` sees both trees."""
    change = between(repo, repo.tree_of(base), tree)
    only = frozenset({"secrets"})
    found = run_checks(change, bench.policy, bench.rules, only=only, search=bench.search())
    return tuple(f for f in found if f.severity is Severity.BLOCK)


def judge(candidate: Candidate, tip: Oid, bench: Bench) -> Verdict:
    """The verdict on a candidate as it would land on `tip`."""
    repo, policy = bench.repo, bench.policy
    change = between(repo, repo.tree_of(candidate.base), candidate.tree)
    findings = tuple(run_checks(change, policy, bench.rules, search=bench.search()))
    blocked = Verdict(Reason.CHECKS_FAILED, tip, None, policy.id, findings)
    if any(f.severity is Severity.BLOCK for f in findings):
        return blocked
    if not change.entries and not is_measured(bench.task):
        detail = "the tree is as it was, and no command says whether the task is done"
        return replace(blocked, reason=Reason.NO_CHANGES, detail=detail)
    return _merged(candidate, tip, bench, findings)


def _merged(candidate: Candidate, tip: Oid, bench: Bench, findings: tuple[Finding, ...]) -> Verdict:
    if tip == candidate.base:
        merge = MergeResult(candidate.tree, ())
    else:
        merge = bench.repo.merge(tip, candidate.commit)
    verdict = Verdict(Reason.MERGE_CONFLICT, tip, merge.tree, bench.policy.id, findings)
    if merge.tree is None:
        said = f"conflicts with the plan branch in {_listed(merge.conflicts)}"
        return replace(verdict, detail=said)
    return _profiled(_gated(verdict, merge.tree, bench), merge.tree, bench)


def _listed(paths: Sequence[str], most: int = 10) -> str:
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    return ", ".join(paths[:most]) + more


def _gated(verdict: Verdict, tree: Oid, bench: Bench) -> Verdict:
    """The verdict after the task's commands ran on exactly the tree that would land."""
    task = bench.task
    if not is_measured(task):
        return replace(verdict, reason=Reason.PASS_ALL_CRITERIA)
    with bench.pool.use(tree) as checkout:
        where = gate_context(checkout, bench)
        verifications = tuple(run_criteria(task.criteria, where))
        verdict = replace(verdict, verifications=verifications)
        if not all(v.run.passed for v in verifications):
            return replace(verdict, reason=Reason.AC_NOT_MET)
        if task.metric is None:
            return replace(verdict, reason=Reason.PASS_ALL_CRITERIA)
        run, value = measure(task.metric, where)
    return _measured(verdict, run, value, bench)


def _profiled(verdict: Verdict, tree: Oid, bench: Bench) -> Verdict:
    """The verdict after the task's gate profile, which only what passed so far is put through."""
    name = task_profile(bench.task, bench.policy)
    if not verdict.passed or not name:
        return verdict
    if name not in bench.policy.config.gates.profiles:
        said = f"the configuration has no gate profile '{name}'"
        return replace(verdict, reason=Reason.GATE_NOT_RUN, detail=said)
    keeper = Gatekeeper(
        bench.repo, bench.policy, bench.pool, bench.scratch, bench.environment, bench.cancel
    )
    ran = keeper.verdict(name, tree)
    shown = (*verdict.verifications, *as_verifications(ran))
    return replace(verdict, reason=ran.reason, verifications=shown, detail=ran.summary)


def gate_context(checkout: Path, bench: Bench) -> GateContext:
    """Where the runner's commands run."""
    timeout = bench.policy.config.limits.gate_timeout_sec
    return GateContext(checkout, bench.scratch, bench.environment, timeout, bench.cancel)


def _measured(verdict: Verdict, run: CommandRun, value: float | None, bench: Bench) -> Verdict:
    metric = bench.task.metric
    assert metric is not None
    shown = Verification(f"metric ({metric.direction})", run)
    verdict = replace(verdict, metric=value, verifications=(*verdict.verifications, shown))
    if value is None:
        failed = metric.direction is Direction.EXIT
        reason = Reason.COMMAND_FAILED if failed else Reason.METRIC_UNREADABLE
        return replace(verdict, reason=reason, detail=f"`{run.command}` ended as {run.ended}")
    if not is_better(metric, value, bench.to_beat):
        detail = f"measured {value:g}; to beat: {bench.to_beat:g} ({metric.direction})"
        return replace(verdict, reason=Reason.METRIC_NOT_BETTER, detail=detail)
    return replace(verdict, reason=Reason.PASS_ALL_CRITERIA)
