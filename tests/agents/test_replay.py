"""The replay agent plays what its script says, inside the workspace only."""

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orchestrate.agents.adapter import AttemptEnd, AttemptRequest, Outcome
from orchestrate.agents.pack import PackFailure, StepPack
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.agents.replay_script import parse_script
from orchestrate.errors import FileError
from tests.agents.conftest import agent_config

SCRIPT = """
tasks:
  fix:
    attempts:
      - steps:
          - write: {path: src/new.py, content: "one\\n"}
          - append: {path: src/new.py, content: "two\\n"}
          - write: {path: gone.txt, content: x}
          - rename: {from: gone.txt, to: deep/er/moved.txt}
          - chmod: {path: src/new.py, mode: "755"}
          - symlink: {path: link, target: src/new.py}
          - run: echo from shell > shell.txt
          - run: [sh, -c, exit 3]
            expect_exit: 3
          - print: working
          - result: {verdict: done, summary: ok}
      - steps:
          - delete: src
        exit: 4
attempts:
  - steps: [{write: {path: other.txt, content: other}}]
"""


@pytest.fixture
def play(attempt: Callable[..., AttemptRequest], tmp_path: Path) -> Callable[..., AttemptEnd]:
    """Plays a script in the workspace."""

    def play(script: str, **fields: object) -> AttemptEnd:
        path = tmp_path / "script.yaml"
        path.write_text(script)
        config = agent_config("replay", adapter="replay", script=str(path))
        return adapter_for("replay", config).run(attempt(**fields))

    return play


def test_every_action_is_played(
    play: Callable[..., AttemptEnd], attempt: Callable[..., AttemptRequest]
) -> None:
    end = play(SCRIPT)
    root = attempt().workspace
    assert end.reason_code is Reason.ENDED, end.output.read_text()
    assert (root / "src/new.py").read_text() == "one\ntwo\n"
    assert (root / "src/new.py").stat().st_mode & 0o777 == 0o755
    assert (root / "deep/er/moved.txt").read_text() == "x"
    assert (root / "link").is_symlink()
    assert (root / "shell.txt").read_text() == "from shell\n"
    assert b"working\n" in end.output.read_bytes()
    assert end.result is not None
    assert end.result.summary == "ok"


def test_the_next_attempt_plays_the_next_entry_and_the_last_repeats(
    play: Callable[..., AttemptEnd], pack: StepPack
) -> None:
    play(SCRIPT)
    second = play(SCRIPT, pack=replace(pack, attempt="R0/S1"))
    assert (second.outcome, second.code) == (Outcome.FAILED, 4)
    failures = (PackFailure("R0/S0", "x"), PackFailure("R0/S1", "x"))
    third = play(SCRIPT, pack=replace(pack, attempt="R1/S0", failures=failures))
    assert b"step 1 (delete) failed" in third.output.read_bytes()
    assert third.code == 70


def test_a_task_without_an_entry_plays_the_scripts_own(
    play: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    pack: StepPack,
) -> None:
    play(SCRIPT, pack=replace(pack, task="unnamed"))
    assert (attempt().workspace / "other.txt").read_text() == "other"


@pytest.mark.parametrize(
    ("script", "place", "says"),
    [
        (
            "attempts:\n- steps:\n  - write: {path: ../x, content: a}\n",
            ":3",
            "leaves the workspace",
        ),
        ("attempts:\n- steps:\n  - delete: /etc/passwd\n", ":3", "absolute"),
        ("attempts:\n- steps:\n  - wriet: {path: x, content: a}\n", ":3", "unknown field `wriet`"),
        ("attempts:\n- steps:\n  - write: {path: x}\n", ":3", "`content` is missing"),
        ("attempts:\n- steps:\n  - {print: a, sleep: 1}\n", ":3", "a step is one of"),
        ("attempts:\n- steps:\n  - {print: a, expect_exit: 1}\n", ":3", "goes with `run` only"),
        ("attempts:\n- steps:\n  - sleep: -1\n", ":3", "at least 0"),
        ("attempts:\n- exit: 3\n", ":2", "`steps` is missing"),
        ("{}\n", "", "neither `attempts` nor `tasks`"),
        ("a: [\n", "", "not valid YAML"),
    ],
)
def test_a_wrong_script_is_told_with_its_line(script: str, place: str, says: str) -> None:
    with pytest.raises(FileError) as caught:
        parse_script(script.encode(), "s.yaml")
    assert f"s.yaml{place}" in str(caught.value)
    assert says in str(caught.value) + caught.value.hint


def test_a_wrong_script_shows_in_the_probe_and_does_not_start(
    play: Callable[..., AttemptEnd], tmp_path: Path
) -> None:
    end = play("attempts: 3\n")
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.AGENT_NOT_RUNNABLE)
    config = agent_config("replay", adapter="replay", script=str(tmp_path / "script.yaml"))
    probe = adapter_for("replay", config).probe()
    assert not probe.runnable
    assert "script.yaml:1" in probe.reason


@pytest.mark.parametrize("step", ["write: {path: out/x, content: a}", "delete: out/x"])
def test_a_link_does_not_lead_out_of_the_workspace(
    play: Callable[..., AttemptEnd],
    attempt: Callable[..., AttemptRequest],
    tmp_path: Path,
    step: str,
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x").write_text("untouched")
    (attempt().workspace / "out").symlink_to(outside)
    end = play(f"attempts:\n- steps:\n  - {step}\n")
    assert end.code == 70
    assert (outside / "x").read_text() == "untouched"


def test_a_play_is_a_process_that_can_be_cancelled(
    attempt: Callable[..., AttemptRequest], tmp_path: Path
) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("attempts: [{steps: [{run: setsid sleep 60}]}]")
    cancel = threading.Event()
    threading.Timer(0.4, cancel.set).start()
    config = agent_config("replay", adapter="replay", script=str(path))
    end = adapter_for("replay", config).run(attempt(), cancel)
    assert end.reason_code is Reason.CANCELLED
    assert end.leftovers >= 1
