"""Commands that the runner itself runs in a clean checkout of the tree that would land.

What an agent says it ran is a claim; this is the verdict. A command that is missing, times out or
is killed did not pass.
"""

import re
import shlex
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrate.agents.process import EndReason, ProcessLimits, run_process
from orchestrate.checks.secrets.redact import redact
from orchestrate.plans.model import Command, Criterion, Direction, Metric

KEPT_OUTPUT = 4_000  # bytes of a command's end that are kept and shown to the next attempt
_MAX_OUTPUT_MB = 10.0

# The last number on the last line that has one: "ops/s: 1,234.5" measures 1234.5.
_NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, slots=True)
class CommandRun:
    """How one command ended; `output` is the redacted end of what it printed."""

    command: str
    passed: bool
    code: int | None
    ended: str
    seconds: float
    output: str


@dataclass(frozen=True, slots=True)
class Verification:
    """One acceptance criterion, verbatim, and the command that decided it.

    `gate` is the profile whose step it is, "" for a criterion; `reused` is when a verdict that was
    not reached anew was reached.
    """

    criterion: str
    run: CommandRun
    gate: str = ""
    reused: str = ""

    def as_json(self) -> dict[str, Any]:
        """As records hold it."""
        return {
            "criterion": self.criterion,
            "command": self.run.command,
            "passed": self.run.passed,
            "code": self.run.code,
            "ended": self.run.ended,
            "seconds": round(self.run.seconds, 2),
            "output": self.run.output,
            "gate": self.gate,
            "reused": self.reused,
        }


@dataclass(frozen=True, slots=True)
class GateContext:
    """Where and how commands run."""

    checkout: Path
    scratch: Path
    environment: Mapping[str, str]
    timeout_sec: float
    cancel: threading.Event | None = None


def shown(command: Command) -> str:
    """The command as people type it."""
    return command if isinstance(command, str) else shlex.join(command)


def run_command(command: Command, where: GateContext, timeout_sec: float | None) -> CommandRun:
    """Run one command in the checkout and say how it ended."""
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
    output = where.scratch / "command-output"
    limits = ProcessLimits(
        max_runtime_sec=timeout_sec or where.timeout_sec,
        max_silence_sec=None,
        max_output_mb=_MAX_OUTPUT_MB,
        end_on_output=False,
    )
    end = run_process(
        argv,
        cwd=where.checkout,
        env=where.environment,
        output=output,
        limits=limits,
        cancel=where.cancel,
        scratch=where.scratch,
    )
    passed = end.reason is EndReason.EXITED and end.code == 0
    said = end.detail if end.reason is not EndReason.EXITED else ""
    return CommandRun(
        shown(command), passed, end.code, str(end.reason), end.seconds, _end_of(output, said)
    )


def _end_of(output: Path, said: str) -> str:
    with output.open("rb") as file:
        file.seek(0, 2)
        # Redact more than is kept: a secret that the cut would halve is found whole.
        file.seek(max(0, file.tell() - 4 * KEPT_OUTPUT))
        tail = redact(file.read())[-KEPT_OUTPUT:]
    text = tail.decode("utf-8", "replace")
    return f"{text}\n({said})" if said else text


def run_criteria(criteria: Sequence[Criterion], where: GateContext) -> list[Verification]:
    """Run the command of each criterion that has one, all of them, in order."""
    return [
        Verification(c.text, run_command(c.verify, where, c.timeout_sec))
        for c in criteria
        if c.verify is not None
    ]


def measure(metric: Metric, where: GateContext) -> tuple[CommandRun, float | None]:
    """Run the metric's command; the number it printed last, None when it failed or printed none.

    With direction `exit` the exit code decides and the number is 1.0 for 0.
    """
    run = run_command(metric.command, where, metric.timeout_sec)
    if not run.passed:
        return run, None
    if metric.direction is Direction.EXIT:
        return run, 1.0
    return run, last_number(run.output)


def last_number(text: str) -> float | None:
    """The last number of the last line that holds one."""
    for line in reversed(text.splitlines()):
        found = _NUMBER.findall(line)
        if found:
            return float(found[-1].replace(",", ""))
    return None


def is_better(metric: Metric, value: float, than: float | None) -> bool:
    """Whether a measured value beats another by the metric's `min_delta`."""
    if than is None or metric.direction is Direction.EXIT:
        return True
    gain = value - than if metric.direction is Direction.MAX else than - value
    return gain > 0 and gain >= metric.min_delta
