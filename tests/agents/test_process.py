"""Real processes: how they end, what they leave, and that nothing of another attempt is touched."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from orchestrate.agents.leftovers import MARKER, end_leftovers, marked
from orchestrate.agents.process import EndReason, ProcessEnd, ProcessLimits, run_process

SH = "/bin/sh"
QUICK = ProcessLimits(max_runtime_sec=20, grace_sec=0.3)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def wait_until(condition: Callable[[], object], seconds: float = 10) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Callable[..., ProcessEnd]]:
    """Runs a shell line in a workspace; the test fails if a process of it is left."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def run(line: str, **options: object) -> ProcessEnd:
        options.setdefault("limits", QUICK)
        env = {"PATH": os.environ["PATH"], **options.pop("env", {})}  # type: ignore[dict-item]
        return run_process(
            [SH, "-c", line],
            cwd=workspace,
            env=env,
            output=tmp_path / "output.txt",
            scratch=tmp_path / "scratch",
            **options,  # type: ignore[arg-type]
        )

    yield run
    assert not list((tmp_path / "scratch").glob("process-*.json")), "the record was not removed"
    left = [p for p in psutil.process_iter() if str(tmp_path) in _cwd(p)]
    assert not left, f"left running: {left}"


def _cwd(process: psutil.Process) -> str:
    try:
        return process.cwd()
    except (psutil.Error, OSError):
        return ""


def test_output_and_exit_code_come_back(shell: Callable[..., ProcessEnd], tmp_path: Path) -> None:
    end = shell("echo out; echo err >&2; exit 3")
    assert (end.code, end.reason, end.ok) == (3, EndReason.EXITED, False)
    assert (tmp_path / "output.txt").read_text() == "out\nerr\n"
    assert end.output_bytes == 8
    assert not end.truncated
    assert end.leftovers == 0


def test_errors_go_to_a_file_of_their_own(shell: Callable[..., ProcessEnd], tmp_path: Path) -> None:
    shell("echo out; echo err >&2", errors=tmp_path / "err.txt")
    assert (tmp_path / "output.txt").read_text() == "out\n"
    assert (tmp_path / "err.txt").read_text() == "err\n"


def test_a_signal_is_a_negative_code(shell: Callable[..., ProcessEnd]) -> None:
    assert shell("kill -9 $$").code == -9


def test_standard_input_reaches_it(shell: Callable[..., ProcessEnd], tmp_path: Path) -> None:
    shell("cat", stdin=b"x" * 300_000)
    assert (tmp_path / "output.txt").stat().st_size == 300_000
    (tmp_path / "in").write_text("from a file")
    shell("cat", stdin=tmp_path / "in")
    assert (tmp_path / "output.txt").read_text() == "from a file"


