"""Each check that is an expression or a path finds all of its `fail` samples and none of `pass`."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import re2

from orchestrate.policy.policy import shipped_rules
from orchestrate.policy.rules import Check

SAMPLES = Path(__file__).parent.parent / "samples"
CHECKS = {
    check.id: check for rule in shipped_rules() for check in rule.checks if check.builtin is None
}


def files(check_id: str, kind: str) -> Iterator[tuple[str, str]]:
    folder = SAMPLES / check_id / kind
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            yield file.relative_to(folder).as_posix(), file.read_text()


def is_found(check: Check, path: str, text: str) -> bool:
    if not check.applies_to(path):
        return False
    if check.pattern is None:
        return True
    hits = [line for line in text.split("\n") if re2.search(check.pattern, line)]
    return any(not (check.unless and re2.search(check.unless, line)) for line in hits)


@pytest.mark.parametrize("check_id", sorted(CHECKS))
def test_every_fail_sample_is_found(check_id: str) -> None:
    samples = list(files(check_id, "fail"))
    assert samples, f"no samples in {SAMPLES / check_id / 'fail'}"
    missed = [path for path, text in samples if not is_found(CHECKS[check_id], path, text)]
    assert missed == []


@pytest.mark.parametrize("check_id", sorted(CHECKS))
def test_no_pass_sample_is_found(check_id: str) -> None:
    samples = list(files(check_id, "pass"))
    assert samples, f"no samples in {SAMPLES / check_id / 'pass'}"
    wrong = [path for path, text in samples if is_found(CHECKS[check_id], path, text)]
    assert wrong == []
