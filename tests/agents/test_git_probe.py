"""Real git in a workspace: hooks that fire let an attempt start, hooks that do not never do."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.agents import git_probe
from orchestrate.agents.adapter import AttemptEnd, AttemptRequest, Outcome
from orchestrate.agents.reasons import Reason
from orchestrate.agents.registry import adapter_for
from orchestrate.hooks import stubs
from orchestrate.runner.workspace_hooks import write_hooks
from tests.agents.conftest import agent_config

Start = Callable[..., AttemptEnd]


@pytest.fixture
def hooks(tmp_path: Path) -> Path:
    return write_hooks(tmp_path / "hooks")


@pytest.fixture
def start(repo: Path, hooks: Path, attempt: Callable[..., AttemptRequest]) -> Start:
    """Starts an agent that leaves a file, in a workspace with these hooks."""

    def run(prefix: tuple[str, ...] = (), **fields: object) -> AttemptEnd:
        config = agent_config("mine", command=[*prefix, "sh", "-c", "echo ran > ran"], **fields)
        request = attempt(workspace=repo, git_hooks=hooks)
        return adapter_for("mine", config, dict(os.environ)).run(request)

    return run


def refused(end: AttemptEnd, repo: Path) -> bool:
    return (
        (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.GIT_HOOKS_SILENT)
        and not (repo / "ran").exists()
    )  # fmt: skip


@pytest.mark.parametrize("sandbox", ["none", "bwrap"])
def test_hooks_that_fire_let_it_start(start: Start, repo: Path, git, sandbox: str) -> None:
    end = start(sandbox=sandbox)
    if end.reason_code is Reason.SANDBOX_MISSING:
        pytest.skip(end.detail)
    assert end.reason_code is Reason.ENDED, end.detail
    assert (repo / "ran").exists()
    assert git_probe.REF not in git("for-each-ref", cwd=repo)


@pytest.mark.parametrize("hook", ["pre-commit", "commit-msg", "reference-transaction"])
def test_a_hook_that_may_not_be_executed(start: Start, repo: Path, hooks: Path, hook: str) -> None:
    (hooks / hook).chmod(0o600)
    end = start()
    assert refused(end, repo)
    assert hook in end.detail


@pytest.mark.parametrize("hook", ["pre-commit", "reference-transaction"])
def test_a_hook_that_does_nothing(start: Start, repo: Path, hooks: Path, hook: str) -> None:
    (hooks / hook).write_text("#!/bin/sh\nexit 0\n")
    end = start()
    assert refused(end, repo)
    assert "1 of 2 hooks" in end.detail


def test_hooks_that_are_not_there(start: Start, repo: Path, hooks: Path) -> None:
    for hook in hooks.iterdir():
        hook.unlink()
    assert refused(start(), repo)


def test_an_interpreter_that_is_gone(start: Start, repo: Path, hooks: Path) -> None:
    for hook in hooks.iterdir():
        hook.write_text(hook.read_text().replace("python", "no-such-python"))
    assert refused(start(), repo)


def test_git_that_is_told_of_another_folder(
    start: Start, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrapper in git's place that drops what pins the hooks."""
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    real = next(p for d in os.environ["PATH"].split(":") if (p := Path(d) / "git").exists())
    wrapper.write_text(f'#!/bin/sh\nunset GIT_CONFIG_PARAMETERS\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}:{os.environ['PATH']}")
    assert refused(start(), repo)


def test_the_question_is_the_one_that_hooks_answer() -> None:
    assert git_probe.QUESTION == stubs.PROBE
    assert git_probe.ANSWER.decode() == stubs.PROBE_ANSWER
