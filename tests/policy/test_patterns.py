"""Expressions: only what runs in linear time, told the same with and without RE2."""

import pytest

from orchestrate.policy import patterns
from orchestrate.policy.patterns import check_regex, refused
from orchestrate.policy.yaml import load_document
from tests.policy.making import refusal

LINEAR = [
    r"\bTODO\b",
    r"(?i)a|b",
    r"(?s:a.b)",
    r"[^\s]{1,60}$",
    r"\\1",
    r"a+?",
    r"(?P<x>a)",
    r"[(?=]",
]
NOT_LINEAR = [
    r"a(?=b)",
    r"a(?!b)",
    r"(?<=a)b",
    r"(?<!a)b",
    r"(a)\1",
    r"(?P<x>a)(?P=x)",
    "(",
    "[a",
    "a{2,1}",
]


@pytest.mark.parametrize("pattern", LINEAR)
def test_linear_expressions_are_accepted(pattern: str) -> None:
    assert refused(pattern) is None


@pytest.mark.parametrize("pattern", NOT_LINEAR)
def test_others_are_refused_with_a_reason(pattern: str) -> None:
    assert refused(pattern)


@pytest.mark.parametrize("pattern", LINEAR[:-1])
def test_linear_expressions_are_accepted_without_re2(
    pattern: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patterns, "re2", None)
    assert refused(pattern) is None


@pytest.mark.parametrize("pattern", [*NOT_LINEAR, r"(?>a)", "a++", "a*+b", r"(a)?(?(1)b|c)"])
def test_others_are_refused_without_re2(pattern: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "re2", None)
    assert refused(pattern)


def test_the_error_names_owner_and_place() -> None:
    document = load_document(b"a: 1\npattern: (?=x)\n", "r.md")
    message = refusal(check_regex, "(?=x)", ("pattern",), document, "rule r, check c")
    assert message.startswith("r.md:2:10: rule r, check c: the expression '(?=x)' cannot run")
    assert "`unless`" in message
