"""Gate profiles: commands with needs, run by the runner on a clean checkout, and what they came to.

Rules:
 * A step runs when all it needs has passed; steps that wait for nothing run beside each other.
 * Whatever did not run has not passed: a step whose need failed, is unknown, or waits for itself;
   a program that is not there; a step that was cancelled.
 * A coverage report counts only when the step wrote it: one that stands there before is removed.
 * A run is bound to its tree, its policy and its definition by one key; see `key_of`.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from orchestrate.agents.process import EndReason
from orchestrate.agents.reasons import Reason
from orchestrate.policy.config import Coverage, GateStep
from orchestrate.runner.coverage import CoverageUnreadable, read_coverage
from orchestrate.runner.gates import CommandRun, GateContext, Verification, run_command, shown

MOST_AT_ONCE = 4  # steps beside each other
SKIPPED = "skipped"


class StepStatus(StrEnum):
    """How a step ended; only `passed` is a pass."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class StepRun:
    """One step as it ended; `coverage` is the share of lines, 0 to 1, where it was asked for."""

    id: str
    status: StepStatus
    run: CommandRun
    coverage: float | None = None
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.status is StepStatus.PASSED

    def as_json(self) -> dict[str, Any]:
        """As records and programs read it."""
        return {
            "id": self.id,
            "status": str(self.status),
            "command": self.run.command,
            "code": self.run.code,
            "ended": self.run.ended,
            "seconds": round(self.run.seconds, 2),
            "coverage": self.coverage,
            "detail": self.detail,
            "output": self.run.output,
        }


@dataclass(frozen=True, slots=True)
class ProfileRun:
    """A profile's verdict on one tree under one policy; `reused` says it was reached earlier."""

    profile: str
    tree: str
    policy: str
    key: str
    at: str  # ISO 8601, UTC
    steps: tuple[StepRun, ...]
    reused: bool = False

    @property
    def passed(self) -> bool:
        return bool(self.steps) and all(step.passed for step in self.steps)

    @property
    def reason(self) -> Reason:
        """GATE_FAILED when a step ran and failed, GATE_NOT_RUN when none did and not all ran."""
        if self.passed:
            return Reason.PASS_ALL_CRITERIA
        failed = any(step.status is StepStatus.FAILED for step in self.steps)
        return Reason.GATE_FAILED if failed else Reason.GATE_NOT_RUN

    @property
    def summary(self) -> str:
        """The verdict in a line."""
        if self.passed:
            again = f", reused from {self.at}" if self.reused else ""
            return f"gate {self.profile}: {len(self.steps)} steps passed{again}"
        bad = [f"{s.id} {s.status}" for s in self.steps if not s.passed]
        return f"gate {self.profile}: {', '.join(bad) or 'it has no steps'}"

    def as_json(self) -> dict[str, Any]:
        """As records and programs read it."""
        return {
            "profile": self.profile,
            "passed": self.passed,
            "reason": str(self.reason),
            "tree": self.tree,
            "policy": self.policy,
            "at": self.at,
            "reused": self.reused,
            "steps": [step.as_json() for step in self.steps],
        }


def key_of(profile: str, steps: Sequence[GateStep], tree: str, policy: str, timeout: float) -> str:
    """What a verdict is bound to: tree, policy and the definition of every step, as SHA-256."""
    bound = {
        "profile": profile,
        "steps": [asdict(step) for step in steps],
        "timeout_sec": timeout,
        "tree": tree,
        "policy": policy,
    }
    return hashlib.sha256(json.dumps(bound, sort_keys=True).encode()).hexdigest()


def run_steps(steps: Sequence[GateStep], where: GateContext) -> tuple[StepRun, ...]:
    """Run the steps of a profile in the checkout, and tell of each, in the profile's order."""
    return in_order(steps, lambda step: _run(step, where))


def in_order(steps: Sequence[GateStep], run: Callable[[GateStep], StepRun]) -> tuple[StepRun, ...]:
    """Call `run` for each step whose needs have passed, and tell of all, in the given order."""
    waiting = {step.id: step for step in steps}
    done: dict[str, StepRun] = {}
    running: dict[Future[StepRun], str] = {}
    with ThreadPoolExecutor(MOST_AT_ONCE, "gate") as pool:
        while True:
            for step in _settled(waiting, done, running.values()):
                del waiting[step.id]
                if lost := _lost_need(step, done, steps):
                    done[step.id] = _not_run(step, lost)
                else:
                    running[pool.submit(run, step)] = step.id
            if not running:
                break
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                done[running.pop(future)] = future.result()
    for step in waiting.values():
        done[step.id] = _not_run(step, "it waits for itself")
    return tuple(done[step.id] for step in steps)


