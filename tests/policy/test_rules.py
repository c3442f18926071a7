"""Rules: read from Markdown, ordered, replaced, configured, matched and detected."""

import pytest

from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.findings import Severity
from orchestrate.checks.secrets.rules import shipped
from orchestrate.checks.selecting import GROUPS
from orchestrate.policy.config import default_config, load_config
from orchestrate.policy.policy import shipped_harness, shipped_rules
from orchestrate.policy.rules import Rule, detected, effective, load_rule, matching
from orchestrate.policy.taken import taken_ids
from tests.policy.making import refusal

RULE = b"""\
---
id: house
paths: ["*.py"]
detect: [pyproject.toml]
checks:
  - id: no-print
    pattern: \\bprint\\(
    unless: '# ok'
    except: [scripts/]
    message: Printed.
---

# House

Say it in the log.
"""


def rule(text: bytes = RULE, name: str = "house") -> Rule:
    return load_rule(text, f".orchestrate/rules/{name}.md")


def made(id: str, tier: str = "project", priority: int = 50, check: str = "") -> Rule:
    checks = f"checks: [{{id: {check}, pattern: x, message: m}}]\n" if check else ""
    head = f"---\nid: {id}\ntier: {tier}\npriority: {priority}\n{checks}---\ntext of {id}\n"
    return load_rule(head.encode(), f"{tier}/{id}.md")


def test_a_rule_is_front_matter_and_text() -> None:
    found = rule()
    assert (found.tier, found.priority, found.version) == ("project", 50, "1")
    assert found.text == "# House\n\nSay it in the log."
    (check,) = found.checks
    assert check.paths == ("*.py",)
    assert (check.on, check.severity) == ("added-lines", Severity.WARN)
    assert check.applies_to("src/a.py")
    assert not check.applies_to("scripts/a.py")
    assert not check.applies_to("a.js")


