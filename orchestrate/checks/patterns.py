"""Forbidden patterns: one expression, some paths, the lines a change adds (or every line).

What an expression means on a line stands in `line_search.py`.
"""

from collections.abc import Iterable, Iterator
from functools import partial

from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.line_search import LineCheck, in_file
from orchestrate.git.types import EntryChange
from orchestrate.policy.globs import may_take_in
from orchestrate.policy.policy import Policy
from orchestrate.policy.roles import Role


def line_checks(policy: Policy, role: Role | None) -> list[LineCheck]:
    """Every expression that a change is searched for, rules first."""
    found = [
        LineCheck(
            check.id,
            check.pattern,
            check.unless,
            check.paths,
            check.excepted,
            check.on,
            check.severity,
            check.message,
            check.fix,
        )
        for rule in policy.rules
        for check in rule.checks
        if check.pattern is not None and check.on != "added-path"
    ]
    return found + (role_checks(role) if role else [])


def role_checks(role: Role) -> list[LineCheck]:
    """The forbidden patterns of one role."""
    return [
        LineCheck(
            "forbidden-pattern",
            entry.pattern,
            entry.unless,
            entry.paths,
            (),
            "added-lines",
            entry.severity,
            f"{entry.description} (role {role.id})",
            entry.fix,
        )
        for entry in role.forbidden_patterns
    ]


def check_file(
    change: Change, entry: EntryChange, checks: Iterable[LineCheck], *, marks: bool
) -> Iterator[Finding]:
    """A finding for each forbidden line; `marks` says whether a comment on it may lift it."""
    text = change.text(entry)
    if text is None:
        return  # `too-large-to-scan` blocks it
    # The whole of a file that the change adds is added: there is nothing to compare.
    is_new = not entry.old_mode and not change.other_olds
    added = None if is_new else partial(change.added, entry)
    for check in checks:
        if check.applies_to(entry.path):
            yield from in_file(check, entry.path, text, added, marks=marks)


def check_added_paths(change: Change, policy: Policy) -> Iterator[Finding]:
    """A finding for each added file that a rule does not want."""
    unwanted = [c for rule in policy.rules for c in rule.checks if c.on == "added-path"]
    anywhere = may_take_in(check.paths for check in unwanted)
    for entry in change.entries:
        if entry.is_added and anywhere(entry.path):  # one look for most paths
            for check in unwanted:
                if check.applies_to(entry.path):
                    yield Finding(check.id, check.severity, entry.path, check.message, check.fix)
