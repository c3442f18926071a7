"""Carries one claimed task to its end: tries, verdicts, then promotion, review or failure.

Runs in a thread of its own, with its own repository handle. What it needs between two steps it
reads from the ledger, so it can be killed between any two lines and taken up by another run.
"""

import errno
from dataclasses import replace

from orchestrate.agents.reasons import Reason
from orchestrate.errors import OrchestrateError
from orchestrate.ledger.store import Loaded
from orchestrate.plans.state import TaskState
from orchestrate.plans.states import TaskEvent
from orchestrate.policy.config import AgentConfig
from orchestrate.runner.choosing import AllRest, agents_of, may_go_on, tries_left
from orchestrate.runner.claim import Claim, Lost, Report
from orchestrate.runner.endings import exhausted, land
from orchestrate.runner.held import Claimed, Held
from orchestrate.runner.measured import keeps_looking
from orchestrate.runner.progress import stagnation
from orchestrate.runner.recording import attempt_evidence, attempted, recorded
from orchestrate.runner.trying import try_once

# What git (in the C locale) and the system say of a full disk.
_DISK_FULL = ("No space left on device", "Out of diskspace", "Disk quota exceeded")


def work_on(claim: Claim, report: Report) -> int:
    """Carry the claimed task to its end; every ending stands in the ledger.

    When every agent that may do it rests, the task goes back to the queue, and what comes back is
    when the first of them may be tried again (seconds since the epoch); else 0.
    """
    claimed = Claimed.open(claim, report)
    try:
        loaded = claimed.mine.append(claimed.mine.event(TaskEvent.STARTED))
        _carry_out(Held.of(claimed, loaded.state), loaded)
    except Lost:
        claimed.say("lost", "it was ended or taken over meanwhile; nothing was applied")
    except AllRest as error:
        _rest(claimed, error)
        return error.until
    except OrchestrateError as error:
        full = any(words in str(error) for words in _DISK_FULL)
        _broke(claimed, Reason.DISK_FULL if full else Reason.AGENT_NOT_RUNNABLE, error)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        _broke(claimed, Reason.DISK_FULL, OrchestrateError(str(error)))
    return 0


def _rest(claimed: Claimed, error: AllRest) -> None:
    """The work has not failed, so the task keeps its place and its tries."""
    try:
        claimed.release(f"{Reason.CIRCUIT_OPEN}: {error}")
    except Lost:
        claimed.say("lost", "it was ended meanwhile")


def _broke(claimed: Claimed, reason: Reason, error: OrchestrateError) -> None:
    """What stood in the way was the machine or the set-up, not the work."""
    hint = f" ({error.hint})" if error.hint else ""
    try:
        if claimed.cancel.is_set():
            claimed.release("interrupted")
        else:
            claimed.fail(reason, f"{error}{hint}")
    except Lost:
        claimed.say("lost", "it was ended meanwhile")


def _carry_out(held: Held, loaded: Loaded) -> None:
    """Try until the task lands, is given up or is not ours any more."""
    agents = agents_of(held.claim.project, held.policy, held.task)
    while True:
        now = held.mine.held(loaded)
        if given_up := _given_up(held, now, agents):
            exhausted(held, loaded, given_up)
            return
        tried = try_once(held, loaded.state, agents)
        if tried.produced.reason is Reason.CANCELLED or held.cancel.is_set():
            held.release("interrupted")
            return
        made = recorded(held, now, tried)
        if made.outcome == "passed" and keeps_looking(held.task):
            made = replace(made, outcome="kept")
        elif made.outcome == "passed":
            unlanded = land(held, made, tried)
            if unlanded is None:
                return
            made = unlanded
        loaded = held.mine.append(
            attempted(held, made, tried.baseline), attempt_evidence(held, made, tried.produced)
        )
        if made.outcome != "kept" and not may_go_on(made, agents, loaded.state.tasks[now.id]):
            held.fail(Reason(made.reason), made.detail)
            return


def _given_up(held: Held, now: TaskState, agents: list[AgentConfig]) -> Reason | None:
    """Why there is no further try, None when there is one."""
    most = held.task.max_attempts or held.policy.config.limits.max_attempts
    if not tries_left(now, most, agents):
        return Reason.ATTEMPTS_EXHAUSTED
    if idle := stagnation(held.claim.plan_id, held.task, now, lambda c: _trees(held, c)):
        held.say("no progress", idle)
        return Reason.NO_PROGRESS
    return None


def _trees(held: Held, candidate: str) -> list[str]:
    """A candidate's tree, and the tree that it was made from."""
    commit = held.repo.read_commit(held.repo.resolve(candidate))
    return [commit.tree, *(held.repo.tree_of(parent) for parent in commit.parents)]
