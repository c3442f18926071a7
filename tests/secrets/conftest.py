"""Both engines over the shipped rules, made once."""

import pytest

from orchestrate import resources
from orchestrate.checks.secrets import rules
from orchestrate.checks.secrets.cache import build_scanner
from orchestrate.checks.secrets.rules import Ruleset, Samples
from orchestrate.checks.secrets.scanner import Scanner


@pytest.fixture(scope="session")
def loaded() -> tuple[Ruleset, dict[str, Samples]]:
    return rules.load(resources.read("rules", "secrets.yaml"))


@pytest.fixture(scope="session")
def scanner(loaded: tuple[Ruleset, dict[str, Samples]]) -> Scanner:
    return build_scanner(loaded[0])


@pytest.fixture(scope="session")
def plain(loaded: tuple[Ruleset, dict[str, Samples]]) -> Scanner:
    return build_scanner(loaded[0], plain=True)


@pytest.fixture(params=["hyperscan", "plain"])
def either(request: pytest.FixtureRequest, scanner: Scanner, plain: Scanner) -> Scanner:
    return scanner if request.param == "hyperscan" else plain
