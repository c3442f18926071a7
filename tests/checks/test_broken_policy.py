"""The policy as a change would leave it: refused where it would not parse, and said where."""

import pytest

from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding, Severity
from tests.checks.making import change_of, link
from tests.hooks.making import fast_doubt, prepared, shipped_policy

CONFIG = ".orchestrate/config.yaml"
RULE = b'---\nid: %s\nversion: "1.0.0"\n'
RULE += b"checks:\n  - {id: no-x, pattern: x, message: no x}\n---\nNo x.\n"


def found(old: dict, new: dict) -> list[Finding]:
    search = prepared()[0]
    findings = run_checks(change_of(old, new), shipped_policy(), None, search=search)
    return [f for f in findings if f.id == "broken-policy"]


@pytest.mark.parametrize(
    ("path", "data", "line", "said"),
    [
        (CONFIG, b"protected: [a\n", 2, "expected"),
        (CONFIG, b"protected: []\nprotect: [a]\n", 2, "protect"),
        (".orchestrate/rules/own.md", b"no front matter\n", 1, "---"),
        (".orchestrate/roles/own.yaml", b"id: own\nscopes: []\n", 1, "scopes"),
        (".orchestrate/rules/harness.yaml", b"rules: 3\n", 1, "rules"),
        (".orchestrate/rules/own.yml", b"x: 1\n", 0, ".yaml"),
    ],
)
def test_a_file_that_does_not_parse_is_told_with_its_place(
    path: str, data: bytes, line: int, said: str
) -> None:
    (one,) = found({}, {path: data})
    assert (one.severity, one.path, one.line) == (Severity.BLOCK, path, line)
    assert said in one.message + one.next_step
    assert fast_doubt({}, {path: data})


def test_files_that_do_not_fit_what_the_change_leaves_alone_are_found() -> None:
    old = {".orchestrate/rules/a.md": RULE % b"a"}
    (one,) = found(old, {**old, ".orchestrate/rules/b.md": RULE % b"b"})
    assert "already defined" in one.message
    assert not found(old, {".orchestrate/rules/b.md": RULE % b"b"})  # moved


def test_what_hides_the_policy_is_found() -> None:
    old = {CONFIG: b"protected: []\n"}
    for new in (
        {CONFIG: link("x.yaml")},
        {".orchestrate": link("elsewhere")},
        {".orchestrate": b""},
    ):
        (one,) = found(old, new)
        assert "plain file" in one.message
        assert fast_doubt(old, new)
    assert fast_doubt({".orchestrate/plans/p.yaml": b"x\n"}, {".orchestrate": b""})


def test_a_policy_that_is_repaired_or_not_touched_passes() -> None:
    broken, whole = {CONFIG: b"a: ["}, {CONFIG: b"protected: []\n"}
    assert not found(broken, whole)
    assert not found(broken, {})
    assert not found(broken, {**broken, "a.py": b"x = 1\n"})
