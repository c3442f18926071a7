"""A person's own task, from start to finish, as typed in a real repository."""

import json
from pathlib import Path

import pytest

from orchestrate.git.repository import Repository
from orchestrate.git.types import RefUpdate
from orchestrate.ledger.store import Ledger, plan_ids
from orchestrate.runner.own_task import of_worktree


@pytest.fixture
def commit(repo: Path, git):
    """`commit("src/app.py", "text")` writes the file and commits it; the commit's id."""

    def make(path: str, text: str, cwd: Path = repo) -> str:
        (cwd / path).parent.mkdir(parents=True, exist_ok=True)
        (cwd / path).write_text(text)
        git("add", "-A", cwd=cwd)
        git("commit", "-q", "-m", f"feat: {path}", cwd=cwd)
        return git("rev-parse", "HEAD", cwd=cwd)

    return make


@pytest.fixture
def started(orchestrate):
    """A task on src/ whose command wants the word fixed."""
    verify = "grep -q fixed src/app.py"
    return json.loads(
        orchestrate("start", "Fix the app", "--scope", "src/**", "--verify", verify, "--json").out
    )


def file_of(repo: Path) -> Path:
    return repo / ".git" / "orchestrate-task.json"


def test_a_task_is_started_worked_on_and_finished(repo, orchestrate, git, commit, started) -> None:
    assert json.loads(file_of(repo).read_text())["scope"] == ["src/**"]
    head = commit("src/app.py", "fixed\n")
    before = git("for-each-ref", "refs/heads", cwd=repo)
    said = json.loads(orchestrate("finish", "--json").out)
    assert (said["status"], said["commit"]) == ("completed", head)
    assert said["attempt"]["verifications"][0]["passed"] is True
    assert not file_of(repo).exists()
    assert git("for-each-ref", "refs/heads", cwd=repo) == before
    assert git("status", "--porcelain", cwd=repo) == ""
    shown = json.loads(orchestrate("status", "--json").out)
    assert (shown["status"], shown["active_task"]) == ("completed", None)
    assert "events verified" in orchestrate("log", "--verify").out


def test_status_says_what_the_worktree_is_on(orchestrate, started) -> None:
    shown = orchestrate("status").out
    assert "this worktree is on task fix-the-app: Fix the app" in shown
    assert "src/**" in shown
    assert "`grep -q fixed src/app.py` succeeds" in shown
    assert "orchestrate finish" in shown


def test_what_leaves_the_scope_does_not_pass_and_the_task_stays_open(
    repo, orchestrate, commit, started
) -> None:
    commit("a.txt", "hacked\n")
    commit("src/app.py", "fixed\n")
    ended = orchestrate("finish", code=1)
    assert "outside-allowed a.txt" in ended.out
    assert "stays open" in ended.out
    shown = json.loads(orchestrate("status", "--json").out)
    assert shown["tasks"][0]["status"] == "running"
    last = shown["active_task"]["last_findings"]
    assert [(f["id"], f["path"]) for f in last["findings"]] == [("outside-allowed", "a.txt")]
    assert file_of(repo).exists()
    commit("a.txt", "one\n")
    orchestrate("finish")


def test_a_command_that_fails_on_what_is_committed_does_not_pass(
    repo, orchestrate, commit, started
) -> None:
    commit("src/app.py", "broken\n")
    assert "AC_NOT_MET" in orchestrate("finish", code=1).out


def test_policy_is_that_of_the_tasks_base(repo, orchestrate, commit) -> None:
    orchestrate("start", "soften", "--scope", "**")
    commit(".orchestrate/config.yaml", "schema_version: 1\nprotected: []\n")
    assert "in-protected .orchestrate/config.yaml" in orchestrate("finish", code=1).out


def test_uncommitted_work_in_the_scope_is_refused_and_outside_named(
    repo, orchestrate, commit, started
) -> None:
    commit("src/app.py", "fixed\n")
    (repo / "src" / "new.py").write_text("x\n")
    ended = orchestrate("finish", code=4)
    assert "not committed: src/new.py" in ended.err
    (repo / "src" / "new.py").unlink()
    (repo / "notes.txt").write_text("mine\n")
    ended = orchestrate("finish")
    assert "notes.txt" in ended.err


