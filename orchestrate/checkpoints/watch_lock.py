"""One watch a worktree: its lock, its status, and the requests to pause and to go on.

The lock is a flock: the kernel drops it with its holder. The holder's process id in the status file
is true as long as the lock is held, so a signal reaches the watch or nobody. Requests are signals;
the answer is the state in the status file.
"""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrate import whole_file
from orchestrate.checkpoints.journal import folder
from orchestrate.errors import Conflict, InvalidInput, OrchestrateError
from orchestrate.git import file_lock
from orchestrate.machine_json import to_json

PAUSE = signal.SIGUSR1
RESUME = signal.SIGUSR2
ACKNOWLEDGE = 10.0  # s that a request waits for its answer
_POLL = 0.02  # s


class Status(NamedTuple):
    """The watch of a worktree: its process, and `watching` or `paused`."""

    pid: int
    state: str


@contextmanager
def held(git_dir: Path) -> Iterator[None]:
    """This process is the worktree's watch.

    Raises:
        Conflict: another one is.
    """
    folder(git_dir).mkdir(parents=True, exist_ok=True)
    with (folder(git_dir) / "watch.lock").open("ab") as lock:
        if not file_lock.take(lock.fileno()):
            status = _read(git_dir)
            raise Conflict(
                "a watch runs in this worktree already"
                + (f" (process {status.pid})" if status else ""),
                hint="`orchestrate watch --pause` pauses it",
            )
        try:
            yield
        finally:
            (folder(git_dir) / "watch.json").unlink(missing_ok=True)


def publish(git_dir: Path, state: str) -> None:
    """Say what this watch is doing now."""
    document = {"pid": os.getpid(), "state": state}
    whole_file.write(folder(git_dir) / "watch.json", to_json(document))


def status(git_dir: Path) -> Status | None:
    """The watch that runs in the worktree, None without one."""
    try:
        with (folder(git_dir) / "watch.lock").open("ab") as lock:
            if file_lock.take(lock.fileno()):
                return None
    except FileNotFoundError:
        return None
    return _read(git_dir)


def _read(git_dir: Path) -> Status | None:
    try:
        document = json.loads((folder(git_dir) / "watch.json").read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    return Status(int(document["pid"]), str(document["state"]))


def request(git_dir: Path, wanted: str) -> Status:
    """The watch's status once it is `wanted` ("paused" or "watching").

    Raises:
        InvalidInput: none runs here.
        OrchestrateError: it does not answer.
    """
    found = status(git_dir)
    if found is None:
        raise InvalidInput("no watch runs in this worktree", hint="start one: `orchestrate watch`")
    os.kill(found.pid, PAUSE if wanted == "paused" else RESUME)
    end = time.monotonic() + ACKNOWLEDGE
    while time.monotonic() < end:
        found = status(git_dir)
        if found is None:
            raise OrchestrateError("the watch ended instead of answering")
        if found.state == wanted:
            return found
        time.sleep(_POLL)
    raise OrchestrateError(
        f"the watch (process {found.pid}) did not answer within {ACKNOWLEDGE:g} s",
        hint="it may be stopped (Ctrl-Z), or busy with a very large tree",
    )
