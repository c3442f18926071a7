"""The agents' hook as a real process: what it refuses, and that it fails closed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestrate.cli.main import run
from orchestrate.git.repository import Repository
from orchestrate.hooks import agent_hook
from orchestrate.runner.finishing import finish
from orchestrate.runner.own_task import Wish, start

HOOK = agent_hook.__file__
assert HOOK is not None

TASK = {
    "schema_version": 1,
    "plan": "p-abc234",
    "task": "fix",
    "title": "Fix it",
    "scope": ["src/"],
    "deny": [],
    "protected": [".github/"],
    "allow_protected": False,
    "criteria": ["tests pass"],
}


@pytest.fixture
def hook(repo: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Calls the hook as a client does, in the repository."""

    def call(event: Any, *args: str) -> "subprocess.CompletedProcess[str]":
        text = event if isinstance(event, str) else json.dumps({"cwd": str(repo), **event})
        return subprocess.run(
            [sys.executable, "-I", "-S", str(HOOK), "claude", *args],
            input=text,
            capture_output=True,
            text=True,
            cwd=repo,
            check=False,
        )

    return call


Hook = Callable[..., "subprocess.CompletedProcess[str]"]


def bash(command: str) -> dict[str, Any]:
    return {
        "hook_event_name": "PreToolUse",
        "tool_name": "Bash",
        "tool_input": {"command": command},
    }


def write(path: str) -> dict[str, Any]:
    return {
        "hook_event_name": "PreToolUse",
        "tool_name": "Write",
        "tool_input": {"file_path": path},
    }


def activate(repo: Path) -> None:
    (repo / ".git" / "orchestrate-task.json").write_text(json.dumps(TASK))


def test_a_bypass_is_refused_with_a_reason(hook: Hook) -> None:
    done = hook(bash("git commit --no-verify -m x"))
    assert done.returncode == 2
    assert "drop --no-verify" in done.stderr
    assert hook(bash("git commit -m x")).returncode == 0


def test_without_a_task_any_file_of_the_worktree_may_be_written(hook: Hook, repo: Path) -> None:
    assert hook(write("docs/x.md")).returncode == 0
    assert hook(write(str(repo / ".git/config"))).returncode == 2


def test_the_active_task_of_the_worktree_is_held(hook: Hook, repo: Path) -> None:
    activate(repo)
    assert hook(write("src/x.py")).returncode == 0
    done = hook(write("docs/x.md"))
    assert done.returncode == 2
    assert "outside the scope of this task (src/)" in done.stderr
    assert hook(write(".github/w.yml")).returncode == 2


def test_a_linked_worktree_has_a_task_of_its_own(
    hook: Hook, repo: Path, tmp_path: Path, git: Callable[..., str]
) -> None:
    linked = tmp_path / "linked"
    git("worktree", "add", "-q", str(linked), cwd=repo)
    (repo / ".git/worktrees/linked/orchestrate-task.json").write_text(json.dumps(TASK))
    assert hook({**write("docs/x"), "cwd": str(linked)}).returncode == 2
    assert hook(write("docs/x")).returncode == 0


@pytest.mark.parametrize(
    "event",
    [
        "",
        "not json",
        "[]",
        {"hook_event_name": "PreToolUse", "tool_name": "Bash"},
        {"hook_event_name": "PreToolUse", "tool_name": "Bash", "tool_input": "x"},
    ],
)
def test_what_it_cannot_read_is_refused(hook: Hook, event: Any) -> None:
    assert hook(event).returncode == 2


def test_a_broken_or_missing_guard_is_refused(hook: Hook, repo: Path, tmp_path: Path) -> None:
    (repo / ".git" / "orchestrate-task.json").write_text("{")
    assert hook(bash("ls")).returncode == 2
    assert hook(bash("ls"), str(tmp_path / "absent.json")).returncode == 2


def test_settings_do_not_change(hook: Hook) -> None:
    assert hook({"hook_event_name": "ConfigChange", "source": "project"}).returncode == 2


def test_a_session_begins_with_branch_task_and_scope(hook: Hook, repo: Path) -> None:
    activate(repo)
    done = hook({"hook_event_name": "SessionStart"})
    said = json.loads(done.stdout)["hookSpecificOutput"]
    assert said["hookEventName"] == "SessionStart"
    assert "Branch: main" in said["additionalContext"]
    assert "Task: fix (Fix it) of p-abc234" in said["additionalContext"]
    assert "Scope: src/" in said["additionalContext"]
    assert "Scope: src/" in hook({"hook_event_name": "PreCompact"}).stdout


def test_stopping_reminds_once_of_the_criteria(hook: Hook, repo: Path) -> None:
    assert hook({"hook_event_name": "Stop"}).returncode == 0
    activate(repo)
    done = hook({"hook_event_name": "Stop"})
    assert done.returncode == 2
    assert "- tests pass" in done.stderr
    assert hook({"hook_event_name": "Stop", "stop_hook_active": True}).returncode == 0


def test_gemini_gets_the_task_with_each_prompt(hook: Hook, repo: Path) -> None:
    assert hook({"hook_event_name": "BeforeAgent"}).stdout == ""
    activate(repo)
    told = json.loads(hook({"hook_event_name": "BeforeAgent"}).stdout)["hookSpecificOutput"]
    assert told["hookEventName"] == "BeforeAgent"
    assert "Scope: src/" in told["additionalContext"]


def test_a_session_is_reminded_once(hook: Hook, repo: Path) -> None:
    activate(repo)
    stop = {"hook_event_name": "Stop", "session_id": "s1"}
    assert hook(stop).returncode == 2
    assert hook(stop).returncode == 0
    assert hook({**stop, "session_id": "s2"}).returncode == 2


