"""Recorded streams of the real clients (paths replaced), and the traps that they hold."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.agents.client import Client, service_failure
from orchestrate.agents.events import LineReader, Tally, Usage
from orchestrate.agents.limits import EndReason, ProcessEnd
from orchestrate.agents.mini import MiniClient
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import CLIENTS
from tests.agents.conftest import agent_config

SAMPLES = Path(__file__).parent / "samples"


def client(name: str, **fields: object) -> Client:
    return CLIENTS[name](agent_config(name, **fields), {})


def played(name: str, data: bytes, piece: int = 1000, **fields: object) -> Tally:
    """The tally of a stream that comes in pieces."""
    tool, lines, tally = client(name, **fields), LineReader(), Tally()
    for at in range(0, len(data), piece):
        for line in lines.feed(data[at : at + piece]):
            for event in tool.parse(line):
                tally.add(event)
    for line in lines.end():
        for event in tool.parse(line):
            tally.add(event)
    return tally


def sample(name: str) -> bytes:
    return next(SAMPLES.glob(f"{name}.*")).read_bytes()


def exited(code: int) -> ProcessEnd:
    return ProcessEnd(code, EndReason.EXITED, 1.0, 1, False)


@pytest.fixture
def failure(tmp_path: Path) -> Callable[..., Reason | None]:
    """The reason that a client gives for a stream, its exit code and its standard error."""

    def reason(name: str, data: bytes, code: int, errors: str = "") -> Reason | None:
        (tmp_path / "errors.txt").write_text(errors)
        found = client(name).failure(exited(code), played(name, data), tmp_path / "errors.txt")
        return found[0] if found else None

    return reason


@pytest.mark.parametrize(
    ("name", "usage", "turns", "calls"),
    [
        ("claude", Usage(5000, 0, 250, 0.01875, 5), 5, 4),
        ("codex", Usage(5000, 0, 250), 4, 4),
        ("gemini", Usage(5000, 0, 250), 4, 4),
        ("opencode", Usage(5000, 0, 250, 0.01875), 5, 4),
    ],
)
def test_a_run_with_a_refused_commit(
    failure: Callable[..., Reason | None], name: str, usage: Usage, turns: int, calls: int
) -> None:
    data = sample(f"{name}.commit_blocked")
    tally = played(name, data)
    assert tally.started
    assert tally.session
    assert tally.usage == usage
    assert (tally.turns, tally.tool_calls, tally.refused) == (turns, calls, 0)
    assert tally.text.endswith("All done.")
    assert failure(name, data, 0) is None


@pytest.mark.parametrize("name", ["claude", "gemini"])
def test_a_refusal_by_the_clients_hook_is_counted(name: str) -> None:
    assert played(name, sample(f"{name}.client_hook_blocks")).refused == 1


@pytest.mark.parametrize(
    ("name", "code"),
    [("claude", 1), ("codex", 1), ("gemini", 145), ("opencode", 1), ("claude", 0), ("gemini", 0)],
)
def test_refused_credentials_whatever_the_exit_code(
    failure: Callable[..., Reason | None], name: str, code: int
) -> None:
    assert failure(name, sample(f"{name}.api_refused"), code) is Reason.AGENT_AUTH


@pytest.mark.parametrize("name", ["codex", "gemini"])
def test_warnings_that_come_as_errors_are_no_failure(
    failure: Callable[..., Reason | None], name: str
) -> None:
    data = sample(f"{name}.client_hook_blocks")
    assert b'"error"' in data
    assert failure(name, data, 0) is None
    assert played(name, data).errors == []


@pytest.mark.parametrize("piece", [1, 7, 4096, 10**6])
@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode"])
def test_a_stream_reads_the_same_in_any_pieces(name: str, piece: int) -> None:
    data = sample(f"{name}.commit_blocked")
    one, other = played(name, data, piece), played(name, data, 10**9)
    assert (one.usage, one.turns, one.text) == (other.usage, other.turns, other.text)


def result_line(**fields: object) -> bytes:
    last = next(
        json.loads(line)
        for line in sample("claude.commit_blocked").splitlines()
        if b'"type":"result"' in line
    )
    return json.dumps(last | fields, separators=(",", ":")).encode() + b"\n"


def test_the_last_of_several_results_counts(failure: Callable[..., Reason | None]) -> None:
    failed = result_line(is_error=True, total_cost_usd=0.01, result="API Error: 529 overloaded")
    good = result_line(total_cost_usd=0.03, result="after the subagent")
    assert failure("claude", failed + good, 0) is None
    assert played("claude", failed + good).usage.cost_usd == 0.03
    assert failure("claude", good + failed, 1) is Reason.AGENT_OVERLOADED


@pytest.mark.parametrize(
    ("subtype", "reason"),
    [
        ("error_max_turns", Reason.TURN_LIMIT),
        ("error_max_budget_usd", Reason.COST_LIMIT),
        ("error_during_execution", Reason.AGENT_FAILED),
    ],
)
def test_how_claude_says_that_it_stopped(
    failure: Callable[..., Reason | None], subtype: str, reason: Reason
) -> None:
    data = result_line(subtype=subtype, is_error=True, result="")
    assert failure("claude", data, 1) is reason


def test_a_background_subagent_adds_no_session_of_its_own() -> None:
    tally = played("claude", sample("claude.subagent"))
    first = json.loads(sample("claude.subagent").splitlines()[0])["session_id"]
    assert tally.session == first


@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode", "mini"])
def test_a_stream_without_its_end_is_the_tools_failure(
    failure: Callable[..., Reason | None], name: str
) -> None:
    assert failure(name, b"", 0) is Reason.AGENT_FAILED
    assert failure(name, b"", 139, "Segmentation fault") is Reason.AGENT_FAILED
    data = SAMPLES.joinpath(f"{name}.commit_blocked.jsonl")
    if data.exists() and name != "opencode":
        assert failure(name, b"\n".join(data.read_bytes().splitlines()[:-1]), 0)


def test_gemini_ended_by_a_signal_with_exit_0(failure: Callable[..., Reason | None]) -> None:
    begun = sample("gemini.commit_blocked").splitlines()[0]
    assert failure("gemini", begun, 0) is Reason.AGENT_FAILED
    assert failure("gemini", begun, 55, "not trusted") is Reason.AGENT_FAILED
    assert failure("gemini", b"", 53) is Reason.TURN_LIMIT


def test_aider_ends_with_0_whatever_happened(failure: Callable[..., Reason | None]) -> None:
    assert failure("aider", sample("aider.commit_blocked"), 0) is None
    refused = b"litellm.AuthenticationError: AuthenticationError: OpenAIException - refused\n"
    assert failure("aider", refused, 0) is Reason.AGENT_AUTH
    assert failure("aider", b"Aider v0.86.2\n", 0) is Reason.AGENT_FAILED
    tally = played(
        "aider",
        b"Tokens: 1.2k sent, 3.4k cache hit, 10 received. "
        b"Cost: $0.02 message, $0.05 session.\nApplied edit to a b.txt\n",
    )
    assert tally.usage == Usage(1200, 0, 10, 0.02, 1)
    assert list(tally.file_changes) == ["a b.txt"]


def test_cost_is_reckoned_where_the_tool_is_silent() -> None:
    prices = {"input": 2, "cached_input": 1, "output": 10}
    tally = played("codex", sample("codex.commit_blocked"), prices=prices)
    assert tally.usage.cost_usd == pytest.approx((5000 * 2 + 250 * 10) / 1e6)


@pytest.mark.parametrize(
    "line",
    [b"", b"{", b"[]", b"null", b'{"type": 3}', b'{"type": "result"}', b"\xff\xfe", b"[" * 100_000,
     b'{"type":"assistant","message":3}', b'{"type":"assistant","message":{"content":[3]}}',
     b'{"type":"result","modelUsage":{"m":3},"total_cost_usd":"x","num_turns":-1}',
     b'{"type":"item.completed","item":3}', b'{"type":"turn.completed","usage":[]}',
     b'{"type":"step_finish","part":{"tokens":3,"cost":null}}',
     b'{"type":"tool_use","part":{"state":3}}', b'{"type":"error","error":"x"}',
     b'{"type":"result","stats":[],"error":3}', b"Tokens: , sent, ,k received"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["claude", "codex", "gemini", "opencode", "aider", "mini"])
def test_no_line_breaks_a_reader(name: str, line: bytes) -> None:
    tally = Tally()
    for event in client(name).parse(line):
        tally.add(event)


def test_text_cannot_pass_for_an_event() -> None:
    said = json.dumps({"type": "user", "x": '"type":"result","decision":"reject"'})
    assert list(client("claude").parse(said.encode())) == []


@pytest.mark.parametrize(
    ("text", "status", "reason"),
    [
        ("", 401, Reason.AGENT_AUTH),
        ("", 529, Reason.AGENT_OVERLOADED),
        ("unexpected status 401 Unauthorized", 0, Reason.AGENT_AUTH),
        ("exceeded retry limit, last status: 429 Too Many Requests", 0, Reason.AGENT_OVERLOADED),
        ("it crashed at line 4012", 0, Reason.AGENT_FAILED),
        ("refused", 400, Reason.AGENT_FAILED),
    ],
)
def test_what_a_service_says(text: str, status: int, reason: Reason) -> None:
    assert service_failure(text, status) is reason


def test_mini_tells_turns_and_cost_while_it_runs() -> None:
    said = b"mini-swe-agent (step 1, $0.25):\nI look.\n\nmini-swe-agent (step 2, $1.50):\nI look.\n"
    tally = played("mini", said)
    assert (tally.turns, tally.usage.cost_usd) == (2, 1.5)
    assert tally.text == "", "what it prints is for people; its messages stand in the trajectory"


@pytest.mark.parametrize(
    ("steps", "reason"), [(0, Reason.COST_LIMIT), (3, Reason.TURN_LIMIT), (4, Reason.COST_LIMIT)]
)
def test_minis_one_word_for_limits_is_told_apart(
    tmp_path: Path, steps: int, reason: Reason
) -> None:
    mini, tally = MiniClient(agent_config("mini"), {}), Tally()
    stats = {"api_calls": 3, "instance_cost": 2.0}
    config = {"agent": {"step_limit": steps, "cost_limit": 2.0}}
    info = {"exit_status": "LimitsExceeded", "model_stats": stats, "config": config}
    path = tmp_path / "trajectory.json"
    path.write_text(json.dumps({"info": info, "messages": []}))
    for event in mini.read(path):
        tally.add(event)
    found = mini.failure(exited(0), tally, tmp_path / "errors.txt")
    assert found is not None
    assert found[0] is reason
