"""Agents: what the process layer and the hook cost, and how fast event streams are read.

python -m benchmarks.agents

Wall time of an attempt against the same program started by `subprocess.run`; parsing of 100 MB of
recorded events against only cutting them into lines and against `json.loads` of each; the hook as a
client calls it against `python -c pass`. With ORCHESTRATE_CLIENTS_DIR set, also a whole run of the
real Gemini CLI against the bare client.
"""

import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from benchmarks.timing import Row, medians, note, print_facts, print_rows
from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.guard import hook_argv, write_guard
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.pack import PackScope, StepPack
from orchestrate.agents.registry import CLIENTS, adapter_for
from orchestrate.agents.stream import Stream
from orchestrate.git.process import run_git
from orchestrate.policy.config import AgentConfig, load_config
from orchestrate.policy.policy import load_policy
from orchestrate.runner.active_task import refused_commands
from orchestrate.runner.workspace_hooks import write_hooks

TIMES = 15
STREAM_MB = 100
PIECE = 256 * 1024
# How each client prints that a tool ended; %s is what the tool printed.
RESULTS = {
    "claude": '{"type":"user","message":{"role":"user","content":[{"tool_use_id":"toolu_1",'
    '"type":"tool_result","content":"%s","is_error":false}]},"session_id":"s1"}',
    "codex": '{"type":"item.completed","item":{"id":"item_2","type":"command_execution",'
    '"command":"cat a","aggregated_output":"%s","exit_code":0,"status":"completed"}}',
    "gemini": '{"type":"tool_result","timestamp":"2026-11-20T22:42:20.022Z","tool_id":"t",'
    '"status":"success","output":"%s"}',
    "opencode": '{"type":"tool_use","timestamp":1,"sessionID":"s1","part":{"type":"tool",'
    '"tool":"bash","callID":"c","state":{"status":"completed","input":{"command":"cat a"},'
    '"output":"%s","metadata":{"output":"%s","exit":0,"truncated":false},"title":"cat a",'
    '"time":{"start":1,"end":2}},"id":"p","sessionID":"s1","messageID":"msg_1"}}',
}
SAMPLES = Path(__file__).parent.parent / "tests" / "agents" / "samples"


def agent(name: str, **fields: object) -> AgentConfig:
    return load_config(json.dumps({"agents": {name: fields}}).encode()).agents[name]


def request(folder: Path) -> AttemptRequest:
    pack = StepPack("p-abc234", "t", "T", "R0/S0", "o", scope=PackScope(("src/",)))
    (folder / "work").mkdir(exist_ok=True)
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    return AttemptRequest(folder / "work", scratch, pack, "x", ProcessLimits(), environ)


def guarded(made: AttemptRequest) -> AttemptRequest:
    """The same attempt in a repository whose git hooks are proved first, as the runner has it."""
    run_git(["init", "-q", "-b", "main"], cwd=made.workspace)
    identity = ["-c", "user.name=B", "-c", "user.email=b@example.com"]
    run_git([*identity, "commit", "-q", "--allow-empty", "-m", "first"], cwd=made.workspace)
    return replace(made, git_hooks=write_hooks(made.scratch / "git-hooks"))


def attempt_rows(folder: Path) -> list[Row]:
    """An attempt whose program does nothing, prints 8 MB, or takes 300 ms."""
    rows = []
    plain = request(folder)
    hooked = guarded(plain)
    for what, made, line in (
        ("attempt: true", plain, "true"),
        ("attempt: true, git's hooks proved", hooked, "true"),
        ("attempt: 8 MB of output", plain, "yes 0123456789 | head -c 8000000"),
        ("attempt: 300 ms of sleep", plain, "sleep 0.3"),
    ):
        adapter = adapter_for("x", agent("x", adapter="command", command=["sh", "-c", line]))

        def bare(line: str = line) -> None:
            with (folder / "bare.txt").open("wb") as out:
                subprocess.run(["sh", "-c", line], stdout=out, check=False)

        ours = lambda a=adapter, m=made: a.run(m)  # noqa: E731
        found = medians({"ours": ours, "bare": bare}, TIMES)
        rows.append(Row(what, found["ours"], "subprocess.run", found["bare"]))
    return rows


def stream(name: str) -> Iterator[bytes]:
    """STREAM_MB of a client's recorded events, in the pieces that a pipe gives.

    Among them stand results of tools of 8 KB, as files and test output are: most of a real stream.
    """
    data = (SAMPLES / f"{name}.commit_blocked.jsonl").read_bytes()
    lines = data.splitlines(keepends=True)[:-1]
    result = RESULTS[name].replace("%s", "line of a file\\n" * 512)
    block = b"".join(line + result.encode() + b"\n" for line in lines)
    pieces = itertools.cycle([block])
    rest, sent = b"", 0
    while sent < STREAM_MB * 1_000_000:
        while len(rest) < PIECE:
            rest += next(pieces)
        yield rest[:PIECE]
        sent += PIECE
        rest = rest[PIECE:]


