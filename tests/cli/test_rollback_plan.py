"""Promoted tasks taken back: reverts on the plan branch, the record and the queue."""

import json
from pathlib import Path

import pytest

from orchestrate.git.notes import NOTES, read_notes
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, Oid, RefUpdate
from orchestrate.ledger.store import Ledger
from orchestrate.plans.states import PlanEvent
from tests.ledger.making import land, say, start
from tests.playing import plan_file, playing

PLAN = "demo-abc234"
BRANCH = f"orchestrate/{PLAN}"
FOLDER = f".orchestrate/plans/{PLAN}"
TASKS = (
    {"id": "a", "scope": ["**"]},
    {"id": "b", "scope": ["**"], "depends_on": ["a"]},
    {"id": "c", "scope": ["**"]},
    {"id": "d", "scope": ["**"], "depends_on": ["b"]},
)


@pytest.fixture
def ledger(repo: Path, git, orchestrate, tmp_path: Path) -> Ledger:
    """A plan under way: a, b, c landed in this order, d is queued."""
    playing(repo, git, {})
    orchestrate("plan", "create", "--file", str(plan_file(tmp_path, *TASKS)), "--approve")
    found = Ledger(Repository.open(repo), PLAN)
    say(found, PlanEvent.STARTED)
    for task in "abc":
        land(found, task, f"{task}.new", f"{task}\n")
    return found


def files(repo: Path, git) -> list[str]:
    return git("ls-tree", "-r", "--name-only", BRANCH, cwd=repo).split()


def statuses(ledger: Ledger) -> dict[str, str]:
    return {task.id: str(task.status) for task in ledger.load().state.tasks.values()}


def test_a_task_goes_with_what_builds_on_it_and_the_rest_stays(
    ledger, repo, orchestrate, git
) -> None:
    before = git("rev-parse", BRANCH, cwd=repo)
    ran = orchestrate("task", "rollback", "a", "--reason", "wrong format")
    assert ran.out.index("took back b") < ran.out.index("took back a")
    assert statuses(ledger) == {"a": "queued", "b": "queued", "c": "completed", "d": "queued"}
    assert {"a.new", "b.new"} & set(files(repo, git)) == set()
    assert "c.new" in files(repo, git)
    recorded = git("ls-tree", "--name-only", f"{BRANCH}:{FOLDER}/tasks", cwd=repo).split()
    assert recorded == ["c.json"]
    assert "| a: a | queued (wrong format) |" in git(
        "show", f"{BRANCH}:{FOLDER}/record.md", cwd=repo
    )
    assert git("rev-parse", f"{BRANCH}~2", cwd=repo) == before
    assert "wrong format" in git("log", "-1", "--format=%B", BRANCH, cwd=repo)
    assert "events verified" in orchestrate("log", "--verify").out


def test_what_was_taken_back_lands_anew_with_a_record_of_its_own(
    ledger, repo, orchestrate, git
) -> None:
    orchestrate("task", "rollback", "a")
    commit = land(ledger, "a", "a.new", "better\n")
    assert git("show", f"{BRANCH}:a.new", cwd=repo) == "better"
    record = json.loads(git("show", f"{BRANCH}:{FOLDER}/tasks/a.json", cwd=repo))
    assert [(x["revision"], x["attempt"]) for x in record["attempts"]] == [(0, 0), (1, 0)]
    assert ledger.load().state.tasks["a"].commit == commit
    assert "events verified" in orchestrate("log", "--verify").out


def test_an_ended_plan_is_opened_again(ledger, repo, orchestrate) -> None:
    land(ledger, "d", "d.new")
    say(ledger, PlanEvent.COMPLETED)
    orchestrate("task", "rollback", "d")
    assert ledger.load().state.status == "executing"
    assert statuses(ledger)["d"] == "queued"
    assert "events verified" in orchestrate("log", "--verify").out


def test_to_a_task_takes_back_everything_after_it(ledger, repo, orchestrate, git) -> None:
    said = json.loads(orchestrate("plan", "rollback", "--to", "a", "--json").out)
    assert [one["task"] for one in said["taken_back"]] == ["c", "b"]
    assert statuses(ledger) == {"a": "completed", "b": "queued", "c": "queued", "d": "queued"}
    assert "a.new" in files(repo, git)
    assert {"b.new", "c.new"} & set(files(repo, git)) == set()
    assert "nothing was promoted" in orchestrate("plan", "rollback", "--to", "a").out