def _settled(
    waiting: Mapping[str, GateStep], done: Mapping[str, StepRun], running: Any
) -> Iterator[GateStep]:
    """The waiting steps of which it is known whether they run; each skipped one settles others."""
    while True:
        ready = [
            step
            for step in waiting.values()
            if not any(need in waiting or need in running for need in step.needs)
        ]
        yield from ready
        if not any(step.id in done for step in ready):
            return


def _lost_need(step: GateStep, done: Mapping[str, StepRun], steps: Sequence[GateStep]) -> str:
    """Why the step cannot run, "" when it can."""
    known = {other.id for other in steps}
    for need in step.needs:
        if need not in known:
            return f"it needs {need}, which is no step of the profile"
        if not done[need].passed:
            return f"it needs {need}, which is {done[need].status}"
    return ""


def _not_run(step: GateStep, why: str) -> StepRun:
    run = CommandRun(shown(step.command), False, None, SKIPPED, 0.0, "")
    return StepRun(step.id, StepStatus.NOT_RUN, run, detail=why)


def _run(step: GateStep, where: GateContext) -> StepRun:
    scratch = where.scratch / f"gate-{step.id}"
    scratch.mkdir(parents=True, exist_ok=True)
    own = replace(where, scratch=scratch, environment={**where.environment, **step.env})
    if step.coverage:
        _clear_report(where.checkout, step.coverage)
    run = run_command(step.command, own, step.timeout_sec)
    if run.ended in (EndReason.NOT_FOUND, EndReason.CANCELLED):
        return StepRun(step.id, StepStatus.NOT_RUN, run, detail=f"the command is {run.ended}")
    if not run.passed:
        said = f"exited with {run.code}" if run.ended == EndReason.EXITED else run.ended
        return StepRun(step.id, StepStatus.FAILED, run, detail=said)
    return _covered(step, run, where.checkout)


def _clear_report(checkout: Path, wanted: Coverage) -> None:
    """Remove a report that is part of the tree: it says nothing of this run."""
    path = _report(checkout, wanted)
    if path is not None and path.is_file():
        path.unlink()


def _report(checkout: Path, wanted: Coverage) -> Path | None:
    """Where the report lies; None when that is not in the checkout."""
    path = (checkout / wanted.report).resolve()
    return path if path.is_relative_to(checkout.resolve()) else None


def _covered(step: GateStep, run: CommandRun, checkout: Path) -> StepRun:
    """The step after its coverage was looked at, where it has a threshold."""
    wanted = step.coverage
    if wanted is None:
        return StepRun(step.id, StepStatus.PASSED, run)
    failed = replace(run, passed=False)
    path = _report(checkout, wanted)
    if path is None:
        why = f"the coverage report {wanted.report} is not inside the checkout"
        return StepRun(step.id, StepStatus.FAILED, failed, detail=why)
    try:
        found = read_coverage(path, wanted.format)
    except CoverageUnreadable as error:
        why = f"no coverage from {wanted.report}: {error}"
        return StepRun(step.id, StepStatus.FAILED, failed, detail=why)
    said = f"{found.covered} of {found.lines} lines covered, {found.share:.1%}"
    if found.share < wanted.min:
        said = f"{said}; at least {wanted.min:.1%} is asked for"
        return StepRun(step.id, StepStatus.FAILED, failed, found.share, said)
    return StepRun(step.id, StepStatus.PASSED, run, found.share, said)


def as_verifications(profile: ProfileRun) -> tuple[Verification, ...]:
    """The steps as an attempt's record holds them, beside its acceptance criteria."""
    at = profile.at if profile.reused else ""
    return tuple(
        Verification(
            f"gate {profile.profile}: {step.id}",
            replace(step.run, output="\n".join(t for t in (step.run.output, step.detail) if t)),
            gate=profile.profile,
            reused=at,
        )
        for step in profile.steps
    )
