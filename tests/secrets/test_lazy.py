"""Expressions that are compiled late are compiled here, so that none is broken."""

import importlib
import marshal
import pkgutil
import re

import pytest

from orchestrate.checks import secrets
from orchestrate.checks.secrets import lazy as lazy_module
from orchestrate.checks.secrets.lazy import Lazy, compiled_or_taken, lazy, made_of

MODULES = [found.name for found in pkgutil.walk_packages(secrets.__path__, f"{secrets.__name__}.")]


@pytest.mark.parametrize("module", MODULES)
def test_every_expression_compiles(module: str) -> None:
    for value in vars(importlib.import_module(module)).values():
        if isinstance(value, Lazy):
            assert value.pattern


def test_it_does_what_a_compiled_expression_does() -> None:
    ours, plain = lazy(r"(a)b", re.IGNORECASE), re.compile(r"(a)b", re.IGNORECASE)
    assert ours.search("xAB").span() == plain.search("xAB").span()  # type: ignore[union-attr]
    assert (ours.sub("-", "ab"), ours.split("1ab2")) == (plain.sub("-", "ab"), plain.split("1ab2"))
    assert (ours.pattern, ours.flags, ours.groups) == (plain.pattern, plain.flags, plain.groups)


def test_a_broken_expression_says_so() -> None:
    with pytest.raises(re.error):
        lazy("(").search("")


def test_what_was_compiled_before_is_the_same_expression() -> None:
    stamp, found = made_of([(r"(?P<name>a)|(b)", re.DOTALL), (rb"(?i)x", 0)])
    lazy_module.take(marshal.loads(marshal.dumps((stamp, found))))
    assert len(found) > 50
    for wanted in found:
        assert compiled_or_taken(*wanted) == re.compile(*wanted)
        assert compiled_or_taken(*wanted).groupindex == re.compile(*wanted).groupindex


def test_what_another_interpreter_compiled_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_module, "_taken", {})
    _, found = made_of([])
    lazy_module.take((("cpython", 1), found))
    assert lazy_module._taken == {}


def test_an_interpreter_made_otherwise_keeps_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("re._compiler._code")
    assert made_of([("a", 0)])[1] == {}
