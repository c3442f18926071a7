"""A program as an agent by configuration alone, and its ends."""

import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.agents import process
from orchestrate.agents.adapter import AttemptEnd, AttemptRequest, Outcome
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.pack import StepPack
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.agents.sessions import Session
from orchestrate.errors import InvalidInput
from tests.agents.conftest import QUICK, agent_config, write_answering


@pytest.fixture
def run(attempt: Callable[..., AttemptRequest]) -> Callable[..., AttemptEnd]:
    """Runs a shell line as an agent."""

    def run(line: str, request: AttemptRequest | None = None, **fields: object) -> AttemptEnd:
        config = agent_config("tool", adapter="command", command=["sh", "-c", line], **fields)
        return adapter_for("tool", config).run(request or attempt())

    return run


@pytest.mark.parametrize(
    ("prompt", "line"),
    [
        ("stdin", "cat > got"),
        ("file", 'cat "$ORCHESTRATE_PROMPT" > got'),
        ("arg", 'printf %s "$0" > got'),
    ],
)
def test_the_prompt_arrives(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest], prompt: str, line: str
) -> None:
    end = run(line, prompt=prompt)
    assert (end.outcome, end.reason_code, end.code) == (Outcome.ENDED, Reason.ENDED, 0)
    assert (attempt().workspace / "got").read_text().strip() == "Please fix the bug."


def test_the_pack_lies_in_a_file_outside_the_workspace(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest], pack: StepPack
) -> None:
    run('cp "$ORCHESTRATE_PACK" pack.json')
    assert StepPack.from_json((attempt().workspace / "pack.json").read_text()) == pack
    assert not (attempt().scratch).is_relative_to(attempt().workspace)


def test_only_allowed_variables_arrive(
    run: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ANTHROPIC_API_KEY", "GIT_DIR", "MY_TOKEN", "EXTRA", "LC_TIME"):
        monkeypatch.setenv(name, "x")
    run("env | cut -d= -f1 | sort > names", attempt(), env=["EXTRA"])
    names = set((attempt().workspace / "names").read_text().split())
    assert {"PATH", "HOME", "EXTRA", "LC_TIME", "ORCHESTRATE_PACK"} <= names
    assert not names & {"ANTHROPIC_API_KEY", "GIT_DIR", "MY_TOKEN"}


def test_a_failing_program_is_its_own_reason(run: Callable[..., AttemptEnd]) -> None:
    end = run("exit 7")
    assert (end.outcome, end.reason_code, end.code) == (Outcome.FAILED, Reason.COMMAND_FAILED, 7)


def test_a_program_that_is_not_there(attempt: Callable[..., AttemptRequest]) -> None:
    config = agent_config("tool", adapter="command", command=["no-such-tool"])
    adapter = adapter_for("tool", config)
    probe = adapter.probe()
    assert not probe.installed
    assert "agents.tool.command" in probe.reason
    end = adapter.run(attempt())
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.AGENT_NOT_FOUND)


# A child's memory counts.
HOG = f"{sys.executable} -c 'import time; x = b\"1\" * 200_000_000; time.sleep(30)' & wait"


@pytest.mark.parametrize(
    ("line", "limits", "reason"),
    [
        ("sleep 30", ProcessLimits(max_runtime_sec=0.3, grace_sec=0.2), Reason.TIMEOUT),
        ("sleep 30", ProcessLimits(max_silence_sec=0.3, grace_sec=0.2), Reason.NO_OUTPUT),
        ("sleep 30", ProcessLimits(heartbeat_sec=1.5, grace_sec=0.2), Reason.AGENT_STALLED),
        ("yes", ProcessLimits(max_output_mb=1, grace_sec=0.2), Reason.OUTPUT_LIMIT),
        (HOG, ProcessLimits(max_memory_mb=150, grace_sec=0.2), Reason.MEMORY_LIMIT),
        (
            "head -c 5000000 /dev/zero > big; sleep 30",
            ProcessLimits(max_workspace_mb=1, grace_sec=0.2),
            Reason.WORKSPACE_LIMIT,
        ),
        ("while :; do echo a; echo b; echo c; sleep .1; done", QUICK, Reason.OUTPUT_LOOP),
    ],
)
def test_each_limit_has_its_own_reason(
    run: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    line: str,
    limits: ProcessLimits,
    reason: Reason,
) -> None:
    end = run(line, attempt(limits=limits))
    assert (end.outcome, end.reason_code) == (Outcome.STOPPED, reason)
    assert end.detail


def test_a_process_that_does_not_start_in_time(
    run: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The real keeper, on a machine that takes seconds to begin with it."""
    slow = tmp_path / "keeper.py"
    slow.write_text(
        "import runpy, time\n"
        f"time.sleep(3)\nrunpy.run_path({str(process.KEEPER)!r}, run_name='__main__')\n"
    )
    monkeypatch.setattr(process, "KEEPER", slow)
    end = run("sleep 30", attempt(limits=ProcessLimits(spawn_sec=0.2, grace_sec=0.2)))
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.SPAWN_TIMEOUT)


def test_a_full_disk(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest], tmp_path: Path
) -> None:
    """The agent's output has no more room: /dev/full says so to each write."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    (scratch / "output.txt").symlink_to("/dev/full")
    for line in ("echo short", "yes | head -c 200000; sleep 30"):
        limits = ProcessLimits(max_output_mb=0.1, end_on_output=False, grace_sec=0.2)
        end = run(line, attempt(scratch=scratch, limits=limits))
        assert (end.outcome, end.reason_code) == (Outcome.STOPPED, Reason.DISK_FULL)


def test_loops_are_nobodys_business_where_the_configuration_says_so(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest]
) -> None:
    line = "for i in 1 2 3 4 5 6; do echo a; echo b; echo c; sleep .1; done"
    assert run(line, attempt(max_repeats=None)).reason_code is Reason.ENDED
    assert run(line, attempt()).reason_code is Reason.OUTPUT_LOOP


