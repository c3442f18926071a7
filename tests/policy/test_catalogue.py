"""docs/rules.md says what the rules say, docs/policy.md shows what loads, samples are complete."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

import orchestrate
from orchestrate.policy.catalogue import rules_document
from orchestrate.policy.config import load_config
from orchestrate.policy.harness import load_harness
from orchestrate.policy.policy import shipped_rules
from orchestrate.policy.roles import load_role
from orchestrate.policy.rules import load_rule
from orchestrate.policy.schema import schema
from orchestrate.policy.templates import load_template

TOP = Path(orchestrate.__file__).parent.parent
POLICY = TOP / "docs" / "policy.md"


def test_the_page_of_rules_is_current() -> None:
    assert (TOP / "docs" / "rules.md").read_text() == rules_document(), (
        "run: python -m orchestrate.policy.catalogue > docs/rules.md"
    )


def test_every_check_has_a_heading() -> None:
    headings = {line[4:] for line in rules_document().splitlines() if line.startswith("### ")}
    assert headings == {check.id for rule in shipped_rules() for check in rule.checks}


def test_every_expression_has_its_samples() -> None:
    wanted = {check.id for rule in shipped_rules() for check in rule.checks if not check.builtin}
    assert wanted <= {folder.name for folder in (TOP / "tests" / "samples").iterdir()}


def test_the_page_on_policy_names_every_section() -> None:
    page = POLICY.read_text()
    assert [name for name in schema("config")["properties"] if f"`{name}`" not in page] == []


LOADERS: dict[str, Callable[[bytes, str], object]] = {
    "yaml config": load_config,
    "markdown rule": load_rule,
    "yaml role": load_role,
    "yaml harness": load_harness,
    "yaml plan-template": load_template,
}
EXAMPLES = re.findall(r"^```(\w+ [\w-]+) ?([\w-]*)\n(.*?)^```$", POLICY.read_text(), re.M | re.S)


@pytest.mark.parametrize(("kind", "name", "text"), EXAMPLES, ids=[e[0] for e in EXAMPLES])
def test_the_examples_on_policy_load(kind: str, name: str, text: str) -> None:
    LOADERS[kind](text.encode(), f"{name or 'example'}.md")


def test_every_format_has_an_example() -> None:
    assert {kind for kind, _, _ in EXAMPLES} == set(LOADERS)
