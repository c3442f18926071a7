"""One id is one thing everywhere: the check, its page and its samples; and the samples hold.

tests/hooks/test_differential.py runs the same samples through hook, runner and CI.
"""

import re
from pathlib import Path

import pytest

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.policy.policy import shipped_rules
from tests.checks.sampling import SAMPLES, files_of
from tests.hooks.making import engine_findings

DOCS = Path(__file__).parents[2] / "docs"
RULED = {check.id for rule in shipped_rules() for check in rule.checks}

# Why a file that lies in this repository cannot show it, and where it is shown instead.
NEEDS_A_TASK = "depends on the task: tests/checks/test_scope.py, test_engine.py"
NO_FILE = "is about a message, a push or the engine: tests/checks, tests/hooks, tests/secrets"
NOT_ADDED = "git refuses to add such a path: tests/checks/test_unsafe_path.py"
NOT_KEPT = "would weigh on every clone, or is no text: tests/checks"
WITHOUT_SAMPLE = {
    **dict.fromkeys(
        (
            "outside-allowed", "in-forbidden", "not-in-planned-files", "no-active-task",
            "metric-changed", "forbidden-pattern", "missing-output", "missing-output-content",
        ),
        NEEDS_A_TASK,
    ),
    **{e.id: NO_FILE for e in CATALOGUE.values() if e.group in ("message", "push", "engine")},
    "secrets-engine-failed": NO_FILE,
    "too-many-candidates": NOT_KEPT,
    "unsafe-path": NOT_ADDED,
    "unsafe-symlink": NOT_KEPT,  # it would be one for whoever checks this repository out
    "submodule-changed": NOT_KEPT,
    "huge-file": NOT_KEPT,
    "too-large-to-scan": NOT_KEPT,
}  # fmt: skip
SAMPLED = sorted((CATALOGUE.keys() | RULED) - WITHOUT_SAMPLE.keys())


def test_every_id_has_its_page_and_its_samples_and_nothing_else_has() -> None:
    in_checks = set(re.findall(r"^\| `([a-z-]+)` \|", (DOCS / "checks.md").read_text(), re.M))
    in_rules = set(re.findall(r"^### ([a-z0-9-]+)$", (DOCS / "rules.md").read_text(), re.M))
    # A tool's cache folder is nobody's sample.
    folders = [folder.name for folder in SAMPLES.iterdir() if folder.is_dir()]
    samples = {name for name in folders if not name.startswith((".", "__"))}
    assert in_checks == CATALOGUE.keys()
    assert in_rules == RULED
    assert samples == set(SAMPLED)
    assert CATALOGUE.keys() | RULED >= WITHOUT_SAMPLE.keys()


@pytest.mark.parametrize("id", SAMPLED)
def test_each_failing_sample_is_found_and_no_passing_one(id: str) -> None:
    fails, passes = files_of(SAMPLES / id / "fail"), files_of(SAMPLES / id / "pass")
    assert fails and passes
    found = {f.path for f in engine_findings({}, fails) if f.id == id}
    assert found == fails.keys()
    assert [f.path for f in engine_findings({}, passes) if f.id == id] == []
