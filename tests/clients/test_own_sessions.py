"""People's own clients, with the hooks that `orchestrate init --agent` puts into their settings."""

import json
import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

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
    told_at_start = model.requests[0].count("Task: do-it (Do it)")
    assert "Task: do-it (Do it)" in told
    assert "Rules of this repository" in told
    assert "outside the scope of this task" in told
    assert "drop --no-verify" in told
    assert not (bench.repo / "docs/x").exists()
    assert (bench.repo / "src/y").exists()
    assert git("log", "--format=%s", cwd=bench.repo) == "feat: first"
    if bench.name == "gemini":  # each prompt brings the task again, as a compression may drop it
        assert model.requests[-1].count("Task: do-it (Do it)") > told_at_start
    if bench.name != "opencode":  # its run without a terminal ends before the plugin's answer
        assert "Before you stop" in told
        assert len(model.requests) == len(turns)


@pytest.fixture
def served(bench: Bench) -> Iterator[tuple[str, Model]]:
    """OpenCode as its terminal interface runs it, a server: its address, and the model."""
    if bench.name != "opencode":
        pytest.skip("another client")
    spawn = ("task", {"description": "d", "prompt": "go", "subagent_type": "general"})
    turns = [Turn("Write.", write=("src/y", "y")), Turn("Spawn.", tool=spawn)]
    turns += [Turn("Done below."), Turn("Done."), Turn("Done now.")]
    model = bench.stack.enter_context(Model(turns, str(bench.repo)))
    _, own = pointed(bench.name, model.url, bench.home)
    task = ("start", "Do it", "--scope", "src/**", "--criteria", "it is well done")
    for args in (("init", "--agent", bench.name), task):
        assert run(["-C", str(bench.repo), *args]) == 0
    with subprocess.Popen(
        [program(bench.name), "serve", "--hostname", "127.0.0.1", "--port", "0"],
        cwd=bench.repo,
        env={**os.environ, **bench.environ, **QUIET, **own, "PWD": str(bench.repo)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            line = next(text for text in server.stdout if "http://" in text)
            yield re.findall(r"http://\S+", line)[0], model
        finally:
            server.terminate()


def post(url: str, document: object) -> dict[str, Any]:
    """What the server answers to a JSON document."""
    data = json.dumps(document).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        found: dict[str, Any] = json.load(answer)
    return found


def test_opencode_is_told_what_is_left_when_it_is_idle(
    served: tuple[str, Model], bench: Bench
) -> None:
    address, model = served
    session = post(f"{address}/session", {})["id"]
    post(f"{address}/session/{session}/message", {"parts": [{"type": "text", "text": "go"}]})
    until = time.monotonic() + 30
    while len(model.requests) < 5 and time.monotonic() < until:
        time.sleep(0.1)
    assert "Before you stop" in model.requests[-1]
    assert "it is well done (not yet shown)" in model.requests[-1]
    lines = (bench.repo / ".git/orchestrate-agents.jsonl").read_text().splitlines()
    told = [json.loads(line) for line in lines]
    assert [line["event"] for line in told] == ["SubagentStart", "SubagentStop", "Stop"]
    assert told[0]["agent_type"] == "general"
    time.sleep(3)  # a second reminder would come now
    assert len(model.requests) == 5
    assert (bench.repo / "src/y").exists()
