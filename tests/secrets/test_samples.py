"""Every rule against its own samples, through the real engine, with and without hyperscan."""

import pytest

from orchestrate.checks.secrets.engine import scan
from orchestrate.checks.secrets.rules import Ruleset, Samples
from orchestrate.checks.secrets.samples import expand
from orchestrate.checks.secrets.scanner import Scanner

Loaded = tuple[Ruleset, dict[str, Samples]]
SEEDS = (1, 2, 3, 4)


def reported(template: str, path: str, seed: int, scanner: Scanner) -> set[str]:
    text = expand(template, seed).encode()
    return {hit.rule for hit in scan(text, path, scanner=scanner)}


def test_each_rule_reports_its_samples_and_leaves_the_clean_ones(
    loaded: Loaded, either: Scanner
) -> None:
    wrong = []
    for id, samples in loaded[1].items():
        for seed in SEEDS:
            for path, text in samples.match:
                if id not in reported(text, path, seed, either):
                    wrong.append(("missed", id, expand(text, seed)))
            for path, text in samples.clean:
                if id in reported(text, path, seed, either):
                    wrong.append(("reported", id, expand(text, seed)))
    assert wrong == []


def test_each_rule_has_samples_of_both_kinds_and_a_description(loaded: Loaded) -> None:
    ruleset, samples = loaded
    assert [rule.id for rule in ruleset.rules if not samples[rule.id].match] == []
    assert [rule.id for rule in ruleset.rules if not samples[rule.id].clean] == []
    assert [rule.id for rule in ruleset.rules if len(rule.description) < 6] == []


def test_no_clean_sample_is_reported_by_any_blocking_rule(loaded: Loaded, scanner: Scanner) -> None:
    blocking = {rule.id for rule in loaded[0].rules if rule.severity == "block"}
    wrong = [
        (id, text, found)
        for id, samples in loaded[1].items()
        for path, text in samples.clean
        if (found := reported(text, path, 1, scanner) & blocking)
    ]
    assert wrong == []


@pytest.mark.parametrize("vendor", ["aws", "gcp", "azure", "github", "gitlab", "npm", "slack"])
def test_the_big_vendors_are_there(loaded: Loaded, vendor: str) -> None:
    ids = [rule.id for rule in loaded[0].rules if rule.id.startswith(vendor)]
    assert ids, f"no rule for {vendor}"


def test_a_vendor_rule_names_where_its_facts_come_from(loaded: Loaded) -> None:
    assert [rule.id for rule in loaded[0].rules if rule.binary and not rule.source] == []