def test_cancel(attempt: Callable[..., AttemptRequest]) -> None:
    cancel = threading.Event()
    cancel.set()
    config = agent_config("tool", adapter="command", command=["sleep", "30"])
    end = adapter_for("tool", config).run(attempt(), cancel)
    assert (end.outcome, end.reason_code) == (Outcome.CANCELLED, Reason.CANCELLED)


REPORT = "printf '===STEP_RESULT===\\n%s\\n===END_STEP_RESULT===\\n'"


def test_its_report_comes_back(run: Callable[..., AttemptEnd]) -> None:
    end = run(f"""{REPORT} '{{"verdict": "done", "summary": "fixed"}}'""")
    assert end.reason_code is Reason.ENDED
    assert end.result is not None
    assert end.result.summary == "fixed"


def test_a_broken_report_is_not_a_pass(run: Callable[..., AttemptEnd]) -> None:
    end = run(f"{REPORT} 'done'")
    assert (end.outcome, end.reason_code) == (Outcome.FAILED, Reason.RESULT_BLOCK_BROKEN)


def test_giving_up_is_said(run: Callable[..., AttemptEnd]) -> None:
    end = run(f"""{REPORT} '{{"verdict": "blocked", "summary": "no access"}}'""")
    assert (end.outcome, end.reason_code) == (Outcome.FAILED, Reason.AGENT_GAVE_UP)
    assert end.detail == "no access"


@pytest.mark.parametrize("line", ['rm -rf "$PWD"', 'mv "$PWD" "$PWD.gone"'])
def test_an_agent_that_removes_its_workspace(run: Callable[..., AttemptEnd], line: str) -> None:
    end = run(line)
    assert (end.outcome, end.reason_code) == (Outcome.FAILED, Reason.WORKSPACE_LOST)


def test_hooks_are_pinned_against_unset_and_config_count(
    run: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    repo: Path,
    tmp_path: Path,
) -> None:
    hooks = write_answering(tmp_path / "hooks", pre_commit="echo no >&2; exit 1")
    line = """
      git config core.hooksPath /dev/null; git config --unset core.hooksPath
      export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=core.hooksPath GIT_CONFIG_VALUE_0=
      echo x > new; git add new; git -c user.name=a -c user.email=b commit -qm bad
    """
    end = run(line, replace(attempt(), workspace=repo, git_hooks=hooks))
    assert end.reason_code is Reason.COMMAND_FAILED
    assert b"no" in end.output.read_bytes()


def test_events_of_a_configured_tool(run: Callable[..., AttemptEnd]) -> None:
    line = """
      echo '{"event": "started", "session": "s1"}'
      echo 'chatter'
      echo '{"event": "tool call", "tool": "bash", "text": "ls", "turn": "1"}'
      echo '{"event": "usage", "usage": {"input_tokens": 5, "cost_usd": 0.5}, "turn": "2"}'
    """
    end = run(line, parse="jsonl")
    assert end.reason_code is Reason.ENDED
    assert end.session == Session("tool", "demo-abc234", "fix", "s1", end.usage)
    assert (end.usage.input_tokens, end.usage.cost_usd, end.usage.turns) == (5, 0.5, 2)
    assert end.tool_calls == 1


def test_a_loop_is_ended(run: Callable[..., AttemptEnd]) -> None:
    line = """i=0; while :; do i=$((i+1))
      printf '{"event": "message", "text": "try %s", "turn": "%s"}\\n' $i $i; sleep 0.05; done"""
    end = run(line, parse="jsonl")
    assert (end.outcome, end.reason_code) == (Outcome.STOPPED, Reason.OUTPUT_LOOP)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [({"max_turns": 2}, Reason.TURN_LIMIT), ({"max_cost_usd": 2.5}, Reason.COST_LIMIT)],
)
def test_turns_and_cost_are_limited(
    run: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    limit: dict[str, float],
    reason: Reason,
) -> None:
    line = """i=0; while :; do i=$((i+1))
      printf '{"event": "usage", "turn": "%s", "usage": {"cost_usd": %s}}\\n' $i $i
      sleep 0.05; done"""
    end = run(line, attempt(**limit), parse="jsonl")
    assert end.reason_code is reason


def test_a_session_of_another_task_is_refused(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest]
) -> None:
    other = Session("tool", "demo-abc234", "another", "s1")
    end = run("touch ran", attempt(session=other))
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.SESSION_FOREIGN)
    assert not (attempt().workspace / "ran").exists()


def test_a_silent_new_session_is_an_error(
    run: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest]
) -> None:
    own = Session("tool", "demo-abc234", "fix", "s1")
    line = """echo '{"event": "started", "session": "s2"}'"""
    end = run(line, attempt(session=own), parse="jsonl")
    assert end.reason_code is Reason.SESSION_UNKNOWN


def test_configuration_that_lacks_its_command_is_refused() -> None:
    with pytest.raises(InvalidInput, match="has no command"):
        adapter_for("tool", agent_config("tool", adapter="command"))