def parse_facts(folder: Path) -> dict[str, str]:
    """Megabytes a second, and how much the process grew while it read."""
    facts = {}
    for name in ("claude", "codex", "gemini", "opencode"):
        tool = CLIENTS[name](agent(name), {})
        write_guard(request(folder)).with_name("shared").joinpath("fired.txt").write_text("x")
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        ours = _seconds(Stream(tool, request(folder)).feed, name)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        plain = _seconds(_json_each(), name)
        facts[f"parse {name}"] = (
            f"{STREAM_MB / ours:.0f} MB/s, json.loads of each line {STREAM_MB / plain:.0f} MB/s, "
            f"grown by {grown / 1024:.0f} MB"
        )
    return facts


def _seconds(feed: Callable[[bytes], object], name: str) -> float:
    spent = 0.0
    for piece in stream(name):
        began = time.perf_counter()
        feed(piece)
        spent += time.perf_counter() - began
    return spent


def _json_each() -> Callable[[bytes], object]:
    rest = b""

    def feed(piece: bytes) -> None:
        nonlocal rest
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            json.loads(line)

    return feed


class Nothing:
    """A repository without a policy of its own: what ships holds."""

    def list(self, prefix: str) -> list[tuple[str, str]]:
        return []

    def read(self, path: str) -> bytes | None:
        return None


CALLS = (
    ("a harmless command", "Bash", "cd src && python -m pytest -q tests 2>&1 | tail -20"),
    ("a commit", "Bash", "git add -A && git commit -m 'fix: read the last line'"),
    ("a refused command", "Bash", "git commit --no-verify -m x"),
    ("an edit", "Write", "src/new.py"),
)


def hook_rows(folder: Path) -> list[Row]:
    """The hook as a client calls it, with the commands that the shipped policy refuses."""
    rules = refused_commands(load_policy(Nothing()))
    made = replace(request(folder), refused_commands=rules)
    argv = list(hook_argv("claude", write_guard(made)))
    rows = []
    for what, tool, text in CALLS:
        written = {"file_path": text, "content": "x" * 5000}
        given = {"command": text} if tool == "Bash" else written
        event = {"hook_event_name": "PreToolUse", "cwd": str(made.workspace), "tool_name": tool}
        data = json.dumps({**event, "tool_input": given}).encode()
        found = medians(
            {
                "hook": lambda data=data: subprocess.run(  # type: ignore[misc]
                    argv, input=data, check=False, stderr=subprocess.DEVNULL
                ),
                "python": lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
            },
            TIMES,
        )
        rows.append(Row(f"hook: {what}", found["hook"], "python -c pass", found["python"]))
    return rows


def client_rows(folder: Path) -> list[Row]:
    """The real Gemini CLI on a scripted model, bare and as an agent."""
    from tests.clients.model import Model, Turn

    if not os.environ.get("ORCHESTRATE_CLIENTS_DIR"):
        return []
    clients = Path(os.environ["ORCHESTRATE_CLIENTS_DIR"])
    program = str(clients / "gemini/node_modules/.bin/gemini")
    made = request(folder)
    home = folder / ".gemini"
    home.mkdir(exist_ok=True)
    auth = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    (home / "settings.json").write_text(json.dumps(auth))
    with Model([Turn("Done.")] * 100, str(made.workspace)) as model:
        env = {**made.environ, "GEMINI_API_KEY": "x", "GOOGLE_GEMINI_BASE_URL": model.url}
        env |= {"GEMINI_CLI_TRUST_WORKSPACE": "true", "GEMINI_CLI_NO_RELAUNCH": "true"}
        names = ["GOOGLE_GEMINI_BASE_URL", "GEMINI_API_KEY"]
        config = agent("gemini", command=[program], model="gemini-2.5-pro", env=names)
        adapter = adapter_for("gemini", config, env)
        asked = AttemptRequest(made.workspace, made.scratch, made.pack, "x", environ=env)
        argv = [program, "-o", "stream-json", "--approval-mode", "yolo", "-m", "gemini-2.5-pro"]

        def bare() -> None:
            with (folder / "bare.txt").open("wb") as out:
                subprocess.run(
                    argv,
                    input=b"x",
                    stdout=out,
                    stderr=out,
                    env=env,
                    cwd=made.workspace,
                    check=True,
                )

        found = medians({"ours": lambda: adapter.run(asked), "bare": bare}, 5)
    return [Row("Gemini CLI, one answer", found["ours"], "the bare client", found["bare"])]


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        note("attempts")
        print_rows("An attempt against the bare program", attempt_rows(folder))
        note("hooks")
        print_rows("The hook of the clients", hook_rows(folder))
        note("streams")
        print_facts(f"Reading {STREAM_MB} MB of events", parse_facts(folder))
        if rows := client_rows(folder):
            print_rows("A real client", rows)


if __name__ == "__main__":
    main()
