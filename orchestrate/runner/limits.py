"""The limits of one attempt: the policy's, and the task's own budget where that is tighter."""

from orchestrate.agents.process import ProcessLimits
from orchestrate.plans.model import Task
from orchestrate.policy.config import Config, Limits

# How much longer a claim is held than its attempt may run: checks and gates come after it.
LEASE_MARGIN_SEC = 300


def attempt_limits(limits: Limits, task: Task) -> ProcessLimits:
    """What ends the agent's process."""
    runtime = limits.max_runtime_sec
    if task.budget_minutes is not None:
        runtime = min(runtime, task.budget_minutes * 60)
    return ProcessLimits(
        max_runtime_sec=runtime,
        max_silence_sec=limits.max_silence_sec,
        heartbeat_sec=limits.heartbeat_sec,
        max_output_mb=limits.max_output_mb,
        max_memory_mb=limits.max_memory_mb,
        max_workspace_mb=limits.max_workspace_mb,
        grace_sec=limits.kill_grace_sec,
        spawn_sec=limits.spawn_timeout_sec,
    )


def lease_seconds(config: Config, task: Task) -> int:
    """How long a claim of the task holds without a word from its owner.

    It covers one attempt: the agent, each of the runner's own commands at its longest, and an
    agent's review, which may be asked for twice.
    """
    limits = config.limits
    runtime = attempt_limits(limits, task).max_runtime_sec or limits.max_runtime_sec
    gates = limits.gate_timeout_sec * (1 + sum(c.verify is not None for c in task.criteria))
    profile = config.gates.profiles.get(task.gate_profile or config.gates.task or "", ())
    gates += sum(step.timeout_sec or limits.gate_timeout_sec for step in profile)
    reviews = 2 if task.review.get("agent") or config.review.agent else 0
    return int((1 + reviews) * runtime + gates + LEASE_MARGIN_SEC)
