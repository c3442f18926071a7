"""What init and an upgrade do to each file."""

import json

import pytest

from orchestrate.policy.installing import (
    Action,
    Step,
    digest,
    plan_install,
    read_record,
    record,
    shipped_files,
    wanted_rules,
)
from tests.policy.making import refusal

OLD, NEW, MINE = b"old\n", b"new\n", b"mine\n"


@pytest.mark.parametrize(
    ("current", "installed", "upgrade", "action"),
    [
        (None, None, False, Action.CREATE),
        (None, None, True, Action.CREATE),
        (None, OLD, False, Action.REMOVED),
        (None, OLD, True, Action.REMOVED),
        (OLD, OLD, False, Action.KEEP),
        (OLD, OLD, True, Action.REPLACE),
        (MINE, OLD, False, Action.KEEP),
        (MINE, OLD, True, Action.BESIDE),
        (MINE, NEW, True, Action.KEEP),  # nothing newer to offer
        (MINE, None, True, Action.BESIDE),  # theirs before we came
        (MINE, None, False, Action.KEEP),
        (NEW, OLD, True, Action.KEEP),
        (NEW, None, True, Action.KEEP),
    ],
)
def test_a_file_is_never_lost(
    current: bytes | None, installed: bytes | None, upgrade: bool, action: Action
) -> None:
    before = {"f": digest(installed)} if installed else {}
    (step,) = plan_install({"f": NEW}, before, lambda path: current, upgrade=upgrade)
    assert step.action == action
    written = {Action.CREATE: "f", Action.REPLACE: "f", Action.BESIDE: "f.new"}
    assert step.target == written.get(action)


def test_the_record_names_what_was_offered() -> None:
    steps = [
        Step("created", Action.CREATE, NEW, None),
        Step("beside", Action.BESIDE, NEW, MINE),
        Step("kept", Action.KEEP, NEW, MINE),
        Step("same", Action.KEEP, NEW, NEW),
        Step("removed", Action.REMOVED, NEW, None),
    ]
    before = {"kept": digest(OLD), "removed": digest(OLD), "gone": "x"}
    after = read_record(record(steps, before))
    assert after == {
        "created": digest(NEW),
        "beside": digest(NEW),
        "kept": digest(OLD),
        "same": digest(NEW),
        "removed": digest(OLD),
        "gone": "x",
    }


def test_an_offer_is_made_once() -> None:
    offered = plan_install({"f": NEW}, {"f": digest(OLD)}, lambda p: MINE, upgrade=True)
    again = plan_install({"f": NEW}, read_record(record(offered, {})), lambda p: MINE, upgrade=True)
    assert [step.action for step in (*offered, *again)] == [Action.BESIDE, Action.KEEP]


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"{", b'{"schema_version": 1, "files": {"a": 1}}', b"[" * 99_999]
)
def test_a_damaged_record_is_refused(data: bytes) -> None:
    assert "installed.json: is damaged" in refusal(read_record, data)


def test_a_record_of_a_newer_version_is_refused() -> None:
    text = json.dumps({"schema_version": 2, "files": {}}).encode()
    assert "upgrade orchestrate" in refusal(read_record, text)


def test_no_record_is_an_empty_one() -> None:
    assert read_record(None) == {}


def test_the_files_are_those_of_the_frameworks_found() -> None:
    manifest = b'{"devDependencies": {"typescript": "5"}}'
    rules = wanted_rules(["package.json", "src/a.py"], {"package.json": manifest}.get)
    files = shipped_files(rules)
    assert {path for path in files if path.startswith(".orchestrate/rules/")} == {
        f".orchestrate/rules/{name}"
        for name in (
            "security.md",
            "test-standards.md",
            "design-docs.md",
            "git-hygiene.md",
            "typescript.md",
            "harness.yaml",
        )
    }
    assert ".orchestrate/roles/reviewer.yaml" in files
    assert ".orchestrate/plan-templates/team-bugfix.yaml" in files
    assert ".orchestrate/config.yaml" in files
