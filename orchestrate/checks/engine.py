"""Runs every check over one change: the same for hook, runner, CI and pre-commit.

Rules kept here:

* Policy, task and change come in as values; nothing is read from the environment.
* A check that crashes is a blocking finding that names it: what did not finish has not passed.
* Findings come out sorted and without duplicates, so that two runs can be compared.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from orchestrate.checks import scope, unsafe_path
from orchestrate.checks.catalogue import CATALOGUE, finding
from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding, Severity
from orchestrate.errors import OrchestrateError
from orchestrate.policy.policy import Policy
from orchestrate.policy.roles import Role


@dataclass(frozen=True)
class TaskRules:
    """What the checks know of the task that a change is made for."""

    id: str
    role: Role | None = None
    scope: tuple[str, ...] = ("**",)
    deny: tuple[str, ...] = ()
    planned_files: tuple[str, ...] | None = None
    allow_protected: bool = False
    required_outputs: tuple[Mapping[str, Any], ...] = ()


Check = Callable[[Change, Policy, TaskRules | None], Iterable[Finding]]


def run_checks(
    change: Change, policy: Policy, task: TaskRules | None, *, only: frozenset[str] | None = None
) -> list[Finding]:
    """The findings of every check, sorted; `only` names groups or ids to keep."""
    found: set[Finding] = set()
    for name, group, check in CHECKS:
        if only is None or _wanted(group, only):
            found.update(_run(name, partial(check, change, policy, task)))
    return sorted((f for f in found if only is None or _kept(f, only)), key=_order)


def blocks(findings: Iterable[Finding]) -> bool:
    """Whether a finding refuses the change."""
    return any(f.severity == Severity.BLOCK for f in findings)


def _run(name: str, check: Callable[[], Iterable[Finding]]) -> list[Finding]:
    try:
        return list(check())
    except OrchestrateError as error:
        return [finding("check-crashed", "", f"check `{name}`: {error}", next_step=error.hint)]
    except Exception as error:  # noqa: BLE001 - an edge: a crash must not pass, nor hide the rest
        return [finding("check-crashed", "", f"check `{name}`: {type(error).__name__}: {error}")]


def _wanted(group: str, only: frozenset[str]) -> bool:
    # An id that the catalogue does not know is a rule's: patterns and secrets give those.
    groups = {CATALOGUE[i].group if i in CATALOGUE else i for i in only}
    unknown = any(i not in CATALOGUE and i not in GROUPS for i in only)
    return group in groups or (unknown and group in ("patterns", "secrets"))


def _kept(found: Finding, only: frozenset[str]) -> bool:
    if found.id in only or found.id == "check-crashed":
        return True
    entry = CATALOGUE.get(found.id)
    group = entry.group if entry else ("secrets" if found.fingerprint else "patterns")
    return group in only


def _order(found: Finding) -> tuple[str, int, int, str, str]:
    return (found.path, found.line, found.column, found.id, found.message)


def _scope(change: Change, policy: Policy, task: TaskRules | None) -> Iterable[Finding]:
    config = policy.config
    if task is not None:
        rules = scope.Scope(
            allow=task.scope,
            deny=task.deny,
            protected=config.protected,
            planned=task.planned_files,
            role=task.role.scope if task.role else (),
            allow_protected=task.allow_protected,
        )
        return scope.check_scope(change.entries, rules)
    if config.require_task == "always" and change.entries:
        return [finding("no-active-task", "", "the policy asks for a task for every commit")]
    severity = Severity.BLOCK if config.require_task == "protected" else Severity.REVIEW
    return scope.check_protected(change.entries, config.protected, severity)


CHECKS: tuple[tuple[str, str, Check], ...] = (
    ("scope", "scope", _scope),
    ("names", "paths", lambda change, policy, task: unsafe_path.check_names(change)),
    (
        "modes",
        "paths",
        lambda change, policy, task: unsafe_path.check_modes(change, policy.config.files),
    ),
    ("symlinks", "paths", lambda change, policy, task: unsafe_path.check_symlinks(change)),
    (
        "sizes",
        "paths",
        lambda change, policy, task: unsafe_path.check_sizes(change, policy.config.files),
    ),
)
GROUPS = frozenset(group for _, group, _ in CHECKS)
