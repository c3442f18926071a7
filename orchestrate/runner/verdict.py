"""What judging a candidate came to: pass, or a reason that is not; bound to tree and policy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrate.agents.reasons import Reason
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.secrets.redact import redact
from orchestrate.git.types import Oid
from orchestrate.runner.gates import Verification


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome of checks, merge and gates for one candidate.

    `onto` is the branch tip that `tree` was built on; when the tip has moved, the verdict is stale.
    """

    reason: Reason
    onto: Oid
    tree: Oid | None
    policy: str
    findings: tuple[Finding, ...] = ()
    verifications: tuple[Verification, ...] = ()
    metric: float | None = None
    detail: str = ""

    @property
    def passed(self) -> bool:
        return self.reason is Reason.PASS_ALL_CRITERIA

    @property
    def needs_person(self) -> bool:
        """Whether a check asks for a person's eyes before this lands."""
        return any(f.severity is Severity.REVIEW for f in self.findings)


def stored_text(text: str) -> str:
    """A text that an agent may have written, as records hold it: without secrets."""
    return redact(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def finding_json(finding: Finding) -> dict[str, Any]:
    """A finding as records hold it."""
    return {
        "id": finding.id,
        "severity": str(finding.severity),
        "path": stored_text(finding.path),
        "line": finding.line,
        "message": stored_text(finding.message),
        "next_step": finding.next_step,
    }


def failed_verifications(verifications: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Those of an attempt's recorded verifications that did not pass."""
    return [v for v in verifications if not v["passed"]]
