"""What a reviewing agent decides: the block between two marker lines of what it said.

    ===REVIEW_VERDICT===
    {"decision": "reject", "tree": "<id>", "findings": [{"issue": "..."}]}
    ===END_REVIEW_VERDICT===

JSON of `schemas/review-verdict.schema.json`. The last complete block counts. One that is missing,
cut, malformed, contradicts itself or names another tree is no verdict, and that is not a pass. The
tree's id binds it to what was reviewed: no file of a tree can hold the id of that tree, so a
verdict that lies in the reviewed work, and is printed by a tool that reads it, is none.
"""

import json
import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from orchestrate.agents.pack import build
from orchestrate.errors import FileError, InvalidInput
from orchestrate.policy.schema import validate, with_defaults
from orchestrate.policy.yaml import Document

BEGIN = "===REVIEW_VERDICT==="
END = "===END_REVIEW_VERDICT==="

_MARK = re.compile(rf"^[ \t]*({re.escape(BEGIN)}|{re.escape(END)})[ \t\r]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReviewFinding:
    """One thing the reviewer found; `severity` is block or warn."""

    issue: str
    severity: str = "block"
    criterion: str = ""
    path: str = ""
    line: int = 0
    change: str = ""


@dataclass(frozen=True, slots=True)
class ReviewVerdict:
    """The decision, `pass` or `reject`, on one tree."""

    decision: str
    tree: str
    schema_version: int = 1
    summary: str = ""
    findings: tuple[ReviewFinding, ...] = ()
    return_to: str = ""

    @property
    def passed(self) -> bool:
        return self.decision == "pass"


class Unreadable(InvalidInput):
    """There is no verdict in what the reviewer said; the message says why."""


def parse_verdict(text: str, tree: str) -> ReviewVerdict:
    """The verdict on that tree in what the reviewer said.

    Raises:
        Unreadable: there is none.
    """
    block = _last_block(text)
    try:
        document = json.loads(block, parse_constant=_no_constant)
        validate(Document("review verdict", document, {}, {}), "review-verdict")
        filled = with_defaults(document, "review-verdict")
        verdict = build(ReviewVerdict, filled, "review verdict")
    except (FileError, InvalidInput) as error:
        raise Unreadable(getattr(error, "reason", error.message)) from None
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"not JSON: {error}") from None
    assert isinstance(verdict, ReviewVerdict)
    return _consistent(verdict, tree)


def _last_block(text: str) -> str:
    """What stands between the last pair of marker lines, without a code fence around it."""
    marks = list(_MARK.finditer(text))
    pairs = [(a, b) for a, b in pairwise(marks) if (a[1], b[1]) == (BEGIN, END)]
    if not pairs:
        cut = any(mark[1] == BEGIN for mark in marks)
        raise Unreadable(f"{BEGIN} without {END}" if cut else f"there is no line {BEGIN}")
    first, last = pairs[-1]
    block = text[first.end() : last.start()].strip()
    lines = block.split("\n")
    if len(lines) >= 2 and lines[0].startswith("```") and lines[-1].strip() == "```":
        return "\n".join(lines[1:-1])
    return block


def _consistent(verdict: ReviewVerdict, tree: str) -> ReviewVerdict:
    blocking = [f for f in verdict.findings if f.severity == "block"]
    if verdict.tree != tree:
        raise Unreadable(f"the verdict is on tree {verdict.tree}, the reviewed one is {tree}")
    if verdict.passed and blocking:
        raise Unreadable("the verdict passes and names a finding that blocks")
    if not verdict.passed and not blocking:
        raise Unreadable("the verdict rejects and names no finding that blocks")
    return verdict


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
