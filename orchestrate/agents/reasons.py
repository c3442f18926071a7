"""Why an attempt, a verdict or an agent ended as it did: the one table of reason codes.

A code is a short word that stays the same in records, messages and docs (docs/agents.md lists this
table; a test compares them). `PASS_ALL_CRITERIA` is the only code that passes; whatever has no code
of its own here is not a pass either. `who` says who must act next, `retry` whether the same work
may be tried again without a person.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Actor(StrEnum):
    """Who must act: nobody, the agent (by rework), the tool's owner, a person, the runner."""

    NOBODY = "nobody"
    AGENT = "agent"
    TOOL = "tool"
    PERSON = "person"
    RUNNER = "runner"


class Reason(StrEnum):
    """A reason code; its meaning stands in `REASONS`."""

    PASS_ALL_CRITERIA = "PASS_ALL_CRITERIA"
    ENDED = "ENDED"
    # the work
    AC_NOT_MET = "AC_NOT_MET"
    COMMAND_FAILED = "COMMAND_FAILED"
    CHECKS_FAILED = "CHECKS_FAILED"
    GATE_FAILED = "GATE_FAILED"
    GATE_NOT_RUN = "GATE_NOT_RUN"
    METRIC_NOT_BETTER = "METRIC_NOT_BETTER"
    METRIC_UNREADABLE = "METRIC_UNREADABLE"
    NO_CHANGES = "NO_CHANGES"
    NO_PROGRESS = "NO_PROGRESS"
    OUTPUT_LOOP = "OUTPUT_LOOP"
    AGENT_GAVE_UP = "AGENT_GAVE_UP"
    RESULT_BLOCK_BROKEN = "RESULT_BLOCK_BROKEN"
    EVIDENCE_MISSING = "EVIDENCE_MISSING"
    REVIEW_REJECTED = "REVIEW_REJECTED"
    REVIEW_UNREADABLE = "REVIEW_UNREADABLE"
    MERGE_CONFLICT = "MERGE_CONFLICT"
    WORKSPACE_LOST = "WORKSPACE_LOST"
    ATTEMPTS_EXHAUSTED = "ATTEMPTS_EXHAUSTED"
    # limits
    TIMEOUT = "TIMEOUT"
    NO_OUTPUT = "NO_OUTPUT"
    AGENT_STALLED = "AGENT_STALLED"
    OUTPUT_LIMIT = "OUTPUT_LIMIT"
    MEMORY_LIMIT = "MEMORY_LIMIT"
    WORKSPACE_LIMIT = "WORKSPACE_LIMIT"
    TURN_LIMIT = "TURN_LIMIT"
    COST_LIMIT = "COST_LIMIT"
    # the tool
    AGENT_NOT_FOUND = "AGENT_NOT_FOUND"
    AGENT_NOT_RUNNABLE = "AGENT_NOT_RUNNABLE"
    AGENT_FAILED = "AGENT_FAILED"
    AGENT_AUTH = "AGENT_AUTH"
    AGENT_OVERLOADED = "AGENT_OVERLOADED"
    SPAWN_TIMEOUT = "SPAWN_TIMEOUT"
    HOOKS_SILENT = "HOOKS_SILENT"
    GIT_HOOKS_SILENT = "GIT_HOOKS_SILENT"
    SANDBOX_MISSING = "SANDBOX_MISSING"
    SESSION_UNKNOWN = "SESSION_UNKNOWN"
    SESSION_FOREIGN = "SESSION_FOREIGN"
    CIRCUIT_OPEN = "CIRCUIT_OPEN"
    # the machine and people
    DISK_FULL = "DISK_FULL"
    TIP_MOVED = "TIP_MOVED"
    RUNNER_LOST = "RUNNER_LOST"
    CANCELLED = "CANCELLED"


class Meaning(NamedTuple):
    """What a code says, who acts on it, and whether a retry may follow by itself."""

    text: str
    who: Actor
    retry: bool