@pytest.mark.parametrize(
    "text",
    [RULE.replace(b"\n", b"\r\n"), b"\xef\xbb\xbf" + RULE, RULE.replace(b"---\n\n", b"--- \n")],
)
def test_line_ends_and_marks_do_not_matter(text: bytes) -> None:
    assert rule(text).checks[0].id == "no-print"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"# House\n", "house.md:1: no front matter"),
        (b"---\nid: house\n", "house.md:1: no front matter"),
        (
            RULE.replace(b"house", b"other", 1),
            "house.md:2:5: the id `other` is not the file's name",
        ),
        (
            RULE.replace(b"\\bprint", b"(?!x)print"),
            "house.md:7:14: rule house, check no-print: the expression",
        ),
        (
            RULE.replace(b"'# ok'", b"'('"),
            "house.md:8:13: rule house, check no-print: the expression",
        ),
        (RULE.replace(b"scripts/", b"./scripts"), "house.md:9:14: path pattern"),
        (
            RULE.replace(b"pattern:", b"patern:"),
            "house.md:7:5: unknown field `patern` | did you mean `pattern`?",
        ),
        (
            RULE.replace(b"    pattern: \\bprint\\(\n", b""),
            "house.md:6:5: rule house, check no-print: needs one of",
        ),
        (
            RULE.replace(b"    unless:", b"    builtin: invalid-json\n    unless:"),
            "it has pattern and builtin",
        ),
        (RULE.replace(b"pyproject.toml", b"'package.json:'"), "a name must follow"),
        (RULE.replace(b"pyproject.toml", b"'!x'"), "house.md:4:10: path pattern '!x'"),
        (RULE.replace(b"Say", b"\xff"), "house.md:15: the text is not UTF-8"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_place(text: bytes, message: str) -> None:
    assert message in refusal(rule, text)


def test_project_comes_before_framework_before_universal_then_priority() -> None:
    rules = [
        made("a", "universal", 100),
        made("b", "framework", 10),
        made("c", "project", 1),
        made("d", "framework", 90),
        made("e", "universal", 100),
    ]
    assert [r.id for r in matching(rules, ["x"])] == ["c", "d", "b", "a", "e"]


def test_only_rules_about_the_files_match() -> None:
    assert [r.id for r in matching(shipped_rules(), ["src/main.rs"])] == [
        "rust",
        "security",
        "git-hygiene",
    ]
    assert matching(shipped_rules(), []) == []


def test_an_own_rule_replaces_the_shipped_one_of_its_id() -> None:
    config = default_config().rules
    own = made("security", "universal")
    found = {r.id: r for r in effective(shipped_rules(), [own], config)}
    assert found["security"].text == "text of security"
    assert "test-standards" in found


def test_pinned_rules_stand_alone() -> None:
    config = load_config(b"rules: {shipped: false}").rules
    assert [r.id for r in effective(shipped_rules(), [made("own")], config)] == ["own"]


def test_rules_and_checks_are_switched_off_and_made_milder() -> None:
    text = b"rules: {off: [unity, bare-todo], severity: {focused-test: warn}, ignore: [samples/]}"
    found = {r.id: r for r in effective(shipped_rules(), [], load_config(text).rules)}
    assert "unity" not in found
    assert "bare-todo" not in {c.id for c in found["git-hygiene"].checks}
    focused = next(c for c in found["test-standards"].checks if c.id == "focused-test")
    assert focused.severity == Severity.WARN
    assert focused.applies_to("a.test.js")
    assert not focused.applies_to("samples/a.test.js")


def test_two_rules_may_not_bring_the_same_check() -> None:
    message = refusal(
        effective, [], [made("a", check="twin"), made("b", check="twin")], default_config().rules
    )
    assert "project/b.md:5: the check `twin` is already defined in project/a.md" in message


@pytest.mark.parametrize("tier", ["project", "universal"])
def test_a_check_of_ones_own_may_not_have_a_shipped_ones_id(tier: str) -> None:
    own = made("own", tier, 1000, check="bare-todo")
    message = refusal(effective, shipped_rules(), [own], default_config().rules)
    assert f"{tier}/own.md:5: the check `bare-todo` is already defined in rules/" in message
    off = load_config(b"rules: {off: [bare-todo]}").rules
    assert effective(shipped_rules(), [own], off)


@pytest.mark.parametrize(
    ("id", "what"),
    [
        ("huge-file", "a built-in check"),
        ("secrets", "a group of checks"),
        ("github-token", "a shipped secret"),
        ("block-no-verify", "a harness rule"),
    ],
)
def test_an_id_that_findings_from_elsewhere_have_is_refused_with_its_place(
    id: str, what: str
) -> None:
    text = RULE.replace(b"no-print", id.encode())
    message = refusal(rule, text)
    assert message.startswith(".orchestrate/rules/house.md:6:9: ")
    assert f"check {id}: this is the id of {what}" in message


def test_the_ids_that_are_taken_are_all_of_what_ships() -> None:
    secrets = {rule.id for rule in shipped().rules}
    harness = {rule.id for rule in shipped_harness()}
    assert taken_ids().keys() >= CATALOGUE.keys() | set(GROUPS) | secrets | harness


def test_the_ids_of_shipped_checks_are_unique() -> None:
    ids = [check.id for r in shipped_rules() for check in r.checks]
    assert len(ids) == len(set(ids))


def test_the_shipped_rules_are_those_promised() -> None:
    found = {(r.id, r.tier, r.priority) for r in shipped_rules()}
    assert found >= {
        ("security", "universal", 100),
        ("test-standards", "universal", 80),
        ("design-docs", "universal", 60),
        ("git-hygiene", "universal", 40),
        ("solidity", "framework", 80),
        ("typescript", "framework", 70),
        ("unity", "framework", 70),
    }
    assert {"python", "rust", "go"} <= {id for id, _, _ in found}


def test_the_universal_texts_and_two_frameworks_fit_into_a_prompt() -> None:
    universal = [r for r in shipped_rules() if r.tier == "universal"]
    framework = sorted(
        (r for r in shipped_rules() if r.tier == "framework"), key=lambda r: -len(r.text)
    )
    chars = sum(len(r.text) for r in (*universal, *framework[:2]))
    assert chars <= default_config().limits.max_rules_chars


@pytest.mark.parametrize(
    ("files", "frameworks"),
    [
        (["README.md"], set()),
        (["pyproject.toml"], {"python"}),
        (["requirements-dev.txt"], {"python"}),
        (["services/api/go.mod", "services/web/tsconfig.json"], {"go", "typescript"}),
        (["Cargo.toml", "foundry.toml"], {"rust", "solidity"}),
        (["hardhat.config.ts"], {"solidity"}),
        (["ProjectSettings/ProjectVersion.txt", "Assets/Main.unity"], {"unity"}),
        (["web/node_modules/x/tsconfig.json", "node_modules/y/go.mod"], set()),
    ],
)
def test_frameworks_are_detected_by_their_files(files: list[str], frameworks: set[str]) -> None:
    found = detected(shipped_rules(), files, lambda path: None)
    assert {r.id for r in found if r.tier == "framework"} == frameworks
    assert {r.id for r in found if r.tier == "universal"} == {
        r.id for r in shipped_rules() if r.tier == "universal"
    }
