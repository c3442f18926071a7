"""`orchestrate status` where no plan is named."""

import json
from pathlib import Path

import pytest

from tests.playing import plan_file, playing, tries, write

TASK = {"id": "a", "scope": ["a/**"]}


@pytest.fixture
def two_plans(repo: Path, git, orchestrate, tmp_path: Path) -> None:
    playing(repo, git, {"a": tries([write("a/new.txt")])})
    for name in ("one-abc234", "two-abc234"):
        path = plan_file(tmp_path, TASK, id=name, title=f"Plan {name}")
        orchestrate("plan", "create", "--file", str(path))


def test_without_a_plan_it_says_how_to_begin(orchestrate) -> None:
    said = orchestrate("status").out
    assert "no plan here" in said
    assert "orchestrate plan create" in said
    assert "orchestrate start" in said
    assert json.loads(orchestrate("status", "--json").out) == {"active_task": None, "plans": []}


def test_of_several_plans_each_is_shown_with_its_next_step(two_plans, orchestrate) -> None:
    lines = orchestrate("status").out.splitlines()
    assert [line.split()[0] for line in lines[1:3]] == ["one-abc234", "two-abc234"]
    assert "next: orchestrate plan approve one-abc234" in lines
    assert "next: orchestrate plan approve two-abc234" in lines
    told = json.loads(orchestrate("status", "--json").out)
    assert [plan["id"] for plan in told["plans"]] == ["one-abc234", "two-abc234"]


def test_a_plan_that_ended_is_not_among_the_several(two_plans, orchestrate) -> None:
    orchestrate("plan", "reject", "two-abc234", "--reason", "no")
    assert orchestrate("status").out.startswith("plan one-abc234: draft")


def test_a_merged_plan_has_no_next_step(two_plans, orchestrate) -> None:
    orchestrate("plan", "approve", "one-abc234")
    assert "next: orchestrate plan merge one-abc234" in orchestrate("run", "one-abc234").out
    orchestrate("plan", "merge", "one-abc234")
    said = orchestrate("status", "one-abc234").out
    assert "its branch is merged" in said
    assert "next:" not in said


def test_lines_of_a_table_do_not_end_with_blanks(two_plans, orchestrate) -> None:
    for command in (["status"], ["status", "one-abc234"], ["plan", "list"]):
        assert all(line == line.rstrip() for line in orchestrate(*command).out.splitlines())