GATES = """\
schema_version: 1
gates:
  profiles:
    fast: {steps: [{id: other, command: test -f src/other.py}]}
"""


@pytest.fixture
def told(hook: Hook) -> Callable[[], str]:
    """What the agent is told as it stops; "" when it may."""
    return lambda: hook({"hook_event_name": "Stop"}).stderr


def test_what_finish_and_gates_have_shown_is_not_told_at_the_end(
    repo: Path, git: Callable[..., str], told: Callable[[], str]
) -> None:
    (repo / ".orchestrate").mkdir()
    (repo / ".orchestrate/config.yaml").write_text(GATES)
    git("add", ".", cwd=repo)
    git("commit", "-qm", "chore: gates", cwd=repo)
    opened = Repository.open(repo)
    checks = ("test -f src/new.py", "test -f src/other.py")
    own = start(opened, Wish("Fix it", ("src/**",), criteria=("it reads well",), verify=checks))
    assert "it reads well (not yet shown)" in told()
    assert told().count("not yet shown: test -f") == 2

    (repo / "src/new.py").write_text("print(3)\n")
    git("add", "src", cwd=repo)
    git("commit", "-qm", "fix: it", cwd=repo)
    assert not finish(opened, own).closed
    assert "new.py" not in told()
    assert "it failed on this tree: test -f src/other.py" in told()

    (repo / "src/other.py").write_text("print(4)\n")
    assert told().count("shown for another tree than yours") == 2
    git("add", "src", cwd=repo)
    git("commit", "-qm", "fix: more", cwd=repo)
    assert told().count("shown for another tree than yours") == 2
    assert run(["-C", str(repo), "gate", "run", "fast"]) == 0
    assert "other.py" not in told()
    assert "shown for another tree than yours, so run it again: test -f src/new.py" in told()


def test_nothing_is_told_when_all_is_shown(
    repo: Path, git: Callable[..., str], hook: Hook, told: Callable[[], str]
) -> None:
    (repo / ".orchestrate").mkdir()
    (repo / ".orchestrate/config.yaml").write_text(GATES)
    (repo / "src/other.py").write_text("print(4)\n")
    git("add", ".", cwd=repo)
    git("commit", "-qm", "chore: gates", cwd=repo)
    start(Repository.open(repo), Wish("Fix it", ("src/**",), verify=("test -f src/other.py",)))
    assert "not yet shown: test -f src/other.py" in told()
    assert run(["-C", str(repo), "gate", "run", "fast"]) == 0
    assert told() == ""
    assert hook({"hook_event_name": "Stop", "session_id": "s1"}).returncode == 0


def test_a_ledger_that_does_not_read_loses_no_criterion(
    repo: Path, git: Callable[..., str], told: Callable[[], str]
) -> None:
    start(Repository.open(repo), Wish("Fix it", ("src/**",), criteria=("it reads well",)))
    (repo / "text").write_text("no ledger")
    blob = git("hash-object", "-w", "text", cwd=repo)
    tree = git("mktree", cwd=repo, input=f"100644 blob {blob}\tplan.json\n")
    commit = git("commit-tree", "-m", "x", tree, cwd=repo)
    ref = git("for-each-ref", "--format=%(refname)", "refs/orchestrate/ledgers", cwd=repo)
    git("update-ref", ref, commit, cwd=repo)
    assert "- it reads well\n" in told()
    assert "could not be read" in told()


def test_a_session_is_told_its_rules_and_the_last_findings(
    hook: Hook, repo: Path, git: Callable[..., str]
) -> None:
    opened = Repository.open(repo)
    own = start(opened, Wish("Fix it", ("src/**",), verify=("false",)))
    (repo / "src/app.py").write_text("try:\n    print(1)\nexcept:\n    pass\n")
    git("commit", "-qam", "fix: it", cwd=repo)
    assert not finish(opened, own).closed
    said = hook({"hook_event_name": "SessionStart"}).stdout
    told = json.loads(said)["hookSpecificOutput"]["additionalContext"]
    assert "Task: fix-it (Fix it) of fix-it-" in told
    assert "## Rules of this repository" in told
    assert "The last check of this worktree found:" in told
    assert "src/app.py:3" in told


def test_the_program_starts_it_too(repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrate.cli.main", "hook", "agent", "claude"],
        input=json.dumps({**bash("git push --force"), "cwd": str(repo)}),
        capture_output=True,
        text=True,
        cwd=repo,
        check=False,
    )
    assert done.returncode == 2
    assert "push without force" in done.stderr


def test_subagents_leave_a_line(hook: Hook, repo: Path) -> None:
    hook({"hook_event_name": "SubagentStart", "agent_id": "a1", "agent_type": "Explore"})
    line = json.loads((repo / ".git" / "orchestrate-agents.jsonl").read_text())
    assert (line["event"], line["agent_id"]) == ("SubagentStart", "a1")


def test_the_agents_environment_does_not_change_the_hook(
    hook: Hook, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    planted = repo / "json.py"
    planted.write_text("import sys; sys.exit(0)\n")
    monkeypatch.setenv("PYTHONPATH", str(repo))
    monkeypatch.setenv("PYTHONSTARTUP", str(planted))
    assert hook(bash("git commit --no-verify")).returncode == 2


def test_its_modules_are_few() -> None:
    code = (
        f"import sys; sys.argv = ['x']; sys.path.insert(0, {os.path.dirname(str(HOOK))!r}); "
        "import agent_hook; sys.path.insert(0, agent_hook.ROOT); "
        "import orchestrate.hooks.agent_judge; print(len(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 90
