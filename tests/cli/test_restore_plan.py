"""A lost ledger begun anew from the record on the plan branch."""

import json
from pathlib import Path

import pytest

from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, RefUpdate
from orchestrate.ledger.store import Ledger
from orchestrate.plans.states import PlanEvent, TaskEvent
from tests.ledger.making import land, say
from tests.playing import plan_file, playing

PLAN = "demo-abc234"
REF = f"refs/orchestrate/ledgers/{PLAN}"
TASKS = (
    {"id": "a", "scope": ["**"]},
    {"id": "b", "scope": ["**"], "depends_on": ["a"]},
    {"id": "c", "scope": ["**"]},
    {"id": "d", "scope": ["**"], "depends_on": ["c"]},
)


@pytest.fixture
def lost(repo: Path, git, orchestrate, tmp_path: Path) -> Ledger:
    """A plan with a landed, c cancelled, b landed, whose ledger ref was deleted."""
    playing(repo, git, {})
    orchestrate("plan", "create", "--file", str(plan_file(tmp_path, *TASKS)), "--approve")
    ledger = Ledger(Repository.open(repo), PLAN)
    say(ledger, PlanEvent.STARTED)
    land(ledger, "a", "a.new")
    say(ledger, TaskEvent.CANCELLED, "c")
    land(ledger, "b", "b.new")
    git("update-ref", "-d", REF, cwd=repo)
    return ledger


def tasks(orchestrate) -> dict[str, dict]:
    return {t["id"]: t for t in json.loads(orchestrate("status", "--json").out)["tasks"]}


def test_what_ended_stands_and_the_rest_waits_for_approval(lost, repo, orchestrate, git) -> None:
    said = orchestrate("plan", "restore", PLAN)
    assert "draft, 2/4 done" in said.out
    now = tasks(orchestrate)
    assert {t: now[t]["status"] for t in "abcd"} == {
        "a": "completed", "b": "completed", "c": "cancelled", "d": "blocked"
    }  # fmt: skip
    assert now["a"]["commit"] == git("rev-parse", f"orchestrate/{PLAN}~1", cwd=repo)
    assert now["a"]["attempts"][0]["reason"] == "PASS_ALL_CRITERIA"
    assert "1 events verified" in orchestrate("log", "--verify").out
    assert lost.load().state.base == git("rev-parse", "main", cwd=repo)


def test_a_restored_plan_goes_on(lost, orchestrate, git, repo) -> None:
    orchestrate("plan", "restore", PLAN)
    orchestrate("plan", "approve")
    say(lost, PlanEvent.STARTED)
    orchestrate("task", "rollback", "b")
    land(lost, "b", "b.new", "better\n")
    assert git("show", f"orchestrate/{PLAN}:b.new", cwd=repo) == "better"
    assert "events verified" in orchestrate("log", "--verify").out
    assert "does not take 'revised'" in orchestrate("plan", "edit", code=4).err


def test_a_ledger_that_is_there_is_not_replaced(lost, orchestrate) -> None:
    orchestrate("plan", "restore", PLAN)
    assert "nothing to restore" in orchestrate("plan", "restore", PLAN, code=2).err


def test_after_a_squash_the_record_alone_is_enough(lost, repo, orchestrate, git) -> None:
    git("merge", "-q", "--squash", f"orchestrate/{PLAN}", cwd=repo)
    git("commit", "-q", "-m", "feat: squashed", cwd=repo)
    git("branch", "-q", "-D", f"orchestrate/{PLAN}", cwd=repo)
    orchestrate("plan", "restore", PLAN)
    assert (tasks(orchestrate)["a"]["status"], tasks(orchestrate)["a"]["commit"]) == (
        "completed", ""
    )  # fmt: skip
    assert "events verified" in orchestrate("log", "--verify").out
    assert "squashed" in orchestrate("task", "rollback", "a", code=4).err


def test_without_a_record_it_says_what_is_missing(lost, orchestrate) -> None:
    ended = orchestrate("plan", "restore", PLAN, "--from", "main", code=2)
    assert "plan.yaml" in ended.err
    assert "--from" in ended.err


def test_a_restored_state_that_the_record_does_not_hold_does_not_verify(
    lost, repo, orchestrate
) -> None:
    orchestrate("plan", "restore", PLAN)
    opened, tip = lost.repo, lost.tip()
    commit = opened.read_commit(tip)
    data = opened.read_path(commit.tree, "tasks/c.json")
    blob = opened.write_blob(data.replace(b'"cancelled"', b'"completed"'))
    tree = opened.edit_tree(commit.tree, {"tasks/c.json": (FILE, blob)})
    forged = opened.commit(
        tree, (), commit.message, author=commit.author, committer=commit.committer
    )
    opened.swap_refs([RefUpdate(REF, forged, tip)])
    assert "state-follows" in orchestrate("log", "--verify", code=1).out
