import json

import pytest

from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.errors import RefMoved
from orchestrate.git.repository import Repository
from orchestrate.ledger.codec import DamagedRecord
from orchestrate.ledger.promotion import heal_branch
from orchestrate.ledger.store import Ledger, plan_ids
from orchestrate.plans.states import PlanStatus, TaskEvent, TaskStatus
from tests.ledger.making import NOW, attempted, claim, land, say, start


def test_a_new_ledger_loads_as_it_was_created(make_ledger) -> None:
    ledger = make_ledger({"id": "a"}, {"id": "b", "depends_on": ["a"]}, start=False)
    loaded = ledger.load()
    assert loaded.state.status is PlanStatus.DRAFT
    assert [t.id for t in loaded.state.tasks.values()] == ["a", "b"]
    assert ledger.plan_yaml(loaded) == b"id: p-abc234 # as written\n"
    assert plan_ids(ledger.repo) == ["p-abc234"]


def test_two_plans_cannot_have_one_id(make_ledger) -> None:
    make_ledger({"id": "a"}, start=False)
    with pytest.raises(RefMoved):
        make_ledger({"id": "b"}, start=False)


def test_a_plan_that_is_not_there_is_refused_with_the_next_step(repo) -> None:
    with pytest.raises(InvalidInput, match="no plan 'ghost'") as refused:
        Ledger(Repository.open(repo), "ghost").load()
    assert "plan list" in refused.value.hint


