"""docs/gates.md says what the program does."""

import re
from pathlib import Path

from orchestrate.policy.config import load_config
from orchestrate.runner.breaker import FAILURES, REST_SEC
from orchestrate.runner.profiles import MOST_AT_ONCE
from orchestrate.runner.reuse import Freshness
from orchestrate.runner.review import REASON_OF

PAGE = (Path(__file__).parents[2] / "docs" / "gates.md").read_text()


def test_its_configuration_is_accepted() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    gates, review = examples
    assert load_config(gates.encode()).gates.merge == "full"
    assert "critic" in review
    agents = "agents: {critic: {command: [critic]}}\n"
    assert load_config((agents + review).encode()).review.max_rejects == 3


def test_its_tables_name_what_the_code_does() -> None:
    rows = set(re.findall(r"^\| `([a-z-]+)` \|", PAGE, re.MULTILINE))
    assert rows == {*Freshness, *REASON_OF, "criterion-unknown"}


def test_its_numbers_are_the_code() -> None:
    assert (MOST_AT_ONCE, FAILURES, REST_SEC) == (4, 3, 30 * 60)
