"""The mechanical review of an attempt that passed: does what the agent reports hold?

Rules:
 * What the runner ran itself decides. For a criterion with a command, the agent's word adds at most
   a warning; for one without, the report is all there is, so it must name the criterion verbatim,
   say that it is met, and any evidence that it names must be a file of the judged tree.
 * A report that names no criterion at all makes no claim; nobody is asked for one.
 * Every command of the task must stand among the verifications of this very verdict, passed:
   evidence of another tree is not looked at.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from orchestrate.agents.reasons import Reason
from orchestrate.agents.result import CriterionResult, StepResult
from orchestrate.checks.findings import Finding, Severity
from orchestrate.plans.model import Criterion, Task
from orchestrate.runner.gates import Verification, shown
from orchestrate.runner.verdict import Verdict

# Finding -> the reason code of an attempt that it blocks, the gravest first.
REASON_OF = {
    "command-not-run": Reason.GATE_NOT_RUN,
    "criterion-not-met": Reason.AC_NOT_MET,
    "criterion-not-reported": Reason.EVIDENCE_MISSING,
    "evidence-missing": Reason.EVIDENCE_MISSING,
}

HasFile = Callable[[str], bool]


def reviewed(
    verdict: Verdict, task: Task, profile: str, result: StepResult | None, has: HasFile
) -> Verdict:
    """The verdict after the review; only a pass is reviewed, and only taken back.

    `profile` is the gate profile that the task must pass, "" for none; `has` says whether the
    judged tree holds a file.
    """
    if not verdict.passed:
        return verdict
    found = [*_unrun(task, profile, verdict.verifications)]
    if result is not None and result.verification_results:
        found += _claims(task.criteria, result.verification_results, has)
    findings = (*verdict.findings, *found)
    ids = {f.id for f in found if f.severity is Severity.BLOCK}
    for name, reason in REASON_OF.items():
        if name in ids:
            return replace(verdict, reason=reason, findings=findings)
    return replace(verdict, findings=findings)


def _unrun(task: Task, profile: str, ran: Sequence[Verification]) -> Iterator[Finding]:
    passed = {(v.criterion, v.run.command) for v in ran if v.run.passed and not v.gate}
    for criterion in task.criteria:
        if criterion.verify is None:
            continue
        if (criterion.text, shown(criterion.verify)) not in passed:
            said = f"the runner did not see the command of {criterion.text!r} pass"
            yield Finding("command-not-run", Severity.BLOCK, "", said)
    if profile and not any(v.gate == profile for v in ran):
        said = f"the gate profile '{profile}' was not run on this tree"
        yield Finding("command-not-run", Severity.BLOCK, "", said)


def _claims(
    criteria: Sequence[Criterion], claims: Sequence[CriterionResult], has: HasFile
) -> Iterator[Finding]:
    by_text = {claim.criterion: claim for claim in claims}
    for criterion in criteria:
        # A command of the runner's own has decided this one already.
        grave = Severity.BLOCK if criterion.verify is None else Severity.WARN
        claim = by_text.pop(criterion.text, None)
        if claim is None:
            yield Finding(
                "criterion-not-reported",
                grave,
                "",
                f"the report does not name the criterion {criterion.text!r}",
                "name each acceptance criterion verbatim in verification_results",
            )
        elif not claim.met:
            said = f"the report itself says that this is not met: {criterion.text!r}"
            yield Finding("criterion-not-met", grave, "", said, "meet it")
        elif claim.evidence_path and not has(claim.evidence_path):
            yield Finding(
                "evidence-missing",
                grave,
                claim.evidence_path,
                f"evidence for {criterion.text!r} that the result does not hold",
                "name a file that is part of the work, or none",
            )
    for text in by_text:
        said = f"the report names a criterion that the task has not: {text[:200]!r}"
        yield Finding("criterion-unknown", Severity.WARN, "", said)