def test_an_event_is_one_commit_with_subject_and_trailers(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    start(ledger, "a")
    attempted(ledger, "a")
    log = git("log", "-1", "--format=%B", ledger.ref, cwd=repo)
    assert log.splitlines()[0] == "a: running -> running (R0/S0 AC_NOT_MET)"
    trailers = git("log", "-1", "--format=%(trailers:only)", ledger.ref, cwd=repo)
    assert trailers.splitlines() == [
        "Orchestrate-Event: task.attempted",
        "Orchestrate-Plan: p-abc234",
        "Orchestrate-Task: a",
        "Orchestrate-Attempt: R0/S0",
        "Orchestrate-Generation: 1",
        "Orchestrate-Actor: tester",
        "Orchestrate-Reason: AC_NOT_MET",
    ]


def test_the_state_reads_as_plain_files_with_git_alone(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    claim(ledger, "a", "me")
    task = json.loads(git("show", f"{ledger.ref}:tasks/a.json", cwd=repo))
    assert (task["status"], task["owner"]) == ("claimed", "me")
    names = git("ls-tree", "--name-only", ledger.ref, cwd=repo).split()
    assert names == ["document.json", "event.json", "plan.json", "plan.yaml", "tasks"]


def test_an_illegal_event_writes_nothing(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    before = ledger.tip()
    with pytest.raises(Conflict):
        say(ledger, TaskEvent.COMPLETED, "a")
    assert ledger.tip() == before


def test_a_forged_reason_cannot_add_a_trailer(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    say(ledger, TaskEvent.SKIPPED, "a", "no\n\nOrchestrate-Event: task.completed")
    found = git(
        "log", "-1", "--format=%(trailers:key=Orchestrate-Event,valueonly)", ledger.ref, cwd=repo
    )
    assert found == "task.skipped"


def test_a_cascade_appears_at_once_as_a_chain_of_commits(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"}, {"id": "b", "depends_on": ["a"]})
    generation = start(ledger, "a")
    before = ledger.tip()
    say(ledger, TaskEvent.FAILED, "a", generation=generation)
    subjects = git("log", "--format=%s", f"{before}..{ledger.ref}", cwd=repo).splitlines()
    assert subjects == ["b: queued -> blocked", "a: running -> failed"]
    assert ledger.load().state.tasks["b"].status is TaskStatus.BLOCKED


def test_evidence_lies_in_the_tree_of_its_event_and_stays(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    start(ledger, "a")
    say(ledger, TaskEvent.CANCELLED, "a", evidence={"evidence/a/0-0/output.txt": b"hello\n"})
    assert ledger.evidence(ledger.load(), "a") == ["evidence/a/0-0/output.txt"]


def test_a_plan_of_many_tasks_is_spread_over_folders(make_ledger) -> None:
    ledger = make_ledger(*({"id": f"t{n}"} for n in range(1001)))
    claim(ledger, "t1000")
    fresh = Ledger(ledger.repo, "p-abc234").load()
    assert len(fresh.state.tasks) == 1001
    assert fresh.state.tasks["t1000"].status is TaskStatus.CLAIMED
    assert sum(t.status is TaskStatus.QUEUED for t in fresh.state.tasks.values()) == 1000
    top = ledger.repo.list_tree(ledger.repo.entry(fresh.tree, "tasks").oid)
    assert len(top) <= 256


def test_a_record_of_a_newer_version_is_refused_with_a_sentence(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    text = json.loads(git("show", f"{ledger.ref}:plan.json", cwd=repo))
    blob = ledger.repo.write_blob(json.dumps({**text, "schema_version": 99}).encode())
    tree = ledger.repo.edit_tree(ledger.load().tree, {"plan.json": (0o100644, blob)})
    commit = git("commit-tree", tree, "-p", ledger.tip(), "-m", "x", cwd=repo)
    git("update-ref", ledger.ref, commit, cwd=repo)
    with pytest.raises(DamagedRecord, match="schema version 99; this program reads 1") as refused:
        ledger.load()
    assert "upgrade" in refused.value.hint


def test_a_promotion_is_one_commit_with_code_and_record(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"}, {"id": "b", "depends_on": ["a"]})
    commit = land(ledger, "a")
    branch = "refs/heads/orchestrate/p-abc234"
    assert git("rev-parse", branch, cwd=repo) == commit
    changed = git("diff-tree", "-r", "--name-only", "--no-commit-id", commit, cwd=repo).split()
    folder = ".orchestrate/plans/p-abc234"
    assert changed == [
        f"{folder}/plan.yaml",
        f"{folder}/record.md",
        f"{folder}/tasks/a.json",
        "new.txt",
    ]
    record = json.loads(git("show", f"{branch}:{folder}/tasks/a.json", cwd=repo))
    assert record["status"] == "completed"
    trailer = "%(trailers:key=Orchestrate-Ledger,valueonly)"
    under = git("log", "-1", f"--format={trailer}", branch, cwd=repo)
    assert record["ledger"] == under
    assert under in git("rev-list", ledger.ref, cwd=repo).split()
    assert ledger.load().state.tasks["a"].commit == commit
    page = git("show", f"{branch}:{folder}/record.md", cwd=repo)
    assert "| a: a | completed" in page
    assert "| b: b | queued" in page


def test_the_ledger_appends_at_the_given_time(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    assert git("log", "-1", "--format=%ct", ledger.ref, cwd=repo) == str(NOW)


def test_a_branch_that_stayed_behind_its_ledger_is_moved_on(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"}, {"id": "b"})
    first, second = land(ledger, "a"), land(ledger, "b", "other.txt")
    branch = "refs/heads/orchestrate/p-abc234"
    assert heal_branch(ledger, ledger.load()) is None
    git("update-ref", branch, first, cwd=repo)
    assert heal_branch(ledger, ledger.load()) == second
    git("update-ref", "-d", branch, cwd=repo)
    assert heal_branch(ledger, ledger.load()) == second
    assert git("rev-parse", branch, cwd=repo) == second


def test_a_branch_that_somebody_committed_to_is_left_alone(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    land(ledger, "a")
    branch = "refs/heads/orchestrate/p-abc234"
    tree = git("rev-parse", f"{branch}^{{tree}}", cwd=repo)
    more = git("commit-tree", tree, "-p", branch, "-m", "by hand", cwd=repo)
    git("update-ref", branch, more, cwd=repo)
    assert heal_branch(ledger, ledger.load()) is None
