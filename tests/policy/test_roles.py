"""Roles: read from files, and found for a scope."""

import pytest

from orchestrate.checks.findings import Severity
from orchestrate.policy.policy import shipped_roles
from orchestrate.policy.roles import load_role
from tests.policy.making import refusal

ROLE = b"""
id: writer
name: Writer
scope_paths: [docs/]
deny_paths: [docs/legal/]
framework: {name: Plain, prompt: Write short sentences.}
forbidden_patterns:
  - {pattern: '\\bvery\\b', in: '*.md', description: Weak word., fix: leave it out}
  - {pattern: utilize, in: ['*.md', '*.rst'], severity: warn, description: Long word.}
required_outputs:
  - {type: content_check, pattern: '*.md', check: '^# ', description: a heading}
escalation: {on_scope_violation: human}
"""


def test_a_role_is_read_with_its_defaults() -> None:
    role = load_role(ROLE, "roles/writer.yaml")
    assert role.scope == ("docs/",)
    assert role.deny_paths == ("docs/legal/",)
    assert role.framework is not None and role.framework.name == "Plain"
    first, second = role.forbidden_patterns
    assert (first.paths, first.severity, first.fix) == (("*.md",), Severity.BLOCK, "leave it out")
    assert (second.paths, second.severity) == (("*.md", "*.rst"), Severity.WARN)
    assert role.required_outputs[0].check == "^# "
    assert role.escalation.on_scope_violation == "human"
    assert role.escalation.on_metric_failure is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"id: writer", b"id: other", "writer.yaml:2:5: the id `other` is not the file's name"),
        (b"[docs/]", b"['!docs/']", "writer.yaml:4:15: path pattern '!docs/'"),
        (b"utilize", b"(?=utilize)", "role writer, forbidden_patterns[1]: the expression"),
        (b"'*.rst'", b"'a//b'", "writer.yaml:9:37: path pattern 'a//b'"),
        (b"'^# '", b"'('", "role writer, required_outputs[0]: the expression '('"),
        (b", check: '^# '", b"", "the field `check` is missing"),
        (
            b"name: Writer",
            b"nam: Writer",
            "writer.yaml:3:1: unknown field `nam` (did you mean `name`?)",
        ),
    ],
)
def test_a_wrong_role_is_refused_at_its_place(old: bytes, new: bytes, message: str) -> None:
    assert message in refusal(load_role, ROLE.replace(old, new), "roles/writer.yaml")


def test_the_shipped_roles_name_each_other() -> None:
    roles = {role.id: role for role in shipped_roles()}
    assert set(roles) == {"developer", "qa-engineer", "tech-architect", "solidity-dev", "reviewer"}
    targets = {
        target
        for role in roles.values()
        for target in (
            role.escalation.on_scope_violation,
            role.escalation.on_budget_exceeded,
            role.escalation.on_metric_failure,
        )
    }
    assert targets <= {*roles, "human", None}
