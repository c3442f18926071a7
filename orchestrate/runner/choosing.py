"""Which agent makes the next attempt: the configured one, or the next that may stand in for it.

The order is the agent's own, then its `fallback`. An agent that failed as a tool in this revision
of the task is passed over while another one is left, one whose circuit is open always. Who was
passed over and why stands in the attempt.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrate.agents.reasons import REASONS, TOOL_FAILURES, Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.errors import OrchestrateError, Unsupported
from orchestrate.plans.model import Task
from orchestrate.plans.routing import Doer, route
from orchestrate.plans.state import Attempt, TaskState
from orchestrate.policy.config import AgentConfig
from orchestrate.policy.policy import Policy
from orchestrate.runner import clock
from orchestrate.runner.breaker import Breakers
from orchestrate.runner.project import Project, agent_config, command_agent


class Chosen(NamedTuple):
    """The agent for an attempt; `passed_over` are those before it, each with its reason code."""

    agent: AgentConfig
    passed_over: tuple[tuple[str, str], ...] = ()


class AllRest(OrchestrateError):
    """No agent that may do the task can be started before `until` (seconds since the epoch)."""

    def __init__(self, names: Sequence[str], until: int) -> None:
        super().__init__(
            f"no agent can be started: {', '.join(names)}; "
            f"the next may be tried at {clock.iso(until)}",
            hint="then: orchestrate run; or allow another agent by agents.<name>.fallback",
        )
        self.until = until


def agents_for(policy: Policy, names: Sequence[str], folder: Path) -> list[AgentConfig]:
    """The agent that the names choose, then the ones that its `fallback` allows, in order.

    Raises:
        InvalidInput: none is named, or the configuration has no agent of that name.
    """
    first = agent_config(policy, list(names), folder)
    others = [name for name in dict.fromkeys(first.fallback) if name != first.name]
    return [first, *(agent_config(policy, [name], folder) for name in others)]


def agents_of(project: Project, policy: Policy, task: Task) -> list[AgentConfig]:
    """The agents that may do the task, in order; a command of the plan's own is one too.

    Raises:
        InvalidInput: no agent is chosen, or the configuration has none of that name.
    """
    if route(task).doer is Doer.COMMAND:
        return [command_agent(task)]
    return agents_for(policy, [project.agent, task.agent], project.path)


def refuse_missing(task: Task, agents: Sequence[AgentConfig]) -> None:
    """Accept agents of which one at least can be found here.

    Raises:
        Unsupported: none is installed, so that the task would fail, and its plan with it.
    """
    why = [adapter_for(agent.name, agent).missing() for agent in agents if not _is_of_tree(agent)]
    if all(why) and len(why) == len(agents):
        raise Unsupported(
            f"no agent for the task {task.id} is installed: {'; '.join(why)}",
            hint="orchestrate agents says what is; another one: orchestrate run --agent NAME",
        )


def _is_of_tree(agent: AgentConfig) -> bool:
    """Whether its program stands in the repository: the workspace to look in is not there yet."""
    program = agent.command[0] if agent.command else ""
    return "/" in program and not program.startswith("/")


def choose(agents: Sequence[AgentConfig], now: TaskState, breakers: Breakers) -> Chosen:
    """The agent for the next attempt; its breaker takes the attempt as begun.

    Raises:
        AllRest: every agent that is left has an open circuit.
    """
    failed = tool_failures(now)
    left = [agent for agent in agents if agent.name not in failed]
    over = [(name, str(reason)) for name, reason in failed.items() if left]
    until = 0
    # With every one of them failed, the last goes on: its failure is one that may pass.
    for agent in left or agents[-1:]:
        rest = breakers.enter(agent.name, clock.now())
        if not rest:
            return Chosen(agent, tuple(over))
        over.append((agent.name, str(Reason.CIRCUIT_OPEN)))
        until = min(until or rest, rest)
    raise AllRest([name for name, _ in over], until)


def tool_failures(now: TaskState) -> dict[str, Reason]:
    """The agents that failed as tools in this revision, each with its last such reason."""
    return {
        a.agent: Reason(a.reason)
        for a in now.attempts
        if a.revision == now.revision and a.reason in TOOL_FAILURES
    }


def may_go_on(made: Attempt, agents: Sequence[AgentConfig], now: TaskState) -> bool:
    """Whether another attempt may follow this one without a person.

    `now` is the state with the attempt. A tool that failed for good does not end the task while
    another agent may stand in.
    """
    reason = Reason(made.reason)
    if reason in TOOL_FAILURES and any(a.name not in tool_failures(now) for a in agents):
        return True
    return REASONS[reason].retry


def tries_left(now: TaskState, most: int, agents: Sequence[AgentConfig]) -> bool:
    """Whether the task may be tried once more.

    A tool's failure does not use up the work's `most` tries while another agent stands in.
    """
    failed = tool_failures(now)
    spent = [a for a in now.attempts if a.revision == now.revision]
    own = [a for a in spent if a.reason not in TOOL_FAILURES]
    if all(agent.name in failed for agent in agents):
        return len(spent) < most * len(agents)
    return len(own) < most
