"""The engine as a whole: every check runs, a crash blocks, order and selection are stable."""

import json
import re
from dataclasses import replace

import pytest

from orchestrate.checks import hygiene, line_search, unsafe_path
from orchestrate.checks.catalogue import CATALOGUE
from orchestrate.checks.change import MAX_CONTENT
from orchestrate.checks.engine import blocks, run_checks
from orchestrate.checks.findings import Severity
from orchestrate.checks.search import Search
from orchestrate.checks.secrets.rules import Ruleset
from orchestrate.checks.selecting import GROUPS
from orchestrate.checks.task_rules import TaskRules
from orchestrate.policy.roles import ForbiddenPattern, RequiredOutput
from orchestrate.policy.rules import Check
from orchestrate.resources import walk
from tests.checks.making import change_of, link, program
from tests.hooks.making import prepared, shipped_policy

POLICY = shipped_policy()
NO_SECRETS = Search((), Ruleset((), (), ""))


def check(id: str, **fields: object) -> Check:
    defaults = {
        "rule": "r", "pattern": None, "unless": None, "builtin": None, "paths": ("**",),
        "excepted": (), "on": "added-lines", "severity": Severity.BLOCK, "message": "m", "fix": "f",
    }  # fmt: skip
    return Check(id=id, **{**defaults, **fields})  # type: ignore[arg-type]


def policy_with(*checks: Check, **config: object):
    rule = replace(POLICY.rules[0], checks=checks)
    return replace(POLICY, rules=(rule,), config=replace(POLICY.config, **config))


def ids(old: dict, new: dict, *checks: Check, **options: object) -> list[tuple[str, str, int]]:
    change = change_of(old, new)
    found = run_checks(change, policy_with(*checks), None, search=NO_SECRETS, **options)  # type: ignore[arg-type]
    return [(f.id, f.path, f.line) for f in found]


def test_a_pattern_finds_added_lines_alone() -> None:
    one = check("no-x", pattern="x+")
    assert ids({"a": b"x\n"}, {"a": b"x\nxx\n"}, one) == [("no-x", "a", 2)]


def test_on_whole_file_every_line_of_a_touched_file_counts() -> None:
    one = check("no-x", pattern="x+", on="whole-file")
    assert ids({"a": b"x\n", "b": b"x\n"}, {"a": b"x\ny\n", "b": b"x\n"}, one) == [("no-x", "a", 1)]


def test_unless_paths_and_excepted_lift_lines_and_files() -> None:
    one = check("no-x", pattern="x", unless="fine", paths=("*.py",), excepted=("gen/",))
    new = {"a.py": b"x fine\nx\n", "b.js": b"x\n", "gen/c.py": b"x\n"}
    assert ids({}, new, one) == [("no-x", "a.py", 2)]


def test_anchors_mean_the_line() -> None:
    assert ids({}, {"a": b"y\nx\n"}, check("c", pattern="^x$")) == [("c", "a", 2)]
    assert ids({}, {"a": b"y\r\nx\r\n"}, check("c", pattern=r"\Ax\z")) == [("c", "a", 2)]


def test_no_encoding_hides_a_line() -> None:
    one = check("c", pattern="TODO.")
    for data in ("TODO!\n".encode("utf-16"), b"\xff TODO!\n", b"\0TODO!\n", b"a\rTODO!\r"):
        assert [f[:2] for f in ids({}, {"a": data}, one)] == [("c", "a")], data


def test_expressions_beyond_ascii_see_characters() -> None:
    assert ids({}, {"a": "naïve\n".encode()}, check("c", pattern="na[ï]ve")) == [("c", "a", 1)]
    assert ids({}, {"a": "привет\n".encode()}, check("c", pattern=r"^\p{Cyrillic}{6}$")) != []


