"""Expressions that are compiled late are compiled here, so that none is broken."""

import importlib
import pkgutil
import re

import pytest

from orchestrate.checks import secrets
from orchestrate.checks.secrets.lazy import Lazy, lazy

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
