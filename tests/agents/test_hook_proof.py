"""What is believed of a proof that is kept, and what the sights of a probe come to."""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from orchestrate.agents import hook_proof, proof_cache
from orchestrate.agents.adapter import AttemptRequest, Outcome
from orchestrate.agents.client import Client
from orchestrate.agents.hook_proof import Proof, judged, known
from orchestrate.agents.proof_run import Seen
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.registry import adapter_for
from tests.agents.conftest import agent_config

PROVED = Seen(
    asked=3,
    hook_at_start=True,
    hook_at_call=True,
    command_ran=False,
    script_ran=True,
    git_fired=True,
    ref_made=False,
    ended="exited, code 0",
    said="",
)
NEVER_CALLED = replace(PROVED, asked=1, hook_at_call=False, script_ran=False, git_fired=False)


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "client"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def client(name: str, program: Path, **fields: object) -> Client:
    made = adapter_for(name, agent_config(name, command=[str(program)], adapter=name, **fields), {})
    assert isinstance(made, Client)
    return made


def keep(tool: Client, **fields: object) -> Path:
    """Keep a proof as if it had been made; its file."""
    identity = hook_proof._identity(tool)
    assert identity is not None
    with proof_cache.alone(identity):
        proof_cache.write(
            identity, asdict(Proof(int(time.time()), 1.0, "tool call", True)) | fields
        )
    (file,) = proof_cache.folder().glob("*.json")
    return file


def test_what_was_proved_is_known(program: Path) -> None:
    tool = client("claude", program)
    assert known(tool) is None
    file = keep(tool)
    assert known(tool) is not None
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "other", [{"args": ["--bare"]}, {"sandbox": "bwrap"}], ids=["arguments", "sandbox"]
)
def test_other_settings_are_another_client(program: Path, other: dict[str, object]) -> None:
    keep(client("claude", program))
    assert known(client("claude", program, **other)) is None


def test_a_new_version_of_the_program_is_another_client(program: Path) -> None:
    keep(client("claude", program))
    program.write_text("#!/bin/sh\n# a newer one\n")
    assert known(client("claude", program)) is None


def test_what_others_may_write_is_not_believed(program: Path) -> None:
    tool = client("claude", program)
    file = keep(tool)
    file.chmod(0o620)
    assert known(tool) is None
    file.chmod(0o600)
    assert known(tool) is not None
    moved = file.with_name("elsewhere")
    file.rename(moved)
    file.symlink_to(moved)
    assert known(tool) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_proof_is_not_believed(program: Path) -> None:
    tool = client("claude", program)
    os.chown(keep(tool), 12345, 12345)
    assert known(tool) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"proof": {"at": 1}}'])
def test_a_broken_file_is_no_proof(program: Path, text: str) -> None:
    tool = client("claude", program)
    keep(tool).write_text(text)
    assert known(tool) is None


def test_a_proof_under_anothers_name_or_too_old_is_none(program: Path) -> None:
    tool = client("claude", program)
    file = keep(tool)
    record = json.loads(file.read_text())
    file.write_text(json.dumps({**record, "identity": {**record["identity"], "sandbox": "x"}}))
    assert known(tool) is None
    for at in (time.time() - proof_cache.MAX_AGE_SEC - 60, time.time() + 3600):
        file.write_text(json.dumps({**record, "proof": {**record["proof"], "at": int(at)}}))
        assert known(tool) is None


@pytest.mark.parametrize(
    ("seen", "how"),
    [(PROVED, "tool call"), (NEVER_CALLED, "session start")],
    ids=["refused", "did not come as far as its model"],
)
def test_own_hooks_are_proved(program: Path, seen: Seen, how: str) -> None:
    assert judged(client("claude", program), seen) == how


@pytest.mark.parametrize(
    ("seen", "reason"),
    [
        (replace(PROVED, command_ran=True), Reason.HOOKS_SILENT),
        (replace(PROVED, hook_at_call=False), Reason.HOOKS_SILENT),
        (replace(NEVER_CALLED, hook_at_start=False), Reason.HOOKS_SILENT),
        (replace(NEVER_CALLED, hook_at_start=False, asked=0), Reason.AGENT_NOT_RUNNABLE),
        (replace(PROVED, git_fired=False), Reason.GIT_HOOKS_SILENT),
        (replace(PROVED, ref_made=True), Reason.GIT_HOOKS_SILENT),
        (replace(PROVED, cancelled=True), Reason.CANCELLED),
    ],
)
def test_what_is_not_proved_is_refused(program: Path, seen: Seen, reason: Reason) -> None:
    with pytest.raises(Refused) as caught:
        judged(client("claude", program), seen)
    assert caught.value.reason is reason


def test_a_client_without_hooks_is_held_by_gits(program: Path) -> None:
    assert judged(client("mini", program), replace(PROVED, hook_at_call=False)) == ""
    with pytest.raises(Refused) as caught:
        judged(client("mini", program), NEVER_CALLED)
    assert caught.value.reason is Reason.AGENT_NOT_RUNNABLE


def test_a_program_that_is_not_there_is_not_tried(
    program: Path, attempt: Callable[..., AttemptRequest]
) -> None:
    program.unlink()
    end = client("claude", program).run(attempt(environ={"PATH": "/usr/bin:/bin"}))
    assert end.reason_code is Reason.AGENT_NOT_FOUND
    assert not proof_cache.folder().exists()


def test_a_program_that_does_nothing_is_not_started(
    program: Path, attempt: Callable[..., AttemptRequest]
) -> None:
    end = client("claude", program).run(attempt())
    assert (end.outcome, end.reason_code) == (Outcome.TOOL_FAILED, Reason.AGENT_NOT_RUNNABLE)
    assert "neither to its model nor to a hook" in end.detail
    assert not list(proof_cache.folder().glob("*.json"))


def test_a_tool_that_runs_no_commands_has_nothing_to_prove(program: Path) -> None:
    tool = client("aider", program)
    assert hook_proof.require(tool, {}) is None
    assert not proof_cache.folder().exists()