REASONS: Mapping[Reason, Meaning] = MappingProxyType(
    {
        Reason.PASS_ALL_CRITERIA: Meaning(
            "every criterion, check and gate passed on the judged tree", Actor.NOBODY, False
        ),
        Reason.ENDED: Meaning(
            "the agent ended by itself; its tree is judged next", Actor.RUNNER, False
        ),
        Reason.AC_NOT_MET: Meaning(
            "the command of an acceptance criterion did not exit 0", Actor.AGENT, True
        ),
        Reason.COMMAND_FAILED: Meaning(
            "a command that must succeed did not exit 0", Actor.AGENT, True
        ),
        Reason.CHECKS_FAILED: Meaning(
            "a check refused the change; its findings say why", Actor.AGENT, True
        ),
        Reason.GATE_FAILED: Meaning("a gate ran and did not pass", Actor.AGENT, True),
        Reason.GATE_NOT_RUN: Meaning(
            "a gate was skipped, missing or stale, which is not a pass", Actor.PERSON, False
        ),
        Reason.METRIC_NOT_BETTER: Meaning(
            "the metric did not get better by its min_delta", Actor.AGENT, True
        ),
        Reason.METRIC_UNREADABLE: Meaning(
            "the metric command failed or printed no number", Actor.AGENT, True
        ),
        Reason.NO_CHANGES: Meaning("the attempt left the tree as it found it", Actor.AGENT, True),
        Reason.NO_PROGRESS: Meaning(
            "two attempts in a row brought nothing new: no new tree, or no fewer open issues",
            Actor.PERSON,
            False,
        ),
        Reason.OUTPUT_LOOP: Meaning(
            "the agent said the same thing three times and was ended", Actor.AGENT, True
        ),
        Reason.AGENT_GAVE_UP: Meaning(
            "the agent's own result says that it could not do the task", Actor.PERSON, True
        ),
        Reason.RESULT_BLOCK_BROKEN: Meaning(
            "the result block is cut, not JSON, or not of its schema", Actor.AGENT, True
        ),
        Reason.EVIDENCE_MISSING: Meaning(
            "evidence that the task asks for is absent or from another tree", Actor.AGENT, True
        ),
        Reason.REVIEW_REJECTED: Meaning("a reviewer sent the work back", Actor.AGENT, True),
        Reason.REVIEW_UNREADABLE: Meaning(
            "the reviewer's verdict does not parse, which is not a pass", Actor.TOOL, True
        ),
        Reason.MERGE_CONFLICT: Meaning(
            "the candidate does not merge onto the plan branch", Actor.AGENT, True
        ),
        Reason.WORKSPACE_LOST: Meaning(
            "the agent removed its workspace, so there is nothing to judge", Actor.AGENT, True
        ),
        Reason.ATTEMPTS_EXHAUSTED: Meaning(
            "max_attempts attempts were made and none passed", Actor.PERSON, False
        ),
        Reason.TIMEOUT: Meaning("limits.max_runtime_sec was reached", Actor.AGENT, True),
        Reason.NO_OUTPUT: Meaning(
            "nothing was printed for limits.max_silence_sec", Actor.AGENT, True
        ),
        Reason.AGENT_STALLED: Meaning(
            "no sign of life for limits.heartbeat_sec: stopped, or asleep with nothing to wake it",
            Actor.AGENT,
            True,
        ),
        Reason.OUTPUT_LIMIT: Meaning(
            "more than limits.max_output_mb was printed", Actor.AGENT, True
        ),
        Reason.MEMORY_LIMIT: Meaning(
            "the process tree held more than limits.max_memory_mb", Actor.AGENT, True
        ),
        Reason.WORKSPACE_LIMIT: Meaning(
            "the workspace grew over limits.max_workspace_mb", Actor.AGENT, True
        ),
        Reason.TURN_LIMIT: Meaning("limits.max_turns was reached", Actor.AGENT, True),
        Reason.COST_LIMIT: Meaning("limits.max_cost_usd was reached", Actor.PERSON, False),
        Reason.AGENT_NOT_FOUND: Meaning("the agent's executable is not there", Actor.TOOL, False),
        Reason.AGENT_NOT_RUNNABLE: Meaning(
            "the agent is there but does not start or lacks what the task needs",
            Actor.TOOL,
            False,
        ),
        Reason.AGENT_FAILED: Meaning(
            "the tool itself broke: a crash, an error of its own, no usable end", Actor.TOOL, True
        ),
        Reason.AGENT_AUTH: Meaning(
            "the model's service refused the credentials", Actor.PERSON, False
        ),
        Reason.AGENT_OVERLOADED: Meaning(
            "the model's service was overloaded or limits the rate", Actor.TOOL, True
        ),
        Reason.SPAWN_TIMEOUT: Meaning(
            "the process did not start within its 15 seconds", Actor.TOOL, True
        ),
        Reason.HOOKS_SILENT: Meaning(
            "a hook that must fire did not when it was probed; the run was not started",
            Actor.TOOL,
            False,
        ),
        Reason.GIT_HOOKS_SILENT: Meaning(
            "git does not fire the workspace's hooks as the agent would run it; it was not started",
            Actor.PERSON,
            False,
        ),
        Reason.SANDBOX_MISSING: Meaning(
            "the sandbox that the configuration asks for does not work here", Actor.PERSON, False
        ),
        Reason.SESSION_UNKNOWN: Meaning(
            "the session to resume does not exist for the tool", Actor.RUNNER, False
        ),
        Reason.SESSION_FOREIGN: Meaning(
            "the session belongs to another task or another tool", Actor.RUNNER, False
        ),
        Reason.CIRCUIT_OPEN: Meaning(
            "the agent failed three times in a row and rests", Actor.TOOL, True
        ),
        Reason.DISK_FULL: Meaning("the disk is full", Actor.PERSON, True),
        Reason.TIP_MOVED: Meaning(
            "the plan branch moved; the work is rebuilt on the new tip", Actor.RUNNER, True
        ),
        Reason.RUNNER_LOST: Meaning(
            "the runner ended in mid-attempt; the next run takes the task up", Actor.RUNNER, True
        ),
        Reason.CANCELLED: Meaning("a person or the runner cancelled it", Actor.NOBODY, False),
    }
)

# Failures of the tool, not of the work: they count for the circuit breaker and for the fallback.
TOOL_FAILURES = frozenset(reason for reason, m in REASONS.items() if m.who is Actor.TOOL) | {
    Reason.AGENT_AUTH
}