def test_merged_in_work_of_others_is_left_out_by_since(repo, orchestrate, git, commit) -> None:
    git("switch", "-q", "-c", "topic", cwd=repo)
    orchestrate("start", "topic", "--scope", "src/**")
    git("switch", "-q", "main", cwd=repo)
    commit("a.txt", "of others\n")
    git("switch", "-q", "topic", cwd=repo)
    commit("src/app.py", "mine\n")
    git("merge", "-q", "--no-edit", "main", cwd=repo)
    refused = orchestrate("finish", code=1).out
    assert "outside-allowed a.txt" in refused
    assert "orchestrate finish --since REV" in refused
    said = json.loads(orchestrate("finish", "--since", "main", "--json").out)
    assert said["status"] == "completed"
    assert "judged since" in said["attempt"]["detail"]


def test_since_must_lie_between_base_and_head(repo, orchestrate, git, commit, started) -> None:
    git("switch", "-q", "-c", "other", cwd=repo)
    commit("src/app.py", "fixed\n")
    git("switch", "-q", "main", cwd=repo)
    commit("src/app.py", "fixed too\n")
    orchestrate("finish", "--since", "other", code=2)


def test_a_second_task_is_refused_with_the_way_out(orchestrate, started) -> None:
    ended = orchestrate("start", "another", "--scope", "a.txt", code=4)
    assert "fix-the-app" in ended.err
    assert "orchestrate finish --cancel" in ended.err


def test_each_worktree_has_its_own_task(repo, orchestrate, git, commit, started, tmp_path) -> None:
    beside = tmp_path / "beside"
    git("worktree", "add", "-q", "-b", "beside", str(beside), cwd=repo)
    assert json.loads(orchestrate("status", "--json", cwd=beside).out)["active_task"] is None
    orchestrate("start", "beside", "--scope", "a.txt", cwd=beside)
    commit("a.txt", "two\n", cwd=beside)
    orchestrate("finish", cwd=beside)
    assert json.loads(file_of(repo).read_text())["plan"] == started["plan"]


def test_a_task_given_up_is_closed_with_its_reason(repo, orchestrate, started) -> None:
    orchestrate("finish", "--cancel", code=2)
    orchestrate("finish", "--cancel", "--reason", "solved otherwise")
    assert not file_of(repo).exists()
    shown = json.loads(orchestrate("status", started["plan"], "--json").out)
    assert (shown["status"], shown["reason"]) == ("aborted", "solved otherwise")
    assert shown["tasks"][0]["status"] == "cancelled"


def test_finish_without_a_task_says_how_to_start_one(orchestrate) -> None:
    assert "orchestrate start" in orchestrate("finish", code=2).err


def test_a_wrong_role_or_scope_leaves_no_plan_behind(repo, orchestrate) -> None:
    orchestrate("start", "x", "--scope", "src", "--role", "nobody-has-it", code=2)
    orchestrate("start", "x", "--scope", "", code=2)
    assert plan_ids(Repository.open(repo)) == []
    assert not file_of(repo).exists()


def test_a_wrong_pattern_is_named_as_it_was_typed(orchestrate) -> None:
    ran = orchestrate("start", "x", "--scope", "!src", code=2)
    assert ran.err.startswith("error: path pattern '!src':")


def test_what_is_denied_within_the_scope_does_not_pass(repo, orchestrate, commit) -> None:
    orchestrate("start", "x", "--scope", "src/", "--deny", "src/app.py")
    commit("src/app.py", "x = 1\n")
    assert "in-forbidden src/app.py" in orchestrate("finish", code=1).out


def test_the_record_is_staged_when_asked_for(repo, orchestrate, git, commit, started) -> None:
    commit("src/app.py", "fixed\n")
    orchestrate("finish", "--record")
    folder = f".orchestrate/plans/{started['plan']}"
    staged = git("diff", "--cached", "--name-only", cwd=repo).split()
    assert staged == [
        f"{folder}/plan.yaml", f"{folder}/record.md", f"{folder}/tasks/fix-the-app.json"
    ]  # fmt: skip
    record = json.loads((repo / folder / "tasks" / "fix-the-app.json").read_text())
    assert record["commit"] == git("rev-parse", "HEAD", cwd=repo)