def test_the_environment_is_the_given_one_only(
    shell: Callable[..., ProcessEnd], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_RUNNER", "x")
    shell("env", env={"ONE": "1"})
    names = {line.split("=")[0] for line in (tmp_path / "output.txt").read_text().splitlines()}
    assert names - {"PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"} == {"PATH", "ONE", MARKER}


def test_no_descriptor_of_the_runner_is_inherited(
    shell: Callable[..., ProcessEnd], tmp_path: Path
) -> None:
    shell("ls /proc/self/fd 2>/dev/null || ls /dev/fd")
    assert len((tmp_path / "output.txt").read_text().split()) <= 4  # 0, 1, 2 and the listing


@pytest.mark.parametrize("argv", [["no-such-program"], ["./tool"]])
def test_a_missing_program_is_a_reason(tmp_path: Path, argv: list[str]) -> None:
    end = run_process(argv, cwd=tmp_path, env={"PATH": "/usr/bin"}, output=tmp_path / "o")
    assert (end.code, end.reason) == (None, EndReason.NOT_FOUND)
    assert argv[0] in end.detail


def test_a_relative_path_entry_is_not_searched(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/bin/sh\necho planted\n")
    tool.chmod(0o755)
    end = run_process(["tool"], cwd=tmp_path, env={"PATH": ".::/usr/bin"}, output=tmp_path / "o")
    assert end.reason is EndReason.NOT_FOUND


def test_a_program_that_cannot_be_executed_is_a_reason(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.write_text("#!/no/such/interpreter\n")
    tool.chmod(0o755)
    end = run_process([str(tool)], cwd=tmp_path, env={"PATH": "/usr/bin"}, output=tmp_path / "o")
    assert end.reason is EndReason.NOT_FOUND


def test_a_folder_that_is_gone_is_a_reason(tmp_path: Path) -> None:
    end = run_process(["true"], cwd=tmp_path / "x", env=dict(os.environ), output=tmp_path / "o")
    assert end.reason is EndReason.NOT_FOUND
    assert "no folder" in end.detail


def test_runtime_limit_ends_it(shell: Callable[..., ProcessEnd]) -> None:
    end = shell("sleep 30", limits=ProcessLimits(max_runtime_sec=0.3, grace_sec=0.3))
    assert end.reason is EndReason.TIMEOUT
    assert end.seconds < 3
    assert end.code == -signal.SIGTERM


def test_silence_limit_ends_it_and_output_puts_it_off(shell: Callable[..., ProcessEnd]) -> None:
    limits = ProcessLimits(max_silence_sec=0.6, grace_sec=0.3)
    end = shell("for i in 1 2 3 4 5 6; do echo $i; sleep 0.2; done; sleep 30", limits=limits)
    assert end.reason is EndReason.SILENCE
    assert end.seconds > 1.2
    assert end.output_bytes == 12


def test_term_that_is_ignored_becomes_kill(shell: Callable[..., ProcessEnd]) -> None:
    limits = ProcessLimits(max_runtime_sec=0.3, grace_sec=0.4)
    end = shell("trap '' TERM; while :; do sleep 0.05; done", limits=limits)
    assert end.code == -signal.SIGKILL
    assert 0.6 < end.seconds < 4


def test_cancel_ends_it(shell: Callable[..., ProcessEnd]) -> None:
    cancel = threading.Event()
    threading.Timer(0.3, cancel.set).start()
    end = shell("sleep 30", cancel=cancel)
    assert end.reason is EndReason.CANCELLED
    assert end.seconds < 3


def test_what_it_printed_can_end_it(shell: Callable[..., ProcessEnd]) -> None:
    seen: list[bytes] = []

    def stop(data: bytes) -> str | None:
        seen.append(data)
        return "enough" if b"3" in b"".join(seen) else None

    end = shell("for i in 1 2 3 4 5; do echo $i; sleep 0.1; done; sleep 30", on_output=stop)
    assert (end.reason, end.detail) == (EndReason.STOPPED, "enough")


@pytest.mark.parametrize(
    "line",
    [
        "sleep 60 & exit 0",
        "setsid sleep 60 & sleep 0.1; exit 0",
        "setsid sh -c 'trap \"\" TERM; setsid sleep 60 & sleep 61' & sleep 0.2; exit 0",
        "(setsid nohup sleep 60 >/dev/null 2>&1 &) ; sleep 0.1; exit 0",
        "env -i setsid sleep 60 & sleep 0.1; exit 0",
        "(sleep 60; echo) & kill -STOP $!; exit 0",
    ],
)
def test_background_processes_end_with_it(shell: Callable[..., ProcessEnd], line: str) -> None:
    end = shell(line)
    assert (end.code, end.reason) == (0, EndReason.EXITED)
    assert end.leftovers >= 1
    assert end.seconds < 5


def test_a_process_that_keeps_forking_ends(shell: Callable[..., ProcessEnd]) -> None:
    again = 'sleep 0.01; setsid sh -c "$1" x "$1" &'
    end = shell(f"setsid sh -c '{again}' x '{again}' & sleep 0.3; exit 0")
    assert end.reason is EndReason.EXITED


def test_output_is_capped_and_the_cut_marked(
    shell: Callable[..., ProcessEnd], tmp_path: Path
) -> None:
    limits = ProcessLimits(max_output_mb=1, end_on_output=False)
    end = shell("yes 0123456789 | head -c 3000000; echo THE-END", limits=limits)
    stored = (tmp_path / "output.txt").read_bytes()
    assert end.reason is EndReason.EXITED
    assert end.truncated
    assert end.output_bytes == 3_000_008
    assert len(stored) < 1_000_100
    assert b"[orchestrate: 2000008 bytes cut here]" in stored
    assert stored.endswith(b"THE-END\n")


def test_output_over_the_limit_ends_it(shell: Callable[..., ProcessEnd]) -> None:
    end = shell("yes", limits=ProcessLimits(max_output_mb=1, grace_sec=0.3))
    assert end.reason is EndReason.OUTPUT
    assert end.truncated


def test_memory_of_the_whole_tree_is_limited(shell: Callable[..., ProcessEnd]) -> None:
    hog = f"setsid {sys.executable} -c 'import time; x = b\"1\" * 200_000_000; time.sleep(30)'"
    end = shell(f"{hog} & wait", limits=ProcessLimits(max_memory_mb=150, grace_sec=0.3))
    assert end.reason is EndReason.MEMORY
    assert end.peak_memory_mb > 150


def test_disk_of_the_workspace_is_limited(shell: Callable[..., ProcessEnd], tmp_path: Path) -> None:
    (tmp_path / "workspace" / "big").write_bytes(bytes(5_000_000))
    line = "sleep 30"
    end = shell(line, limits=ProcessLimits(max_workspace_mb=1, grace_sec=0.3, max_runtime_sec=15))
    assert end.reason is EndReason.WORKSPACE


def test_two_attempts_at_once_do_not_touch_each_other(tmp_path: Path) -> None:
    ends: dict[str, ProcessEnd] = {}

    def run(name: str, line: str, seconds: float) -> None:
        folder = tmp_path / name
        folder.mkdir()
        ends[name] = run_process(
            [SH, "-c", line],
            cwd=folder,
            env={"PATH": os.environ["PATH"]},
            output=tmp_path / f"{name}.txt",
            limits=ProcessLimits(max_runtime_sec=seconds, grace_sec=0.2),
        )

    bystander = subprocess.Popen(["sleep", "30"], start_new_session=True)
    threads = [
        threading.Thread(
            target=run, args=("long", "setsid sh -c 'sleep 1.5; echo done' & wait", 20)
        ),
        threading.Thread(target=run, args=("short", "setsid sleep 30 & sleep 30", 0.3)),
        threading.Thread(target=run, args=("quick", "setsid sleep 30 & exit 0", 20)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends["short"].reason is EndReason.TIMEOUT
    assert ends["quick"].leftovers == 1
    assert ends["long"] == ends["long"]._replace(code=0, reason=EndReason.EXITED, leftovers=0)
    assert (tmp_path / "long.txt").read_text() == "done\n"
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


RUNNER = """
import os, sys
from pathlib import Path
from orchestrate.agents.process import run_process
folder = Path(sys.argv[1])
run_process(["/bin/sh", "-c", sys.argv[2]], cwd=folder, env={"PATH": os.environ["PATH"]},
            output=folder / "out.txt", scratch=folder / "scratch")
"""


def started_runner(folder: Path, line: str) -> "subprocess.Popen[bytes]":
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, str(folder), line])
    wait_until(
        lambda: (folder / "pids").exists() and (folder / "pids").read_text().count("\n") == 2
    )
    return runner


# The first process id is the keeper's (the agent's parent), the second a detached tool command's.
LINE = "echo $PPID > pids; setsid sleep 300 & echo $! >> pids; sleep 300"


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="a dead runner is noticed everywhere, but "
    "only Linux has the subreaper that ends detached processes with it",
)
def test_a_runner_killed_by_sigkill_leaves_no_process(tmp_path: Path) -> None:
    runner = started_runner(tmp_path, LINE)
    pids = [int(pid) for pid in (tmp_path / "pids").read_text().split()]
    assert all(alive(pid) for pid in pids)
    runner.kill()
    runner.wait()
    wait_until(lambda: not any(alive(pid) for pid in pids), 5)


def test_the_next_run_ends_what_a_killed_runner_and_keeper_left(tmp_path: Path) -> None:
    runner = started_runner(tmp_path, LINE)
    keeper, tool = (int(pid) for pid in (tmp_path / "pids").read_text().split())
    runner.send_signal(signal.SIGSTOP)
    os.kill(keeper, signal.SIGKILL)
    runner.kill()
    runner.wait()
    wait_until(lambda: not alive(keeper))
    assert alive(tool), "nothing was left, so nothing is shown"
    assert end_leftovers(tmp_path / "scratch") >= 1
    wait_until(lambda: not alive(tool))
    assert end_leftovers(tmp_path / "scratch") == 0


def test_an_agent_that_kills_its_keeper_is_ended_and_told_of(
    shell: Callable[..., ProcessEnd],
) -> None:
    end = shell("setsid sleep 300 & kill -9 $PPID; sleep 300")
    assert end.reason is EndReason.LOST
    assert end.leftovers >= 1


def test_an_agent_that_stops_its_keeper_is_ended(
    shell: Callable[..., ProcessEnd], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestrate.agents.watch.PATIENCE_SEC", 0.3)
    monkeypatch.setattr("orchestrate.agents.process.KEEPER_SEC", 0.3)
    limits = ProcessLimits(max_runtime_sec=0.5, grace_sec=0.2)
    end = shell("setsid sleep 300 & kill -STOP $PPID; sleep 300", limits=limits)
    assert end.reason is EndReason.TIMEOUT
    assert end.leftovers >= 1


def test_nobody_else_carries_a_token() -> None:
    assert marked("0" * 32) == []


ALIVE = ProcessLimits(heartbeat_sec=1.5, max_runtime_sec=20, grace_sec=0.3)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("kill -STOP $$", "is stopped"),
        ("sleep 60 & kill -STOP $!; wait", "is stopped"),
        ("sleep 60", "sleep"),
        ("cat /proc/self/stat >/dev/null; exec tail -f /dev/null", "tail"),
        ("mkfifo f; cat f", "cat"),
    ],
    ids=["stopped", "its child stopped", "asleep", "tail", "blocked"],
)
def test_a_tree_without_a_sign_of_life_is_ended(
    shell: Callable[..., ProcessEnd], line: str, found: str
) -> None:
    end = shell(line, limits=ALIVE)
    assert end.reason is EndReason.STALLED
    assert found in end.detail
    assert 1.4 < end.seconds < 8


CONNECTED = """
import socket, time
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
time.sleep(4)
"""
WRITES = """
import pathlib, time
for number in range(8):
    time.sleep(0.5)
    pathlib.Path("f").write_text(str(number))
"""


@pytest.mark.parametrize(
    "line",
    [
        "end=$(($(date +%s) + 4)); while [ $(date +%s) -lt $end ]; do :; done",
        f"exec {sys.executable} -c 'import time; e = time.time() + 4\nwhile time.time() < e: pass'",
        f"exec {sys.executable} -c '{CONNECTED}'",
        "for i in 1 2 3 4; do sleep 1; echo; done",
        "for i in 1 2 3 4; do sleep 1; done",
        f"exec {sys.executable} -c '{WRITES}'",
    ],
    ids=["shell", "busy", "connected", "prints", "children", "writes files"],
)
def test_a_tree_that_lives_in_any_way_goes_on(shell: Callable[..., ProcessEnd], line: str) -> None:
    assert shell(line, limits=ALIVE).reason is EndReason.EXITED
