"""The rework pack: what a failed review sends back, made by rule from the recorded attempt.

Pure: the same attempt and reviews give the same bytes, in whatever order the findings came. The
scope is not in it, so it cannot widen it; the next attempt is held to the plan's. The format is
`schemas/rework-pack.schema.json`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from orchestrate.agents.pack import PackFailure, PackFinding
from orchestrate.agents.reasons import REASONS, Reason
from orchestrate.ledger.evidence import evidence_path, storable
from orchestrate.machine_json import to_json
from orchestrate.plans.model import Task
from orchestrate.plans.state import Attempt, Review
from orchestrate.runner.verdict import failed_verifications

REWORK = "rework.json"  # the evidence file
MOST_OUTPUT = 2_000  # characters of failed commands' output (prior art A1.7)
_BLOCK = "block"


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing that was wrong; `impact` is a finding's severity. They sort by place, then id."""

    path: str
    line: int
    id: str
    criterion: str
    issue: str
    impact: str
    change: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class ReworkPolicy:
    """What the next attempt is held to."""

    open_issues: int
    must_reduce_open_issues: bool = True
    no_new_scope: bool = True


@dataclass(frozen=True, slots=True)
class ReworkPack:
    """A failed attempt, or one that a reviewer returned, as work to be done."""

    plan: str
    task: str
    attempt: str
    tree: str
    reason_code: str
    overall_assessment: str
    problems: tuple[Problem, ...]
    required_changes: tuple[str, ...]
    next_actions: tuple[str, ...]
    rework_policy: ReworkPolicy
    feedback_kind: str = "rework"
    schema_version: int = 1

    def to_bytes(self) -> bytes:
        """The pack as the machine writes it."""
        return to_json(asdict(self))


def rework_pack(
    plan_id: str, task: Task, made: Attempt, reviews: Sequence[Review] = ()
) -> ReworkPack:
    """The pack of an attempt that did not pass, or that one of `reviews` did not let pass."""
    returned = [
        r for r in reviews if r.commit == made.candidate and r.decision in ("returned", "rejected")
    ]
    passed = made.reason == Reason.PASS_ALL_CRITERIA
    reason = Reason.REVIEW_REJECTED if passed else Reason(made.reason)
    problems = sorted(set(_problems(made, reason, returned)))
    said = "; ".join(r.comment for r in returned if r.comment) or made.detail
    meaning = REASONS[reason].text
    return ReworkPack(
        plan=plan_id,
        task=task.id,
        attempt=made.number,
        tree=made.tree,
        reason_code=str(reason),
        overall_assessment=f"{meaning}: {said}" if said else meaning,
        problems=tuple(problems),
        required_changes=_unique(p.change for p in problems if p.impact == _BLOCK),
        next_actions=_unique(str(v["command"]) for v in failed_verifications(made.verifications)),
        rework_policy=ReworkPolicy(_blocking(problems) + _unreached(task, made)),
    )


def rework_evidence(
    plan_id: str, task: Task, made: Attempt, reviews: Sequence[Review] = ()
) -> dict[str, bytes]:
    """The pack as the evidence file that the ledger keeps beside the attempt."""
    path = evidence_path(task.id, made.revision, made.attempt, REWORK)
    return {path: storable(rework_pack(plan_id, task, made, reviews).to_bytes())}


def open_issues(plan_id: str, task: Task, made: Attempt) -> int:
    """How many issues are open after the attempt: what blocks, and what was not reached."""
    return rework_pack(plan_id, task, made).rework_policy.open_issues


def as_failure(pack: ReworkPack, made: Attempt) -> PackFailure:
    """What the next attempt is told of it."""
    output = "\n".join(v["output"] for v in failed_verifications(made.verifications))
    findings = [PackFinding(p.id, _told(p), p.path, p.line, p.change) for p in pack.problems]
    return PackFailure(
        made.number, pack.reason_code, tuple(findings), output[-MOST_OUTPUT:], made.metric
    )


def _told(problem: Problem) -> str:
    return f"{problem.criterion}: {problem.issue}" if problem.criterion else problem.issue


def _problems(made: Attempt, reason: Reason, returned: Sequence[Review]) -> Iterator[Problem]:
    found = [_of_finding(f) for f in made.findings]
    found += [_of_command(v) for v in failed_verifications(made.verifications)]
    for review in returned:
        said = [_of_review(f) for f in review.findings]
        found += said or [Problem("", 0, "review", "", review.comment or "returned", _BLOCK)]
    yield from found
    if not _blocking(found):
        name = str(reason).lower().replace("_", "-")
        yield Problem("", 0, name, "", made.detail or REASONS[reason].text, _BLOCK)


def _of_finding(finding: Mapping[str, Any]) -> Problem:
    return Problem(
        path=finding["path"],
        line=finding["line"],
        id=finding["id"],
        criterion="",
        issue=finding["message"],
        impact=finding["severity"],
        change=finding["next_step"],
    )


def _of_command(verification: Mapping[str, Any]) -> Problem:
    """A criterion's or a gate step's command that did not pass."""
    command, ended = verification["command"], verification["ended"]
    how = f"exited with {verification['code']}" if ended == "exited" else f"ended by {ended}"
    if ended == "skipped":
        how = "was not run"
    return Problem(
        path="",
        line=0,
        id="gate-not-passed" if verification.get("gate") else "criterion-not-met",
        criterion=verification["criterion"],
        issue=f"`{command}` {how}",
        impact=_BLOCK,
        evidence=verification["output"][-MOST_OUTPUT:],
    )


def _of_review(finding: Mapping[str, Any]) -> Problem:
    return Problem(
        path=finding.get("path", ""),
        line=finding.get("line", 0),
        id="review",
        criterion=finding.get("criterion", ""),
        issue=finding["issue"],
        impact=finding.get("severity", _BLOCK),
        change=finding.get("change", ""),
    )


def _blocking(problems: Iterable[Problem]) -> int:
    return sum(problem.impact == _BLOCK for problem in problems)


def _unreached(task: Task, made: Attempt) -> int:
    """The criteria whose command was not run, as something else stopped the attempt first."""
    ran = {v["criterion"] for v in made.verifications}
    return sum(c.verify is not None and c.text not in ran for c in task.criteria)


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for text in texts if text))