def test_a_mark_lifts_a_line_only_where_the_policy_accepts_marks() -> None:
    text = b"x # orchestrate: allow no-x because of y\n"
    one = check("no-x", pattern="^x")
    assert ids({}, {"a": text}, one) == []
    strict = replace(POLICY.config.secrets, inline_allow=False)
    policy = policy_with(one, secrets=strict)
    assert run_checks(change_of({}, {"a": text}), policy, None, search=NO_SECRETS)


def test_added_paths() -> None:
    one = check("no-env", on="added-path", paths=(".env",))
    assert ids({}, {"a/.env": b""}, one) == [("no-env", "a/.env", 0)]
    assert ids({"a/.env": b"1"}, {"a/.env": b"2"}, one) == []


def test_a_roles_forbidden_patterns_hold_for_its_tasks() -> None:
    role = next(iter(POLICY.roles.values()))
    forbidden = ForbiddenPattern("print", ("*.py",), None, Severity.BLOCK, "no print", "log it")
    role = replace(role, forbidden_patterns=(forbidden,), scope_paths=(), required_outputs=())
    change = change_of({}, {"a.py": b"print(1)\n"})
    found = run_checks(change, policy_with(), TaskRules("t", role), search=NO_SECRETS)
    assert [(f.id, f.line, f.column) for f in found] == [("forbidden-pattern", 1, 1)]
    assert run_checks(change, policy_with(), TaskRules("t"), search=NO_SECRETS) == []


def test_required_outputs_are_judged_over_the_whole_change() -> None:
    wanted = (
        RequiredOutput("file_match", "docs/*.md", None, "a page"),
        RequiredOutput("content_check", "*.py", "^def test_", "a test"),
    )
    task = TaskRules("t", required_outputs=wanted)

    def found(new: dict) -> list[str]:
        return [
            f.id for f in run_checks(change_of({}, new), policy_with(), task, search=NO_SECRETS)
        ]

    assert found({"x": b""}) == ["missing-output", "missing-output"]
    assert found({"docs/a.md": b"", "a.py": b"x\n"}) == ["missing-output-content"]
    assert found({"docs/a.md": b"", "a.py": b"x\n", "b.py": b"def test_x\n"}) == []


def test_a_protected_path_is_told_once_where_nobody_is_refused() -> None:
    new = {".githooks/pre-commit": b"", ".gitmodules": b"", "CODEOWNERS": b""}

    def found(**config: object) -> dict[str, set[str]]:
        ids: dict[str, set[str]] = {}
        for one in run_checks(change_of({}, new), policy_with(**config), None, search=NO_SECRETS):
            ids.setdefault(one.path, set()).add(one.id)
        return ids

    told = found()
    assert told[".githooks/pre-commit"] == {"hooks-changed"}
    assert told["CODEOWNERS"] == {"in-protected"}
    assert found(require_task="protected")[".githooks/pre-commit"] == {
        "hooks-changed", "in-protected",
    }  # fmt: skip


def test_changes_to_what_judges_are_findings_of_their_own() -> None:
    new = {
        ".orchestrate/rules/README.md": b"",
        ".githooks/pre-commit": b"",
        ".ci/run": b"",
        "m.py": b"",
    }
    task = TaskRules("t", scope=tuple(new), allow_protected=True, measured_by=("m.py",))
    found = run_checks(change_of({}, new), policy_with(), task, search=NO_SECRETS)
    assert {f.id for f in found} == {
        "policy-changed", "hooks-changed", "ci-changed", "metric-changed",
    }  # fmt: skip


def test_a_check_that_crashes_blocks_and_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(*args: object) -> None:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(unsafe_path, "check_names", crash)
    change = change_of({}, {"l": link("/x")})
    found = run_checks(change, policy_with(), None, search=NO_SECRETS)
    assert [f.id for f in found] == ["check-crashed", "unsafe-symlink"]
    assert "check `names`: ZeroDivisionError: oh" in found[0].message
    assert blocks(found)
    # Not even leaving its group out of what is shown hides a crash.
    assert run_checks(change, policy_with(), None, search=NO_SECRETS, only=frozenset({"paths"}))


