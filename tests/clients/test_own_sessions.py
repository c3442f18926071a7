"""People's own clients, with the hooks that `orchestrate init --agent` puts into their settings."""

import os
import subprocess
from collections.abc import Callable

import pytest

from orchestrate.cli.main import run
from tests.clients.conftest import Bench, pointed, program
from tests.clients.model import Model, Turn

pytestmark = pytest.mark.clients

# Without a terminal, but with the person's own settings: none are passed on the command line.
ARGUMENTS = {
    "claude": ("-p", "go", "--permission-mode", "acceptEdits", "--allowedTools", "Bash,Write"),
    "codex": (
        *("exec", "--dangerously-bypass-approvals-and-sandbox"),
        *("--dangerously-bypass-hook-trust", "go"),  # a person trusts them by hand, once
    ),
    "gemini": ("-p", "go", "--approval-mode", "yolo", "-m", "gemini-2.5-pro"),
    "opencode": ("run", "go"),
}
QUIET = {
    "GEMINI_CLI_TRUST_WORKSPACE": "true",
    "GEMINI_CLI_NO_RELAUNCH": "true",
    "OPENCODE_DISABLE_MODELS_FETCH": "1",
    "OPENCODE_DISABLE_AUTOUPDATE": "1",
    "npm_config_offline": "true",
    "npm_config_fetch_retries": "0",
}


def test_a_session_is_told_its_task_and_held_to_it(bench: Bench, git: Callable[..., str]) -> None:
    if bench.name not in ARGUMENTS:
        pytest.skip(f"{bench.name} has no hooks")
    turns = [
        Turn("Elsewhere.", write=("docs/x", "x")),
        Turn("Bypass.", shell="git commit --no-verify --allow-empty -m x"),
        Turn("Write.", write=("src/y", "y")),
        Turn("Done."),
        Turn("Done now."),
    ]
    model = bench.stack.enter_context(Model(turns, str(bench.repo)))
    _, own = pointed(bench.name, model.url, bench.home)
    if bench.name == "codex":
        with (bench.home / ".codex/config.toml").open("a") as file:
            file.write(f'[projects."{bench.repo}"]\ntrust_level = "trusted"\n')
    task = ("start", "Do it", "--scope", "src/**", "--criteria", "it is well done")
    for args in (("init", "--agent", bench.name), task):
        assert run(["-C", str(bench.repo), *args]) == 0
    done = subprocess.run(
        [program(bench.name), *ARGUMENTS[bench.name]],
        cwd=bench.repo,
        env={**os.environ, **bench.environ, **QUIET, **own, "PWD": str(bench.repo)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    print(done.returncode, done.stdout[-2000:], done.stderr[-2000:])
    told = " ".join(model.requests)
    assert "Task: do-it (Do it)" in told
    assert "Rules of this repository" in told
    assert "outside the scope of this task" in told
    assert "drop --no-verify" in told
    assert not (bench.repo / "docs/x").exists()
    assert (bench.repo / "src/y").exists()
    assert git("log", "--format=%s", cwd=bench.repo) == "feat: first"
    if bench.name != "opencode":  # which has no hook at its end
        assert "Before you stop" in told
        assert len(model.requests) == len(turns)
