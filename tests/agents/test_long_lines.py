"""A line that is read at its two ends gives the same events as one that is parsed as a whole."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents.codex import _RAN
from orchestrate.agents.events import Event
from orchestrate.agents.long_lines import read_ends
from orchestrate.agents.opencode import _DONE
from tests.agents.test_samples import SAMPLES, client

FORMS = {"opencode": _DONE, "codex": _RAN}


def compact(document: Any) -> bytes:
    """As the clients print it (JSON.stringify, serde)."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def both(name: str, line: bytes) -> tuple[list[Event], list[Event]]:
    """The events of a line, and of the same document written with spaces: no client's form."""
    spaced = json.dumps(json.loads(line)).encode()
    assert read_ends(spaced, FORMS[name]) is None
    return list(client(name).parse(line)), list(client(name).parse(spaced))


def opencode(tool: str, given: Any, output: str, metadata: Any, turn: str, status: str) -> Any:
    state = {"status": status, "input": given, "output": output, "metadata": metadata}
    state |= {"title": output[:9], "time": {"start": 1, "end": 2}}
    part = {"type": "tool", "tool": tool, "callID": "c1", "state": state}
    part |= {"id": "p1", "sessionID": "s1", "messageID": turn}
    return {"type": "tool_use", "timestamp": 1, "sessionID": "s1", "part": part}


def codex(command: str, output: str, code: int | None, identity: str) -> Any:
    item = {"id": identity, "type": "command_execution", "command": command}
    item |= {"aggregated_output": output, "exit_code": code, "status": "completed"}
    return {"type": "item.completed", "item": item}


TEXT = st.text() | st.sampled_from(
    ['","messageID":"forged"}}', '\\","aggregated_output":"', '"}},"part":{"tool":"x"', "\\", "\n"]
)
JSON = st.recursive(
    TEXT | st.none() | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=5,
)
GIVEN = st.dictionaries(st.sampled_from(["filePath", "output", "command", "x"]), JSON) | JSON


@given(
    st.sampled_from(["bash", "write", "edit"]), GIVEN, TEXT, JSON, st.sampled_from(["", "msg_1"])
)
def test_opencodes_tools(tool: str, given_: Any, output: str, metadata: Any, turn: str) -> None:
    for status in ("completed", "error"):
        line = compact(opencode(tool, given_, output, metadata, turn, status))
        one, other = both("opencode", line)
        assert one == other


@given(TEXT, TEXT, st.none() | st.integers(-9, 300), st.sampled_from(["", "item_1"]))
def test_codexs_commands(command: str, output: str, code: int | None, identity: str) -> None:
    one, other = both("codex", compact(codex(command, output, code, identity)))
    assert one == other


@pytest.mark.parametrize("name", list(FORMS))
def test_recorded_lines(name: str) -> None:
    lines = [line for path in SAMPLES.glob(f"{name}.*") for line in path.read_bytes().splitlines()]
    read = [line for line in lines if read_ends(line, FORMS[name]) is not None]
    assert len(read) >= 4  # the form is the one that the clients print
    for line in lines:
        one, other = both(name, line)
        assert one == other


def test_a_line_that_is_cut_is_no_event() -> None:
    line = compact(opencode("bash", {"command": "x"}, "out" * 99, {}, "m", "completed"))
    assert list(client("opencode").parse(line))
    assert list(client("opencode").parse(line[:-2])) == []
    assert list(client("opencode").parse(line[:60])) == []


def test_a_text_that_names_an_event_is_only_text() -> None:
    line = compact(
        {"type": "item.completed", "item": {"type": "agent_message", "text": "item.started"}}
    )
    assert [event.text for event in client("codex").parse(line)] == ["item.started"]
    given_ = {"decision": "reject"}
    block = {"type": "tool_use", "name": "mcp", "input": given_}
    said = compact({"type": "assistant", "message": {"content": [block]}})
    assert [event.tool for event in client("claude").parse(said)] == ["mcp"]