def test_a_file_that_cannot_be_read_or_searched_blocks() -> None:
    class Broken:
        def scan(self, *args: object, **options: object) -> None:
            raise ValueError("no scratch")

    change = change_of({}, {"a.py": b"x\n"})
    lost = change_of({}, {"a.py": b"x\n"})
    lost.blobs.blobs.clear()  # type: ignore[attr-defined]
    for judged, search, name in (
        (lost, NO_SECRETS, "reading"),
        (change, Search(("x",), Ruleset((), (), ""), Broken()), "search"),
    ):
        found = run_checks(judged, policy_with(), None, search=search)
        assert {f.id for f in found} == {"check-crashed"}
        assert any(f"check `{name}`" in f.message for f in found)


def test_only_and_skip_select_groups_and_ids() -> None:
    change = change_of({}, {"l": link("/x"), "r": program(), ".ci/x": b""})

    def found(**options: frozenset[str]) -> list[str]:
        return [f.id for f in run_checks(change, policy_with(), None, search=NO_SECRETS, **options)]

    assert found(only=frozenset({"paths"})) == ["unsafe-symlink", "new-executable"]
    assert found(only=frozenset({"new-executable"})) == ["new-executable"]
    assert found(skip=frozenset({"paths", "judging"})) == ["in-protected"]


def test_a_file_too_large_to_read_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestrate.checks import change

    assert MAX_CONTENT >= 64 * 1024 * 1024
    monkeypatch.setattr(change, "MAX_CONTENT", 10)
    monkeypatch.setattr(unsafe_path, "MAX_CONTENT", 10)
    files = {"a.json": b"{" * 11}
    one = check("c", pattern="{"), check("j", builtin="invalid-json")
    assert ids({}, files, *one) == [("too-large-to-scan", "a.json", 0)]


def test_a_rule_may_set_what_huge_files_are() -> None:
    big = {"a.bin": b"x" * (1024 * 1024 + 1)}
    assert ids({}, big) == [("huge-file", "a.bin", 0)]
    assert ids({}, big, check("big", builtin="huge-file", excepted=("*.bin",))) == []
    assert ids({}, big, check("big", builtin="huge-file")) == [("big", "a.bin", 0)]


def test_findings_are_sorted_and_never_twice() -> None:
    new = {"b": b"x\nx\n", "a": b"x\n"}
    one = check("c", pattern="x")
    assert ids({}, new, one) == [("c", "a", 1), ("c", "b", 1), ("c", "b", 2)]


def test_every_group_and_id_of_the_catalogue_is_known() -> None:
    groups = {entry.group for entry in CATALOGUE.values()}
    assert groups <= {*GROUPS, "push", "engine"}
    assert all(entry.next_step and entry.because for entry in CATALOGUE.values())


def test_the_builtins_that_policy_may_name_are_the_ones_there_are() -> None:
    named = set()
    for _, data in walk("schemas"):
        for found in re.finditer(r'"builtin":\s*\{[^{}]*"enum":\s*(\[[^\]]*\])', data.decode()):
            named |= set(json.loads(found[1]))
    assert named
    assert named <= hygiene.BUILTINS


@pytest.mark.parametrize("pattern", [r"\Ax", r"x\z", "é", r"\pL", "(?-m:^x)", "(?s)x"])
def test_expressions_that_mean_another_thing_over_many_lines_are_not_searched_jointly(
    pattern: str,
) -> None:
    assert not line_search.is_plain(pattern)


def test_the_joint_search_rules_out_no_line_that_matches() -> None:
    search = prepared()[0]
    for rule in POLICY.rules:
        for one in rule.checks:
            if one.pattern is None or one.on == "added-path":
                continue
            for line in (b"# TODO x", b"print(x)", b"eval(x)", b"debugger;", b"verify=False"):
                if line_search.search(one.pattern, line):
                    seen = search.look(b"before\n" + line + b"\nafter\n")
                    assert seen.may_match(one.pattern)
