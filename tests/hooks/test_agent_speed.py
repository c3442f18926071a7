"""The short ways through the agents' hook give the answers of the long ones, and stay short."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks.command_search import hits, script_lines
from orchestrate.hooks import agent_hook, agent_judge, fast_json
from orchestrate.hooks.agent_commands import refusals
from orchestrate.hooks.agent_files import written
from orchestrate.hooks.agent_lines import Unreadable, runs
from orchestrate.policy.policy import load_policy
from orchestrate.runner.active_task import refused_commands
from tests.hooks.test_agent_commands import ALLOWED, FOLDERS, OURS, REFUSED
from tests.policy.making import DictReader

RULES = [rule.document() for rule in refused_commands(load_policy(DictReader()))]
LINES = [*REFUSED, *ALLOWED, *(f[0] for f in FOLDERS), *(f"orchestrate {o[0]}" for o in OURS)]
PIECES = st.sampled_from(
    [piece for line in LINES for piece in re.findall(r"\S+|\s+", line)]
    + [
        "g'i't",
        "gi\\\nt",
        "r\\m",
        "'",
        '"',
        "\\",
        " ",
        "&",
        "|",
        "curl x",
        "sh",
        "HUSKY=0",
        "\u017f",
    ]
    + [
        "cat .env",
        "mkfs.x",
        "rm -rf /",
        "rm -rf ~",
        "dd of=/dev/sda",
        ":(){ :|:& };:",
        "tail",
        "&>y",
    ]
)


def plain_of(line: str) -> str:
    return line.replace("\\\n", "").translate(agent_judge._QUOTES).lower()


def files(line: str) -> list[str]:
    try:
        return [path for run in runs(line) for path in written(run)]
    except Unreadable:
        return []


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_line_that_is_let_go_has_nothing_to_refuse(line: str) -> None:
    if not agent_judge.may_matter(line, plain_of(line)):
        assert list(refusals(line)) == []
        assert [f for f in files(line) if f != "/dev/null"] == []


def matches(rule: dict[str, Any], line: str) -> bool:
    def find(pattern: str, text: str) -> tuple[int, int] | None:
        found = re.search(pattern, text)
        return found.span() if found else None

    return any(hits(one, rule["pattern"], None, find) for one in script_lines(line))


@given(st.lists(PIECES, max_size=12).map("".join))
def test_a_rule_that_is_passed_over_does_not_match(line: str) -> None:
    for rule in RULES:
        if not agent_judge._may_match(rule, plain_of(line)):
            assert not matches(rule, line), rule["id"]


def test_every_rule_is_passed_over_for_some_line() -> None:
    assert not any(agent_judge._may_match(rule, "python -m pytest -q | tail -20") for rule in RULES)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 2]))
def test_json_is_read_as_json_reads_it(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert fast_json.loads(f" {text}\n".encode()) == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "{} {}", "[1,]", "x", "'a'", '"a', "01", "\ufeff{}"])
def test_what_is_no_json_is_an_error(text: str) -> None:
    with pytest.raises(ValueError):
        fast_json.loads(text.encode())


def modules(event: dict[str, Any], folder: Path) -> set[str]:
    """What one call of the hook imports."""
    guard = {"schema_version": 1, "scope": ["src/"], "commands": RULES, "workspace": str(folder)}
    lists = {"scope": ["(?s:src/.*)"], "named": [], "deny": [], "protected": [], "role": []}
    (folder / "guard.json").write_text(json.dumps({**guard, "regexes": lists}))
    code = (
        f"import sys, io; sys.path.insert(0, {agent_hook.ROOT!r}); "
        "from orchestrate.hooks import agent_hook; "
        f"agent_hook.main(['claude', {str(folder / 'guard.json')!r}]); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        input=json.dumps({"hook_event_name": "PreToolUse", "cwd": str(folder), **event}),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


def test_what_a_call_imports(tmp_path: Path) -> None:
    harmless = {"command": "cd src && python -m pytest -q tests 2>&1 | tail -20"}
    light = modules({"tool_name": "Bash", "tool_input": harmless}, tmp_path)
    assert light.isdisjoint({"re", "json", "typing", "enum", "orchestrate.checks.shell"})
    bypass = {"command": "git commit --no-verify"}
    judged = modules({"tool_name": "Bash", "tool_input": bypass}, tmp_path)
    assert "orchestrate.checks.shell" in judged
    assert judged.isdisjoint({"json", "typing", "dataclasses", "contextlib", "pathlib"})
    edit = modules({"tool_name": "Write", "tool_input": {"file_path": "src/x"}}, tmp_path)
    assert edit.isdisjoint({"json", "typing", "orchestrate.checks.shell"})
