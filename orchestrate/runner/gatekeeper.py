"""Brings a gate profile's verdict on a tree about: a stored pass, or a run in a clean checkout."""

import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrate.agents.environment import allowed
from orchestrate.errors import InvalidInput
from orchestrate.git.checkout import CheckoutPool
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.plans.model import Task
from orchestrate.policy.config import GateStep
from orchestrate.policy.policy import Policy
from orchestrate.runner import clock
from orchestrate.runner.gates import GateContext
from orchestrate.runner.owner import this_owner
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.profiles import ProfileRun, key_of, run_steps
from orchestrate.runner.reuse import Stored, VerdictStore


@dataclass(frozen=True, slots=True)
class Gatekeeper:
    """What running a profile needs; `again` runs it although a pass is stored."""

    repo: Repository
    policy: Policy
    pool: CheckoutPool
    scratch: Path
    environment: Mapping[str, str]
    cancel: threading.Event | None = None
    again: bool = False

    def verdict(self, profile: str, tree: Oid) -> ProfileRun:
        """The profile's verdict on the tree.

        Raises:
            InvalidInput: the policy has no such profile.
        """
        steps = steps_of(self.policy, profile)
        stored = self.stored(profile, tree).run
        if stored is not None and stored.passed and not self.again:
            return replace(stored, reused=True)
        timeout = self.policy.config.limits.gate_timeout_sec
        with self.pool.use(tree) as checkout:
            where = GateContext(checkout, self.scratch, self.environment, timeout, self.cancel)
            ran = run_steps(steps, where)
        key = _key(self.policy, profile, tree)
        run = ProfileRun(profile, tree, self.policy.id, key, clock.iso(clock.now()), ran)
        if self.cancel is None or not self.cancel.is_set():
            VerdictStore(self.repo.common_dir).keep(run)
        return run

    def stored(self, profile: str, tree: Oid) -> Stored:
        """What is known of the profile on the tree without running it.

        Raises:
            InvalidInput: the policy has no such profile.
        """
        return stored_verdict(self.repo, self.policy, profile, tree)


def stored_verdict(repo: Repository, policy: Policy, profile: str, tree: Oid) -> Stored:
    """What is known of the profile on the tree without running it.

    Raises:
        InvalidInput: the policy has no such profile.
    """
    return VerdictStore(repo.common_dir).find(profile, _key(policy, profile, tree))


def run_gate(
    repo: Repository,
    policy: Policy,
    cache: Path,
    profile: str,
    tree: Oid,
    *,
    cancel: threading.Event | None = None,
    again: bool = False,
) -> ProfileRun:
    """The profile's verdict on a tree that belongs to no attempt: for people, and for a merge.

    Raises:
        InvalidInput: the policy has no such profile.
    """
    place = AttemptPlace.make(cache, f"gates/{profile}-{os.getpid()}", this_owner())
    try:
        pool = CheckoutPool(repo, cache / "checkouts")
        keeper = Gatekeeper(
            repo, policy, pool, place.scratch, allowed(os.environ), cancel, again=again
        )
        return keeper.verdict(profile, tree)
    finally:
        place.remove()


def steps_of(policy: Policy, profile: str) -> tuple[GateStep, ...]:
    """The profile's steps.

    Raises:
        InvalidInput: the policy has no such profile.
    """
    profiles = policy.config.gates.profiles
    if profile not in profiles:
        known = ", ".join(profiles) or "none"
        raise InvalidInput(
            f"there is no gate profile '{profile}' in .orchestrate/config.yaml",
            hint=f"configured: {known}",
        )
    return profiles[profile]


def task_profile(task: Task, policy: Policy) -> str:
    """The profile that the task's result must pass before it lands, "" when there is none."""
    return task.gate_profile or policy.config.gates.task or ""


def _key(policy: Policy, profile: str, tree: Oid) -> str:
    timeout = policy.config.limits.gate_timeout_sec
    return key_of(profile, steps_of(policy, profile), tree, policy.id, timeout)
