"""Agents that fail as tools: the circuit breaker and who stands in, on real repositories."""

import json
import os
from pathlib import Path

import pytest

from orchestrate.runner.breaker import FAILURES
from tests.playing import plan_file, playing

TASK = {"id": "a", "scope": ["a/**"], "max_attempts": 1}
WORKS = {"command": ["sh", "-c", "mkdir -p a && echo x > a/x"]}
MISSING = {"command": ["no-such-agent"]}  # it is on PATH and does not start


@pytest.fixture
def start(repo: Path, git, orchestrate, tmp_path: Path, monkeypatch):
    """`start(*tasks, first={...}, second={...})`: agents by name; the first is the default."""
    tool = tmp_path / "bin" / "no-such-agent"
    tool.parent.mkdir()
    tool.write_text("#!/nowhere/sh\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")

    def make(*tasks: dict, **agents: dict) -> None:
        playing(repo, git, {}, {"agents": agents, "default_agent": next(iter(agents))})
        path = plan_file(tmp_path, *tasks)
        orchestrate("plan", "create", "--file", str(path), "--approve")

    return make


def status(orchestrate, name: str) -> str:
    tasks = json.loads(orchestrate("status", "--json").out)["tasks"]
    return next(t["status"] for t in tasks if t["id"] == name)


@pytest.fixture
def attempts(orchestrate):
    def read(name: str = "a") -> list[dict]:
        tasks = json.loads(orchestrate("status", "--json").out)["tasks"]
        return next(t for t in tasks if t["id"] == name)["attempts"]

    return read


def test_the_next_allowed_agent_goes_on_where_one_fails_as_a_tool(
    start, orchestrate, attempts
) -> None:
    start(TASK, first={**MISSING, "fallback": ["second"]}, second=WORKS)
    orchestrate("run")
    assert [(a["agent"], a["reason"], a["passed_over"]) for a in attempts()] == [
        ("first", "AGENT_NOT_FOUND", []),
        ("second", "PASS_ALL_CRITERIA", [{"agent": "first", "reason": "AGENT_NOT_FOUND"}]),
    ]
    assert "passed over first: AGENT_NOT_FOUND" in orchestrate("task", "show", "a").out
    assert "events verified" in orchestrate("log", "--verify").out


def test_another_one_that_is_installed_stands_in_for_one_that_is_not(
    start, orchestrate, attempts
) -> None:
    absent = {"command": ["no-such-agent-anywhere"], "fallback": ["second"]}
    start(TASK, first=absent, second=WORKS)
    orchestrate("run")
    assert [a["agent"] for a in attempts()] == ["first", "second"]


def test_an_agent_that_is_not_allowed_does_not_stand_in(start, orchestrate, attempts) -> None:
    start(TASK, first=MISSING, second=WORKS)
    orchestrate("run", code=1)
    assert [a["agent"] for a in attempts()] == ["first"]


def test_work_that_is_bad_is_no_reason_for_another_agent(start, orchestrate, attempts) -> None:
    lazy = {"command": ["true"], "fallback": ["second"]}
    start({**TASK, "max_attempts": 2}, first=lazy, second=WORKS)
    orchestrate("run", code=1)
    assert [(a["agent"], a["reason"]) for a in attempts()] == [("first", "NO_CHANGES")] * 2


def test_three_failures_in_a_row_open_the_circuit_and_it_is_not_tried_again(
    start, orchestrate, attempts, repo
) -> None:
    names = [f"t{n}" for n in range(FAILURES + 1)]
    start(
        *({"id": name, "scope": ["a/**"], "max_attempts": 1} for name in names[:FAILURES]),
        {"id": names[-1], "scope": ["a/**"], "depends_on": names[:FAILURES]},
        first={**MISSING, "fallback": ["second"]},
        second={"command": ["sh", "-c", 'mkdir -p a && echo > "a/$$"']},
    )
    orchestrate("run")
    last = attempts(names[-1])
    assert [a["agent"] for a in last] == ["second"]
    assert last[0]["passed_over"] == [{"agent": "first", "reason": "CIRCUIT_OPEN"}]
    state = json.loads((repo / ".git" / "orchestrate" / "breakers" / "first.json").read_text())
    assert state["failures"] == FAILURES
    assert state["opened"] > 0


def test_with_every_circuit_open_the_rest_stays_queued_and_a_later_run_goes_on(
    start, orchestrate, attempts, tmp_path, monkeypatch
) -> None:
    names = [f"t{n}" for n in range(FAILURES + 2)]
    start(*({"id": n, "scope": ["a/**"], "max_attempts": 1} for n in names), first=MISSING)
    ran = orchestrate("run", code=1)
    assert "CIRCUIT_OPEN: no agent can be started: first" in ran.err
    assert "t3, t4: left queued, their agents rest; from 20" in ran.err
    assert "on: orchestrate run" in ran.err
    assert [status(orchestrate, n) for n in names] == ["failed"] * FAILURES + ["queued"] * 2
    assert attempts(names[-1]) == []
    orchestrate("run", code=1)
    assert attempts(names[-1]) == [], "it was tried before its time"
    monkeypatch.setattr("orchestrate.runner.breaker.REST_SEC", 0)
    tool = tmp_path / "bin" / "no-such-agent"
    tool.write_text('#!/bin/sh\nmkdir -p a && echo > "a/$$"\n')
    orchestrate("run", code=1)  # the first three have failed for good
    assert [status(orchestrate, n) for n in names] == ["failed"] * FAILURES + ["completed"] * 2
    assert "events verified" in orchestrate("log", "--verify").out


def test_a_task_with_another_agent_goes_on_beside_those_that_wait(
    start, orchestrate, attempts
) -> None:
    names = [f"t{n}" for n in range(FAILURES + 1)]
    other = {"id": "other", "scope": ["a/**"], "delegation": {"agent": "second"}}
    tasks = [{"id": n, "scope": ["a/**"], "max_attempts": 1} for n in names]
    start(*tasks, {**other, "depends_on": []}, first=MISSING, second=WORKS)
    orchestrate("run", code=1)
    assert status(orchestrate, names[-1]) == "queued"
    assert status(orchestrate, "other") == "completed"
