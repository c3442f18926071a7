"""A run killed with SIGKILL at any instant is taken up by the next one, and nothing is lost."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from orchestrate.git.repository import Repository
from orchestrate.ledger.store import Ledger
from orchestrate.ledger.verify import verify
from orchestrate.plans.states import PlanStatus
from tests.playing import plan_file, playing, tries, write

KILLS = 50
TASKS = (
    {"id": "a", "scope": ["a/**"]},
    {"id": "b", "scope": ["b/**"], "success_criteria": [{"criterion": "x", "verify": "true"}]},
    {"id": "c", "scope": ["c/**"], "depends_on": ["a", "b"]},
)
SCRIPT = {
    "a": tries([write("a/x")]),
    "b": tries([write("src/app.py", "hacked\n")], [write("b/x")]),
    "c": tries([{"sleep": 0.2}, write("c/x")]),
}


def start(repo: Path) -> "subprocess.Popen[bytes]":
    args = [sys.executable, "-m", "orchestrate.cli.main", "-C", str(repo), "run", "--jobs", "2"]
    return subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def check(repo: Path, acknowledged: dict[str, str]) -> None:
    """The chain holds, and whatever was promoted before still is."""
    ledger = Ledger(Repository.open(repo), "demo-abc234")
    assert verify(ledger)[1] is None
    promoted = {t.id: t.commit for t in ledger.load().state.tasks.values() if t.commit}
    assert acknowledged.items() <= promoted.items()
    acknowledged.update(promoted)


def finish(repo: Path, git) -> None:
    """Without a kill the plan completes; each task landed once."""
    run = start(repo)
    output = run.communicate(timeout=120)[0].decode()
    assert run.returncode == 0, output
    ledger = Ledger(Repository.open(repo), "demo-abc234")
    assert ledger.load().state.status is PlanStatus.COMPLETED
    assert verify(ledger)[1] is None
    branch = "orchestrate/demo-abc234"
    format = "--format=%(trailers:key=Orchestrate-Task,valueonly,separator=%x2C)"
    landed = git("log", format, f"main..{branch}", cwd=repo).split()
    assert sorted(landed) == ["a", "b", "c"]
    files = git("ls-tree", "-r", "--name-only", branch, cwd=repo).split()
    assert {"a/x", "b/x", "c/x"} <= set(files)


def make(folder: Path, git) -> Path:
    repo = folder / "repo"
    (repo / "src").mkdir(parents=True)
    git("init", "-q", "-b", "main", cwd=repo)
    (repo / "src" / "app.py").write_text("print('hello')\n")
    playing(repo, git, SCRIPT)
    path = plan_file(folder, *TASKS)
    args = [sys.executable, "-m", "orchestrate.cli.main", "-C", str(repo)]
    subprocess.run([*args, "plan", "create", "--file", str(path), "--approve"], check=True)
    return repo


def test_a_run_killed_at_fifty_random_instants_completes_with_nothing_lost(
    tmp_path: Path, git, fenced: Path
) -> None:
    chance = random.Random(20)
    kills = plans = 0
    while kills < KILLS:
        plans += 1
        repo = make(tmp_path / str(plans), git)
        acknowledged: dict[str, str] = {}
        while kills < KILLS:
            run = start(repo)
            time.sleep(chance.uniform(0.25, 1.6))
            if run.poll() is not None:
                run.communicate()
                break
            run.send_signal(signal.SIGKILL)
            run.communicate()
            kills += 1
            check(repo, acknowledged)
        finish(repo, git)
    assert list((fenced / ".cache").glob("**/workspaces/*/*")) == []


def test_ctrl_c_ends_the_agents_and_gives_their_tasks_back(tmp_path: Path, git) -> None:
    repo = make(tmp_path, git)
    playing(repo, git, {**SCRIPT, "a": tries([{"run": "sleep 300"}])})
    path = plan_file(tmp_path, TASKS[0], id="other-abc234")
    args = [sys.executable, "-m", "orchestrate.cli.main", "-C", str(repo)]
    subprocess.run([*args, "plan", "create", "--file", str(path), "--approve"], check=True)
    run = subprocess.Popen(
        [*args, "run", "other-abc234"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    deadline = time.monotonic() + 30
    while not (sleepers := sleeping(run.pid)) and time.monotonic() < deadline:
        time.sleep(0.05)
    run.send_signal(signal.SIGINT)
    output = run.communicate(timeout=30)[0].decode()
    assert run.returncode == 130, output
    assert not any(psutil.pid_exists(pid) for pid in sleepers)
    task = Ledger(Repository.open(repo), "other-abc234").load().state.tasks["a"]
    assert (task.status, task.reason, task.attempts) == ("queued", "interrupted", ())


def sleeping(pid: int) -> list[int]:
    """The sleeping children of the agent that a run started."""
    try:
        children = psutil.Process(pid).children(recursive=True)
        return [c.pid for c in children if "300" in c.cmdline()]
    except psutil.Error:
        return []
