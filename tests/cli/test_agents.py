"""`orchestrate agents`: who is configured, who starts, and why not."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

CONFIG = """
schema_version: 1
agents:
  good: {command: [goodtool]}
  broken: {command: [brokentool]}
  absent: {command: [no-such-tool]}
  silent: {adapter: command}
"""


@pytest.fixture
def configured(
    repo: Path, tmp_path: Path, git: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A repository whose configuration names one tool that starts and some that do not."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("goodtool", "echo goodtool 1.2.3"), ("brokentool", "echo no; exit 1")):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    (repo / ".orchestrate").mkdir()
    (repo / ".orchestrate" / "config.yaml").write_text(CONFIG)
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "chore: configure", cwd=repo)
    return repo


def test_each_agent_is_shown_with_why_it_does_not_start(
    configured: Path, orchestrate: Callable[..., Any]
) -> None:
    rows = {row["name"]: row for row in json.loads(orchestrate("agents", "--json").out)}
    assert {"good", "broken", "absent", "silent", "claude", "codex", "mini"} <= set(rows)
    assert (rows["good"]["runnable"], rows["good"]["version"]) == (True, "1.2.3")
    assert rows["broken"]["installed"]
    assert "does not start (exited): no" in rows["broken"]["reason"]
    assert "no program 'no-such-tool' on PATH" in rows["absent"]["reason"]
    assert "has no command" in rows["silent"]["reason"]
    assert "hooks" in rows["claude"]["capabilities"]


def test_named_agents_that_do_not_start_are_an_exit_code(
    configured: Path, orchestrate: Callable[..., Any]
) -> None:
    assert "yes" in orchestrate("agents", "good").out
    orchestrate("agents", "good", "absent", code=5)
    assert "no agent 'nobody' is configured" in orchestrate("agents", "nobody", code=2).err


def test_a_client_that_shows_no_hooks_is_told_and_exits_5(
    configured: Path, orchestrate: Callable[..., Any], git: Callable[..., str]
) -> None:
    """A program in the client's name that never asks a model and fires nothing."""
    config = configured / ".orchestrate" / "config.yaml"
    config.write_text(CONFIG + "  claude: {command: [goodtool]}\n")
    git("commit", "-qam", "chore: configure", cwd=configured)
    (row,) = json.loads(orchestrate("agents", "claude", "--json").out)
    assert (row["hooks"], row["proof"], row["reason"]) == ("not proved yet", None, "")
    (row,) = json.loads(orchestrate("agents", "claude", "--probe", "--json", code=5).out)
    assert row["hooks"] == "not proved"
    assert "neither to its model nor to a hook" in row["reason"]
    assert "git's" in orchestrate("agents", "good", "--probe").out