def test_findings_for_a_person_need_a_person(repo, orchestrate, git, commit) -> None:
    orchestrate("start", "script", "--scope", "src/**")
    commit("src/run.sh", "#!/bin/sh\necho hi\n")
    git("update-index", "--chmod=+x", "src/run.sh", cwd=repo)
    (repo / "src" / "run.sh").chmod(0o755)
    git("commit", "-q", "-m", "feat: executable", cwd=repo)
    ended = orchestrate("finish", code=1)
    assert "GATE_NOT_RUN" in ended.out
    assert "--reviewed" in ended.out
    orchestrate("finish", "--reviewed", "the script is harmless")
    shown = json.loads(orchestrate("status", "--json").out)
    assert shown["tasks"][0]["reviews"][0]["comment"] == "the script is harmless"
    assert "events verified" in orchestrate("log", "--verify").out


def test_no_runner_takes_a_persons_task(repo, orchestrate, started) -> None:
    ended = orchestrate("run", started["plan"], code=4)
    assert "orchestrate finish" in ended.err
    shown = json.loads(orchestrate("status", "--json").out)
    assert shown["tasks"][0]["status"] == "running"


def test_a_forged_end_of_a_persons_task_does_not_verify(
    repo, orchestrate, git, commit, started
) -> None:
    commit("src/app.py", "fixed\n")
    orchestrate("finish")
    plan, ledger = started["plan"], f"refs/orchestrate/ledgers/{started['plan']}"
    base = git("rev-parse", "HEAD~1", cwd=repo)
    opened = Repository.open(repo)
    head = git("rev-parse", "HEAD", cwd=repo)
    forged = git("rev-parse", f"{ledger}~1", cwd=repo)
    event = git("show", f"{forged}:event.json", cwd=repo).replace(head, base) + "\n"
    state = git("show", f"{forged}:tasks/fix-the-app.json", cwd=repo)
    state = state.replace(f'"commit": "{head}"', f'"commit": "{base}"') + "\n"
    old = opened.read_commit(opened.resolve(forged))
    files = {"event.json": event, "tasks/fix-the-app.json": state}
    edits = {path: (0o100644, opened.write_blob(text.encode())) for path, text in files.items()}
    new = opened.commit(
        opened.edit_tree(old.tree, edits), old.parents, old.message,
        author=old.author, committer=old.committer,
    )  # fmt: skip
    opened.swap_refs([RefUpdate(ledger, new, opened.ref(ledger))])
    ended = orchestrate("log", plan, "--verify", code=1)
    assert "judged-commit" in ended.out


def test_a_start_killed_before_the_hooks_knew_is_completed_by_the_same_start(
    repo, orchestrate, started
) -> None:
    file_of(repo).unlink()
    assert "interrupted" in orchestrate("status").out
    assert "fix-the-app" in orchestrate("start", "another", "--scope", "a.txt", code=4).err
    again = orchestrate("start", "Fix the app", "--scope", "src/**", "--json")
    assert json.loads(again.out)["plan"] == started["plan"]
    assert file_of(repo).exists()
    assert plan_ids(Repository.open(repo)) == [started["plan"]]


def test_a_finish_killed_before_the_file_went_is_healed(repo, orchestrate, commit, started) -> None:
    left = file_of(repo).read_bytes()
    commit("src/app.py", "fixed\n")
    orchestrate("finish")
    for command in (["status"], ["finish"], ["start", "next", "--scope", "a.txt"]):
        file_of(repo).write_bytes(left)
        orchestrate(*command)
        found = of_worktree(Repository.open(repo))
        assert found is None or found.task.id == "next"


def test_a_task_cancelled_from_elsewhere_frees_the_worktree(repo, orchestrate, started) -> None:
    orchestrate("task", "cancel", "fix-the-app", "--plan", started["plan"])
    assert json.loads(orchestrate("status", "--json").out)["active_task"] is None
    assert not file_of(repo).exists()
    state = Ledger(Repository.open(repo), started["plan"]).load().state
    assert state.status == "aborted"
