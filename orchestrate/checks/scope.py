"""Judges which paths a change touches. Pure: entries and globs in, findings out.

Rules kept here:

* Every changed entry counts: added, deleted, modified, mode-only, symlink, submodule. A rename is
  a delete and an add, so both its names are judged.
* One finding a path, the gravest first: protected, forbidden, outside, not planned.
* A scope reaches a protected path only by a pattern that names it: `**` does not.
"""

from collections.abc import Iterable
from typing import NamedTuple

from orchestrate.checks.catalogue import finding
from orchestrate.checks.findings import Finding, Severity
from orchestrate.git.types import EntryChange
from orchestrate.policy.globs import Globs, names_paths

MAX_SHOWN = 4  # patterns that a message lists
_WHY = ("broken-policy", "policy-changed", "hooks-changed", "ci-changed")


class Scope(NamedTuple):
    """What a task may touch. `role` is the role's own scope, () for none.

    `planned` None means that the task lists no files.
    """

    allow: tuple[str, ...]
    deny: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    planned: tuple[str, ...] | None = None
    role: tuple[str, ...] = ()
    allow_protected: bool = False


def check_scope(entries: Iterable[EntryChange], scope: Scope) -> list[Finding]:
    """One finding for each changed path that the scope does not permit."""
    judge = _Judge(scope)
    return [found for entry in entries if (found := judge.judge(entry.path)) is not None]


def check_protected(
    entries: Iterable[EntryChange], protected: tuple[str, ...], severity: Severity
) -> list[Finding]:
    """One finding for each changed protected path of a change that belongs to no task."""
    globs = Globs(protected)
    return [
        finding(
            "in-protected",
            entry.path,
            f"protected path (`{globs.which(entry.path)}`), and no task is active",
            severity=severity,
            next_step="have a person look at it, or open a task whose scope names it",
        )
        for entry in entries
        if globs.match(entry.path)
    ]


def without_repeats(found: set[Finding]) -> set[Finding]:
    """The findings less `in-protected` where another one says what the path decides, as gravely.

    Only a review: a protected path that blocks is told as such.
    """
    named = {one.path for one in found if one.id in _WHY and one.severity != Severity.WARN}
    return {
        one
        for one in found
        if not (one.id == "in-protected" and one.severity == Severity.REVIEW and one.path in named)
    }


class _Judge:
    """The compiled globs of one scope."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.allow = Globs(scope.allow)
        self.role = Globs(scope.role)
        self.deny = Globs(scope.deny)
        self.protected = Globs(scope.protected)
        self.named = Globs([p for p in scope.allow if names_paths(p)])
        self.planned = frozenset(scope.planned or ())

    def judge(self, path: str) -> Finding | None:
        scope = self.scope
        if self.protected.match(path) and not (scope.allow_protected and self.named.match(path)):
            return finding("in-protected", path, self._protected_message(path))
        if self.deny.match(path):
            return finding(
                "in-forbidden", path, f"the task must not touch `{self.deny.which(path)}`"
            )
        if not self.allow.match(path):
            return finding(
                "outside-allowed", path, f"outside the task's scope ({_listed(scope.allow)})"
            )
        if scope.role and not self.role.match(path):
            return finding(
                "outside-allowed", path, f"outside the role's scope ({_listed(scope.role)})"
            )
        if scope.planned is not None and path not in self.planned:
            return finding("not-in-planned-files", path, "not in the task's planned files")
        return None

    def _protected_message(self, path: str) -> str:
        message = f"protected path (`{self.protected.which(path)}`)"
        if not self.scope.allow_protected:
            return f"{message}, and no person approved the task for protected paths"
        return f"{message}, and the task's scope does not name it"


def _listed(patterns: tuple[str, ...]) -> str:
    if not patterns:
        return "which is empty"
    shown = ", ".join(f"`{p}`" for p in patterns[:MAX_SHOWN])
    return shown if len(patterns) <= MAX_SHOWN else f"{shown} and {len(patterns) - MAX_SHOWN} more"
