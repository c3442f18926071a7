"""`workspace.salvage: in_scope`: of an attempt that left its scope, the part that stayed in it.

The files outside are put back as they were at the base and the rest is judged by itself, from the
checks on, as if the agent had made only that. It lands only when it passes; otherwise the attempt
is sent back as a whole, with its own findings.
"""

from collections.abc import Callable
from dataclasses import replace

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.findings import Finding, Severity
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.runner.judging import Bench, Candidate, judge
from orchestrate.runner.verdict import Verdict

SALVAGED = "salvaged"


def judge_or_salvage(
    candidate: Candidate, tip: Oid, bench: Bench, keep: Callable[[Oid], Oid]
) -> tuple[Candidate, Verdict]:
    """The candidate that was judged and its verdict: the attempt's own, or the part that is kept.

    `keep` makes a tree a candidate's commit on the same base, named by a ref.
    """
    verdict = judge(candidate, tip, bench)
    if bench.policy.config.workspace.salvage != "in_scope":
        return candidate, verdict
    dropped = _outside(verdict)
    if not dropped:
        return candidate, verdict
    tree = _without(bench.repo, candidate, dropped)
    if tree == bench.repo.tree_of(candidate.base):
        return candidate, verdict
    part = Candidate(keep(tree), tree, candidate.base)
    found = judge(part, tip, bench)
    if not found.passed:
        said = f"the part inside the scope does not pass by itself: {found.reason}"
        return candidate, replace(verdict, detail=said)
    return part, _told(found, verdict, dropped)


def _outside(verdict: Verdict) -> tuple[str, ...]:
    """The paths that scope alone refuses; none when anything else does too."""
    blocking = [f for f in verdict.findings if f.severity is Severity.BLOCK]
    if not all(f.path and _is_scope(f) for f in blocking):
        return ()
    return tuple(dict.fromkeys(f.path for f in blocking))


def _is_scope(finding: Finding) -> bool:
    entry = CATALOGUE.get(finding.id)
    return entry is not None and entry.group == "scope"


def _without(repo: Repository, candidate: Candidate, paths: tuple[str, ...]) -> Oid:
    """The candidate's tree with these paths as they are at its base."""
    base = repo.tree_of(candidate.base)
    edits: dict[str, tuple[int, Oid] | None] = {}
    for path in paths:
        before = repo.entry(base, path)
        edits[path] = (before.mode, before.oid) if before else None
    return repo.edit_tree(candidate.tree, edits)


def _told(kept: Verdict, whole: Verdict, dropped: tuple[str, ...]) -> Verdict:
    """The kept part's verdict, which also says what was dropped and why."""
    refused = tuple(
        f._replace(severity=Severity.WARN, message=f"{SALVAGED} without this file: {f.message}")
        for f in whole.findings
        if f.path in dropped and f.severity is Severity.BLOCK
    )
    said = f"{SALVAGED}: without {', '.join(dropped[:10])}"
    more = f" and {len(dropped) - 10} more" if len(dropped) > 10 else ""
    detail = f"{said}{more}" + (f"; {kept.detail}" if kept.detail else "")
    return replace(kept, findings=(*kept.findings, *refused), detail=detail)
