"""The page of checks is current, and every id has what people need to know of it."""

from pathlib import Path

import pytest

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.documenting import with_table
from orchestrate.checks.explaining import explained
from orchestrate.errors import InvalidInput
from tests.hooks.making import shipped_policy

PAGE = Path(__file__).parents[2] / "docs" / "checks.md"


def test_the_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "write the page anew with orchestrate.checks.documenting"


def test_every_id_can_be_explained() -> None:
    policy = shipped_policy()
    ids = [*CATALOGUE, *(c.id for rule in policy.rules for c in rule.checks)]
    ids += [rule.id for rule in policy.harness]
    assert all(explained(id, policy).startswith(id) for id in ids)
    assert "hint" not in explained("bare-todo", policy)


def test_an_unknown_id_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no check of the id 'nope'"):
        explained("nope", shipped_policy())


def test_no_rule_takes_an_id_of_the_catalogue() -> None:
    ids = {c.id for rule in shipped_policy().rules for c in rule.checks}
    assert not ids & CATALOGUE.keys()
