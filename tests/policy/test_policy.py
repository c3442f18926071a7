"""The policy of a commit: whole or none, and named by every input."""

import pytest

from orchestrate import resources
from orchestrate.policy import policy as module
from orchestrate.policy.installing import shipped_files, wanted_rules
from orchestrate.policy.policy import load_policy, policy_files, shipped_rules
from tests.policy.making import DictReader, refusal

RULE = b"---\nid: house\nchecks: [{id: no-foo, pattern: foo, message: m}]\n---\nText.\n"
CONFIG = ".orchestrate/config.yaml"


def loaded(files: dict[str, bytes] | None = None) -> module.Policy:
    return load_policy(DictReader(files))


def test_an_empty_repository_has_the_shipped_policy() -> None:
    policy = loaded()
    assert {rule.id for rule in policy.rules} == {rule.id for rule in shipped_rules()}
    assert "developer" in policy.roles
    assert any(rule.id == "block-no-verify" for rule in policy.harness)
    assert policy.config.require_task == "off"


def test_own_files_add_and_replace() -> None:
    policy = loaded(
        {
            CONFIG: b"require_task: always\nrules: {off: [block-rm-rf]}\n",
            ".orchestrate/rules/house.md": RULE,
            ".orchestrate/rules/README.md": b"# No rule\n",
            ".orchestrate/roles/developer.yaml": b"id: developer\nname: Ours\n",
        }
    )
    assert policy.config.require_task == "always"
    assert policy.rules[0].id == "house"
    assert policy.roles["developer"].name == "Ours"
    assert "reviewer" in policy.roles
    assert "block-rm-rf" not in {rule.id for rule in policy.harness}


def test_an_own_harness_stands_alone() -> None:
    text = b"rules: [{id: mine, description: d, type: inject, content: c}]"
    assert [r.id for r in loaded({".orchestrate/rules/harness.yaml": text}).harness] == ["mine"]


def harness_of(id: str, more: str = "") -> dict[str, bytes]:
    text = f"rules: [{{id: {id}, description: d, type: inject, content: c}}]"
    return {".orchestrate/rules/harness.yaml": text.encode(), CONFIG: more.encode() or b"{}"}


def test_a_check_and_an_own_harness_rule_may_not_share_an_id() -> None:
    files = {**harness_of("no-foo"), ".orchestrate/rules/house.md": RULE}
    assert refusal(loaded, files) == (
        ".orchestrate/rules/house.md:3: the check `no-foo` has the id of a harness rule in "
        ".orchestrate/rules/harness.yaml | a finding's id must tell which check gave it: choose "
        "another"
    )
    off = harness_of("no-foo", "rules: {off: [no-foo]}")
    assert loaded({**off, ".orchestrate/rules/house.md": RULE}).harness == ()


@pytest.mark.parametrize(
    ("id", "what"),
    [
        ("bare-todo", "is that of a check of the shipped rules/"),
        ("outside-allowed", "has the id of a built-in check"),
        ("github-token", "has the id of a shipped secret"),
        ("secrets", "has the id of a group of checks"),
    ],
)
def test_an_own_harness_rule_may_not_have_a_shipped_checks_id(id: str, what: str) -> None:
    message = refusal(loaded, harness_of(id))
    assert message.startswith(".orchestrate/rules/harness.yaml")
    assert id in message and what in message


def test_an_own_harness_may_change_a_shipped_rule() -> None:
    assert [rule.id for rule in loaded(harness_of("block-no-verify")).harness] == [
        "block-no-verify"
    ]


def test_what_init_writes_is_a_policy() -> None:
    files = ["pyproject.toml"]
    policy = loaded(shipped_files(wanted_rules(files, lambda path: None)))
    assert {rule.id for rule in policy.rules if rule.tier == "framework"} == {"python"}
    assert all(rule.source.startswith(".orchestrate/rules/") for rule in policy.rules)


@pytest.mark.parametrize(
    ("path", "data", "message"),
    [
        (CONFIG, b"limits: 3", ".orchestrate/config.yaml:1:9: `limits` must be a map"),
        (".orchestrate/rules/house.md", b"no", ".orchestrate/rules/house.md:1: no front matter"),
        (".orchestrate/rules/deep/er.md", b"no", "rules/deep/er.md:1: no front matter"),
        (
            ".orchestrate/rules/harness.yaml",
            b"rules: x",
            "harness.yaml:1:8: `rules` must be a list",
        ),
        (".orchestrate/roles/x.yaml", b"id: x", "roles/x.yaml:1:1: the field `name` is missing"),
        (
            ".orchestrate/roles/x.yml",
            b"",
            "policy files end in .yaml | rename it to .orchestrate/roles/x.yaml",
        ),
    ],
)
def test_one_broken_file_and_there_is_no_policy(path: str, data: bytes, message: str) -> None:
    assert message in refusal(loaded, {path: data})


def test_the_id_names_every_input() -> None:
    ids = {
        loaded(files).id
        for files in (
            {},
            {CONFIG: b""},
            {CONFIG: b"# x"},
            {".orchestrate/rules/house.md": RULE},
            {".orchestrate/rules/house.md": RULE + b"More.\n"},
            {".orchestrate/rules/secrets.yaml": b"{}"},
            {".orchestrate/allowed_signers": b"x"},
        )
    }
    assert len(ids) == 7
    assert all(len(id) == 64 for id in ids)


def test_the_id_says_nothing_of_other_files() -> None:
    others = {
        "README.md": b"x",
        ".orchestrate/plans/p/plan.yaml": b"x",
        ".orchestrate/config.yaml.new": b"x",
        ".orchestrate/installed.json": b"{}",
        ".orchestrate/allowed_signers_old": b"x",
    }
    assert loaded(others).id == loaded().id


def test_another_version_of_the_tool_is_another_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    before = loaded().id
    module.shipped_digest.cache_clear()
    monkeypatch.setattr(module, "__version__", "99.0")
    try:
        assert loaded().id != before
    finally:
        module.shipped_digest.cache_clear()


def test_plans_are_never_listed() -> None:
    class Watching(DictReader):
        def list(self, prefix: str) -> list[tuple[str, str]]:
            assert not ".orchestrate/plans/".startswith(prefix), prefix
            return super().list(prefix)

    assert policy_files(Watching({CONFIG: b""}))[0][0] == CONFIG


def test_every_shipped_file_is_of_a_known_kind() -> None:
    strange = [
        path
        for path, _ in resources.walk("rules")
        if not module.is_rule(f"rules/{path}")
        and not module.is_role(f"rules/{path}")
        and path not in ("harness.yaml", "secrets.yaml", "README.md")
    ]
    assert strange == []
