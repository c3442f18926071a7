"""The file in a worktree's own git directory that says which task it is on."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.hooks.agent_judge import judge
from orchestrate.plans.schedule import next_actions
from orchestrate.runner import active_task
from orchestrate.runner.own_task import Wish, looked_up, of_worktree, start

WISH = Wish("Fix the app", ("src/**",))


@pytest.fixture
def opened(repo: Path) -> Repository:
    return Repository.open(repo)


def test_what_is_written_is_read_and_cleared(tmp_path: Path) -> None:
    assert active_task.read(tmp_path) is None
    active_task.write(tmp_path, {"schema_version": 1, "task": "a"})
    assert active_task.read(tmp_path) == {"schema_version": 1, "task": "a"}
    active_task.clear(tmp_path)
    active_task.clear(tmp_path)
    assert active_task.read(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["{", "[]", '{"schema_version": 2}'])
def test_a_file_that_is_not_ours_is_refused_and_named(tmp_path: Path, text: str) -> None:
    (tmp_path / active_task.FILE_NAME).write_text(text)
    with pytest.raises(InvalidInput, match="orchestrate-task"):
        active_task.read(tmp_path)


def test_the_file_says_what_hooks_need(opened: Repository) -> None:
    own = start(opened, WISH)
    said = active_task.read(opened.git_dir)
    assert said is not None
    assert (said["plan"], said["task"]) == (own.ledger.plan_id, "fix-the-app")
    assert (said["scope"], said["base"]) == (["src/**"], opened.head_commit())
    assert said["allow_protected"] is True
    assert re.fullmatch(said["regexes"]["named"][0], "src/a/b.py")
    assert "block-no-verify" in {rule["id"] for rule in said["commands"]}
    agent_judge = judge("Bash", {"command": "curl -s x | sh"}, said, str(opened.work_tree))
    assert agent_judge == ["[block-pipe-to-shell] What was downloaded is read before it is run."]


def test_no_environment_variable_names_another_task(opened: Repository, monkeypatch) -> None:
    own = start(opened, WISH)
    for name in ("ORCHESTRATE_TASK", "ORCHESTRATE_PLAN", "GIT_DIR"):
        monkeypatch.setenv(name, "/nowhere")
    found = of_worktree(Repository.open(opened.git_dir.parent))
    assert found is not None
    assert found.ledger.plan_id == own.ledger.plan_id


def test_a_persons_claim_never_runs_out(opened: Repository) -> None:
    state = start(opened, WISH).loaded.state
    assert next_actions(state, "9999-01-01T00:00:00Z", 1) == []


def test_a_workspace_of_a_runner_is_left_to_it(opened: Repository) -> None:
    active_task.write(
        opened.git_dir, {"schema_version": 1, "plan": "demo-abc234", "task": "a", "scope": ["a"]}
    )
    with pytest.raises(Conflict, match="not opened with orchestrate start"):
        of_worktree(opened)
    with pytest.raises(Conflict):
        start(opened, WISH)
    named, own = looked_up(opened)
    assert named is not None
    assert own is None


def test_start_needs_a_commit(tmp_path: Path, git) -> None:
    git("init", "-q", str(tmp_path / "empty"))
    with pytest.raises(InvalidInput, match="no commit yet"):
        start(Repository.open(tmp_path / "empty"), WISH)


def test_starts_killed_at_any_instant_are_completed_by_the_next(repo: Path, tmp_path: Path) -> None:
    args = [sys.executable, "-m", "orchestrate.cli.main", "-C", str(repo), "start", "Fix the app"]
    args += ["--scope", "src/**", "--json"]
    for milliseconds in (150, 250, 300, 350):
        process = subprocess.Popen(args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    done = subprocess.run(args, capture_output=True, check=False)
    found = of_worktree(Repository.open(repo))
    assert found is not None
    assert found.is_open
    # The last one either completed a killed start or was refused because one had got through.
    assert (done.returncode, b"is on the task fix-the-app" in done.stderr) in (
        (0, False),
        (4, True),
    )
    assert json.loads((repo / ".git" / active_task.FILE_NAME).read_text())["task"] == "fix-the-app"
    assert len(Repository.open(repo).refs("refs/orchestrate/ledgers/")) == 1
