"""What an agent reports of itself: the block between the two marker lines of its output.

    ===STEP_RESULT===
    {"verdict": "done", "summary": "..."}
    ===END_STEP_RESULT===

JSON of `schemas/step-result.schema.json`. The last complete block wins. No block is fine; a block
that is cut, no JSON, or not of the schema is `RESULT_BLOCK_BROKEN`, never a pass. What it says is
kept as evidence and decides nothing but "gave up". Only the end of the output is looked at, so a
file of any size costs the same; whatever is said between the lines is data.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrate.agents.capped import read_tail
from orchestrate.agents.pack import build
from orchestrate.errors import FileError, InvalidInput
from orchestrate.policy.schema import validate, with_defaults
from orchestrate.policy.yaml import Document

BEGIN = "===STEP_RESULT==="
END = "===END_STEP_RESULT==="
MAX_BYTES = 256 * 1024  # of the end of the output

_MARK = re.compile(rf"^[ \t]*({re.escape(BEGIN)}|{re.escape(END)})[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ExecutedCommand:
    """A command that the agent says it ran."""

    command: str
    exit_code: int
    evidence_path: str = ""


@dataclass(frozen=True, slots=True)
class CriterionResult:
    """What the agent says of one acceptance criterion."""

    criterion: str
    met: bool
    evidence_path: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """The report; `verdict` is done, blocked or failed."""

    verdict: str
    schema_version: int = 1
    reason_code: str = ""
    summary: str = ""
    changed_files: tuple[str, ...] = ()
    commands_executed: tuple[ExecutedCommand, ...] = ()
    verification_results: tuple[CriterionResult, ...] = ()
    open_questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BrokenResult:
    """A block was there and does not read; `detail` says what is wrong with it."""

    detail: str


def parse_result(text: str) -> StepResult | BrokenResult | None:
    """The last complete block of the text; None when there is none."""
    marks = list(_MARK.finditer(text))
    for i in range(len(marks) - 1, 0, -1):
        if marks[i][1] == END and marks[i - 1][1] == BEGIN:
            return _read(text[marks[i - 1].end() : marks[i].start()])
    if any(mark[1] == BEGIN for mark in marks):
        return BrokenResult(f"the block is cut: {BEGIN} without {END}")
    return None


def read_end(output: Path) -> str:
    """The end of an output file, where a report is looked for."""
    return read_tail(output, MAX_BYTES).decode("utf-8", "replace")


def _read(block: str) -> StepResult | BrokenResult:
    block = _unfenced(block)
    try:
        document = json.loads(block, parse_constant=_no_constant)
        validate(Document("step result", document, {}, {}), "step-result")
        result = build(StepResult, with_defaults(document, "step-result"), "step result")
    except (FileError, InvalidInput) as error:
        return BrokenResult(getattr(error, "reason", error.message))
    except (ValueError, RecursionError) as error:
        return BrokenResult(f"not JSON: {error}")
    assert isinstance(result, StepResult)
    return result


def _unfenced(block: str) -> str:
    """The block without the code fence that models like to put around JSON."""
    lines = block.strip().split("\n")
    if len(lines) >= 2 and lines[0].startswith("```") and lines[-1].strip() == "```":
        return "\n".join(lines[1:-1])
    return block


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