def test_a_dry_run_says_it_and_moves_nothing(ledger, repo, orchestrate, git) -> None:
    refs = git("for-each-ref", cwd=repo)
    ran = orchestrate("task", "rollback", "a", "--dry-run")
    assert "would take back b" in ran.out
    assert git("for-each-ref", cwd=repo) == refs


def test_a_conflict_is_refused_with_paths_and_tasks_and_nothing_moves(
    ledger, repo, orchestrate, git
) -> None:
    land(ledger, "d", "b.new", "changed by d\n")
    orchestrate("task", "rollback", "d")
    # c's file is changed once more by a task that does not depend on it.
    land(ledger, "d", "c.new", "changed by d\n")
    refs = git("for-each-ref", cwd=repo)
    ended = orchestrate("task", "rollback", "c", code=4)
    assert "c.new" in ended.err
    assert "take back first: d" in ended.err
    orchestrate("task", "rollback", "c", "--dry-run", code=4)
    assert git("for-each-ref", cwd=repo) == refs


def test_work_under_way_on_top_comes_back_to_the_queue(ledger, orchestrate) -> None:
    start(ledger, "d")
    ran = orchestrate("task", "rollback", "b")
    assert "sent d back to the queue" in ran.out
    assert statuses(ledger)["d"] == "queued"
    orchestrate("task", "rollback", "d", code=4)


def test_a_branch_that_is_checked_out_is_not_moved(ledger, repo, orchestrate, git) -> None:
    git("switch", "-q", BRANCH, cwd=repo)
    assert "checked out" in orchestrate("task", "rollback", "a", code=4).err


def test_a_task_in_a_persons_own_tree_is_theirs_to_revert(repo, orchestrate, git) -> None:
    orchestrate("start", "mine", "--scope", "a.txt")
    (repo / "a.txt").write_text("two\n")
    git("commit", "-q", "-a", "-m", "feat: two", cwd=repo)
    orchestrate("finish")
    assert "git revert" in orchestrate("task", "rollback", "mine", code=4).err


def test_a_revert_that_reverts_nothing_does_not_verify(ledger, repo, orchestrate, git) -> None:
    orchestrate("task", "rollback", "c")
    opened, tip = ledger.repo, ledger.tip()
    event = json.loads(git("show", f"{tip}:event.json", cwd=repo))
    forged = git("rev-parse", f"{BRANCH}~1", cwd=repo)
    event["data"] |= {"commit": forged, "tree": git("rev-parse", f"{forged}^{{tree}}", cwd=repo)}
    data = (json.dumps(event, sort_keys=True, indent=2) + "\n").encode()
    old = opened.read_commit(tip)
    tree = opened.edit_tree(old.tree, {"event.json": (FILE, opened.write_blob(data))})
    new = opened.commit(tree, old.parents, old.message, author=old.author, committer=old.committer)
    opened.swap_refs([RefUpdate(ledger.ref, new, tip)])
    assert "reverted-commit" in orchestrate("log", "--verify", code=1).out


def test_verdicts_are_noted_on_the_commits_and_the_notes_can_be_rebuilt(
    ledger, repo, orchestrate, git
) -> None:
    promoted = Oid(ledger.load().state.tasks["c"].commit)
    orchestrate("task", "rollback", "c")
    notes = [json.loads(line) for line in read_notes(ledger.repo, NOTES, promoted)]
    assert [(n["task"], n["verdict"]) for n in notes] == [("c", "pass"), ("c", "unpromoted")]
    assert notes[1]["revert"] == git("rev-parse", BRANCH, cwd=repo)
    assert set(notes[0]) == {"attempt", "ledger", "plan", "policy", "task", "tree", "verdict"}
    before = git("ls-tree", "-r", NOTES, cwd=repo)
    git("update-ref", "-d", NOTES, cwd=repo)
    assert "3 commits" in orchestrate("log", "--rebuild-notes").out
    assert git("ls-tree", "-r", NOTES, cwd=repo) == before
    orchestrate("log", "--rebuild-notes")
    assert git("ls-tree", "-r", NOTES, cwd=repo) == before


def test_a_note_that_cannot_be_written_hides_no_promotion(ledger, repo, git) -> None:
    git("update-ref", "-d", NOTES, cwd=repo)
    (repo / ".git" / "refs" / "notes").mkdir(exist_ok=True)
    git("update-ref", f"{NOTES}/in-the-way", "HEAD", cwd=repo)
    commit = land(ledger, "d", "d.new")
    assert ledger.load().state.tasks["d"].commit == commit
    assert git("rev-parse", BRANCH, cwd=repo) == commit
