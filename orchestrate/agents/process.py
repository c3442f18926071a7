"""Runs one process with limits and ends its whole tree, whatever it forked and however it ended.

Rules:
 * The process runs below a keeper (`keeper.py`), which no descendant outlives; threads of one
   runner share nothing, so ending one attempt cannot touch another's.
 * Output goes to a file as it comes, capped with a marked cut; at most one read (256 KiB) and the
   kept end (64 KiB) are in memory.
 * The environment is the caller's and nothing else, but for the marker that finds leftovers.
 * When a limit is reached, or the caller cancels: TERM, `grace_sec`, KILL, for the tree.

Nothing is raised for what the process does; `ProcessEnd.reason` says how it ended.
"""

import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from orchestrate.agents.capped import CappedFile
from orchestrate.agents.heartbeat import Heartbeat
from orchestrate.agents.leftovers import MARKER, end_leftovers, end_marked, record
from orchestrate.agents.limits import EndReason, ProcessEnd, ProcessLimits
from orchestrate.agents.sampling import Sampler
from orchestrate.agents.watch import Watch

__all__ = ["EndReason", "ProcessEnd", "ProcessLimits", "end_leftovers", "run_process"]

KEEPER = Path(__file__).with_name("keeper.py")
MB = 1_000_000
DEFAULT_LIMITS = ProcessLimits()
KEEPER_SEC = 15.0  # longer than the keeper itself repeats KILL


def run_process(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    output: Path,
    stdin: bytes | Path = b"",
    limits: ProcessLimits = DEFAULT_LIMITS,
    errors: Path | None = None,
    cancel: threading.Event | None = None,
    on_output: Callable[[bytes], str | None] | None = None,
    workspace: Path | None = None,
    scratch: Path | None = None,
) -> ProcessEnd:
    """How one process and its tree ended; nothing of it runs when this returns.

    `output` takes stdout and, without `errors`, stderr. `on_output` sees each piece of stdout and
    ends the process by returning a text. `workspace` (default `cwd`) is what `max_workspace_mb`
    measures. `scratch` (default: beside `output`) holds the file by which a later run finds the
    tree if this runner dies; see `end_leftovers`.
    """
    program = shutil.which(argv[0], path=absolute_path(env.get("PATH", "")))
    if program is None or not cwd.is_dir():
        missing = f"no program '{argv[0]}' on PATH" if program is None else f"no folder {cwd}"
        output.touch()
        return ProcessEnd(None, EndReason.NOT_FOUND, 0.0, 0, False, detail=missing)
    token = secrets.token_hex(16)
    with ExitStack() as stack:
        marker = record(scratch or output.parent, token)
        cap = None if limits.max_output_mb is None else int(limits.max_output_mb * MB)
        out = stack.enter_context(CappedFile(output, cap))
        err = stack.enter_context(CappedFile(errors, cap)) if errors else None
        source = stack.enter_context(_input(stdin))
        child = _spawn((program, *argv[1:]), cwd, {**env, MARKER: token}, limits, source, bool(err))
        sampler = Sampler(child.pid, workspace or cwd)
        beat = _heartbeat(limits, child.pid, workspace or cwd)
        watch = Watch(child, limits, out, err, cancel, on_output, sampler, beat)
        try:
            watch.run()
        finally:
            child.close()
            swept = 0 if child.ended else end_marked(token)
            marker.unlink(missing_ok=True)
    reason = watch.reason or (EndReason.EXITED if child.ended else EndReason.LOST)
    if reason is EndReason.EXITED and (out.no_room or (err and err.no_room)):
        reason = EndReason.DISK_FULL
    return ProcessEnd(
        code=child.code,
        reason=reason,
        seconds=time.monotonic() - watch.began,
        output_bytes=out.total + (err.total if err else 0),
        truncated=out.truncated or bool(err and err.truncated),
        leftovers=child.leftovers + swept,
        peak_memory_mb=sampler.peak_mb,
        detail=watch.detail,
    )


def _heartbeat(limits: ProcessLimits, keeper: int, workspace: Path) -> Heartbeat | None:
    if limits.heartbeat_sec is None:
        return None
    return Heartbeat(limits.heartbeat_sec, keeper, workspace, time.monotonic())


class Child:
    """The keeper with its pipes, and what it has said so far."""

    def __init__(self, keeper: "subprocess.Popen[bytes]", control: int, status: int) -> None:
        self._keeper = keeper
        self._control: int | None = control
        self._said = b""
        self.pid = keeper.pid
        self.stdout, self.stderr, self.status = keeper.stdout, keeper.stderr, status
        self.started = self.ended = False
        self.code: int | None = None
        self.error = 0  # errno of an exec that failed
        self.leftovers = 0

    @property
    def gone(self) -> bool:
        """The keeper is no more."""
        return self._keeper.poll() is not None

    def end(self) -> None:
        """Have the keeper end the tree, by closing the pipe it watches."""
        if self._control is not None:
            os.close(self._control)
            self._control = None

    def hear(self) -> bool:
        """Take what the keeper says; False at the end of its words."""
        data = os.read(self.status, 4096)
        *lines, self._said = (self._said + data).split(b"\n")
        for word, _, value in (line.decode().partition(" ") for line in lines):
            if word == "started":
                self.started = True
            elif word == "failed":
                self.error, self.ended = int(value), True
            elif word == "exited":
                self.code = int(value)
            elif word == "ended":
                self.leftovers, self.ended = int(value), True
        return bool(data)

    def close(self) -> None:
        """Wait for the keeper to have ended the tree, and kill it if it does not."""
        self.end()
        try:
            self._keeper.wait(KEEPER_SEC)
        except subprocess.TimeoutExpired:
            self._keeper.kill()  # stopped by somebody, most likely; the marker finds the rest
            self._keeper.wait()
        while self.hear():
            pass
        os.close(self.status)
        for pipe in (self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()


def _spawn(
    argv: Sequence[str],
    cwd: Path,
    env: Mapping[str, str],
    limits: ProcessLimits,
    source: "IO[bytes] | int",
    split: bool,
) -> Child:
    control_read, control = os.pipe()
    status, status_write = os.pipe()
    keeper_argv = (sys.executable, "-I", "-S", str(KEEPER), str(control_read), str(status_write))
    try:
        keeper = subprocess.Popen(
            [*keeper_argv, str(limits.grace_sec), *argv],
            cwd=cwd,
            env=env,
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if split else subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C at the terminal is the runner's to handle
            pass_fds=(control_read, status_write),
            bufsize=0,
        )
    except BaseException:
        os.close(control)
        os.close(status)
        raise
    finally:
        os.close(control_read)
        os.close(status_write)
    return Child(keeper, control, status)


def absolute_path(path: str) -> str:
    """PATH without its relative entries: those would mean folders of the agent's workspace."""
    return os.pathsep.join(p for p in path.split(os.pathsep) if p.startswith("/"))


@contextmanager
def _input(stdin: bytes | Path) -> Iterator["IO[bytes] | int"]:
    """Standard input as a file, so that a process that does not read it cannot block anyone."""
    if isinstance(stdin, Path):
        with stdin.open("rb") as file:
            yield file
    elif not stdin:
        yield subprocess.DEVNULL
    else:
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            yield file
