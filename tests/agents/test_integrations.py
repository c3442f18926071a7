"""Settings files keep every byte of their own, with our hooks in and after they went."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents import json_text
from orchestrate.agents.integrations import INTEGRATIONS, add, remove
from orchestrate.errors import Conflict, InvalidInput

ARGV = ("/usr/bin/python3", "-I", "-S", "/opt/orchestrate/hooks/agent_hook.py", "claude")
JSON_CLIENTS = ("claude", "codex", "gemini")

THERE = [
    "{}",
    "{}\n",
    "{ }",
    "{\n}\n",
    '{"a": 1}',
    '{\n    "a": 1\n}\n',
    '{\n\t"a": [1,2 , 3],\n\t"b": "}{"\n}',
    '{"hooks": {}}',
    '{"hooks": { } , "z": null}',
    '{\n  "hooks": {\n  }\n}\n',
    '{"hooks": {"SessionStart": []}}',
    '{"hooks": {"SessionStart": [ ], "BeforeTool": []}}',
    '{\n  "hooks": {\n    "PreToolUse": [\n      {"hooks": [{"command": "mine"}]}\n    ]\n  }\n}',
    '{\n  "hooks": {"Stop": [{"hooks": [{"command": "mine"}]}]}, "x": true\n}\r\n',
]


@pytest.mark.parametrize("client", JSON_CLIENTS)
@pytest.mark.parametrize("text", THERE)
def test_what_was_there_stays_and_comes_back(client: str, text: str) -> None:
    added = add(client, text, ARGV)
    before, after = json.loads(text), json.loads(added)
    hooks, was = after.pop("hooks"), before.pop("hooks", {})
    assert after == before
    assert all(hooks[event][: len(entries)] == entries for event, entries in was.items())
    assert "agent_hook.py" in hooks["SessionStart"][-1]["hooks"][0]["command"]
    assert add(client, added, ARGV) == added
    assert remove(client, added) == text


@pytest.mark.parametrize("client", list(INTEGRATIONS))
def test_a_file_of_ours_alone_goes(client: str) -> None:
    added = add(client, None, ARGV)
    assert add(client, added, ARGV) == added
    assert remove(client, added) is None


def test_comments_stay() -> None:
    text = '{\n  // mine\n  "a": 1, /* } */\n  "b": "//x",\n}\n'
    added = add("gemini", text, ARGV)
    assert "// mine" in added
    assert remove("gemini", added) == text


def test_what_was_added_since_stays() -> None:
    added = add("claude", '{\n  "a": 1\n}\n', ARGV)
    edited = json.loads(added)
    edited["hooks"]["Stop"].append({"hooks": [{"command": "later"}]})
    edited["z"] = 2
    left = remove("claude", json.dumps(edited, indent=1))
    assert left is not None
    kept = {"a": 1, "z": 2, "hooks": {"Stop": [{"hooks": [{"command": "later"}]}]}}
    assert json.loads(left) == kept


def test_another_command_of_ours_is_replaced() -> None:
    other = (*ARGV[:3], "/elsewhere/orchestrate/hooks/agent_hook.py", "claude")
    text = '{"a": 1}'
    assert add("claude", add("claude", text, other), ARGV) == add("claude", text, ARGV)


def test_milliseconds_and_matchers() -> None:
    gemini = json.loads(add("gemini", None, ARGV))["hooks"]
    assert gemini["BeforeTool"][0]["hooks"][0]["timeout"] == 20_000
    claude = json.loads(add("claude", None, ARGV))["hooks"]
    assert "Bash" in claude["PreToolUse"][0]["matcher"]
    assert claude["Stop"][0]["hooks"][0]["timeout"] == 20


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"hooks": []}', '{"hooks": {"SessionStart": 1}}', "{} {}", '{"a" 1}']
)
def test_what_is_not_the_clients_format_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        add("claude", text, ARGV)


def test_a_quote_in_a_path_is_refused() -> None:
    with pytest.raises(InvalidInput, match="quote"):
        add("claude", None, ("/it's/python",))


@pytest.mark.parametrize("text", ["", "model: x\n", "model: x", "# only a comment\n"])
def test_aider(text: str) -> None:
    added = add("aider", text, ARGV)
    assert added.startswith(text)
    assert "git-commit-verify: true" in added
    assert (remove("aider", added) or "") == text


def test_aiders_own_settings_win_or_are_told() -> None:
    assert "auto-test" not in add("aider", "auto-test: true # mine\n", ARGV).partition(">>>")[2]
    with pytest.raises(Conflict, match="pytest"):
        add("aider", "test-cmd: pytest\n", ARGV)


def test_another_plugin_file_is_left(tmp_path: Path) -> None:
    with pytest.raises(Conflict):
        add("opencode", "export const X = 1\n", ARGV)
    assert remove("opencode", "export const X = 1\n") == "export const X = 1\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.dictionaries(st.text(), JSON, max_size=4).filter(lambda d: "hooks" not in d),
    st.sampled_from([None, 0, 1, 4, "\t"]),
)
def test_any_object_comes_back(document: dict[str, Any], indent: Any) -> None:
    text = json.dumps(document, indent=indent)
    node = json_text.read(text)
    assert json_text.value(text, node) == document
    added = add("claude", text, ARGV)
    assert {k: v for k, v in json.loads(added).items() if k != "hooks"} == document
    assert remove("claude", added) == text
