"""What several files of this folder need: a workspace, a pack, an agent's configuration."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.git_probe import VARIABLE
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.pack import StepPack
from orchestrate.hooks import stubs
from orchestrate.policy.config import AgentConfig, load_config

QUICK = ProcessLimits(max_runtime_sec=30, grace_sec=0.3)


def agent_config(name: str, **fields: Any) -> AgentConfig:
    """An agent's configuration with the schema's defaults."""
    import json

    document = {"agents": {name: fields}}
    return load_config(json.dumps(document).encode()).agents[name]


def write_answering(folder: Path, **hooks: str) -> Path:
    """A folder of shell hooks (`pre_commit="..."`) that answer when they are probed."""
    folder.mkdir()
    asked = f'[ "$1" = {stubs.PROBE} ]'
    refusing = f'[ "$1${VARIABLE}" = prepared1 ]'
    answer = f"echo '{stubs.PROBE_ANSWER}' >&2"
    for name in dict.fromkeys(("pre_commit", "reference_transaction", *hooks)):
        probed = f"if {asked}; then {answer}; exit 0; elif {refusing}; then {answer}; exit 1; fi"
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{probed}\n{hooks.get(name, '')}\n")
        path.chmod(0o755)
    return folder


@pytest.fixture
def pack() -> StepPack:
    return StepPack(
        plan="demo-abc234", task="fix", title="Fix it", attempt="R0/S0", objective="Fix the bug."
    )


@pytest.fixture
def attempt(tmp_path: Path, pack: StepPack) -> Callable[..., AttemptRequest]:
    """Makes an attempt in a workspace of its own; fields can be given."""
    import os

    def make(**fields: Any) -> AttemptRequest:
        workspace = tmp_path / "workspace"
        workspace.mkdir(exist_ok=True)
        request = AttemptRequest(
            workspace=workspace,
            scratch=tmp_path / "scratch",
            pack=pack,
            prompt="Please fix the bug.\n",
            limits=QUICK,
            environ=dict(os.environ),
        )
        return replace(request, **fields)

    return make
