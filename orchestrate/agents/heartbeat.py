"""Sees that a process tree does nothing any more, long before it has been silent for too long.

Signs of life come by themselves: output, a process that was not there before, processor time. Where
none came for `heartbeat_sec`, the probe looks closer: what states the processes are in, whether one
holds a connection, whether a file changed. A tree that waits for a model's answer has a connection
open and may go on until `max_silence_sec`; so may one that works without a word. One that is
stopped, or that sleeps with nothing to wake it, is told by what it was found doing.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from orchestrate.agents.sampling import Sample

WORK_SHARE = 0.01  # of the time since the last sign: what an idle event loop uses stays below it
WORK_SEC = 0.02  # two ticks of the clock that the kernel counts by
MAX_NAMED = 3  # processes that are named in a reason

_STOPPED = frozenset({psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP})


class Heartbeat:
    """The signs of life of the tree below the process `keeper`; times are monotonic seconds."""

    def __init__(self, every_sec: float, keeper: int, workspace: Path, now: float) -> None:
        self._every = every_sec
        self._keeper = keeper
        self._workspace = workspace
        self._last = now
        self._last_wall = time.time()
        self._pids: frozenset[int] = frozenset()
        self._cpu_sec = 0.0

    def alive(self, now: float) -> None:
        """It has given a sign."""
        self._last, self._last_wall = now, time.time()

    def look(self, now: float, sample: Sample) -> str | None:
        """Why the tree counts as dead, or None."""
        worked = sample.cpu_sec - self._cpu_sec
        enough = max(WORK_SEC, WORK_SHARE * (now - self._last))
        if worked < 0 or worked >= enough or not sample.pids <= self._pids:
            # Less than before: a process has ended and took its time with it.
            self._cpu_sec, self._pids = sample.cpu_sec, sample.pids
            self.alive(now)
        if now - self._last < self._every:
            return None
        found = self._probe()
        if found is None:
            self.alive(now)
        return found

    def _probe(self) -> str | None:
        """What the tree was found doing, when that is nothing."""
        processes = list(_below(self._keeper))
        stopped = [told for _, told, status in processes if status in _STOPPED]
        if not stopped and (
            any(_connected(process) for process, _, _ in processes)
            or changed_since(self._workspace, self._last_wall)
        ):
            return None
        doing = stopped or [told for _, told, _ in processes] or ["no process is left"]
        more = f" and {len(doing) - MAX_NAMED} more" if len(doing) > MAX_NAMED else ""
        nothing = "no output, work, new process, connection or changed file"
        return f"{nothing} for {self._every:g} s: {', '.join(doing[:MAX_NAMED])}{more}"


def _below(keeper: int) -> Iterator[tuple[psutil.Process, str, str]]:
    """Each live process below, with its name and state in words and the state itself."""
    try:
        found = psutil.Process(keeper).children(recursive=True)
    except psutil.Error:
        return
    for process in found:
        try:
            status = process.status()
            if status != psutil.STATUS_ZOMBIE:
                yield process, f"{process.name()} ({process.pid}) is {_word(status)}", status
        except psutil.Error:
            continue


def _word(status: str) -> str:
    if status in _STOPPED:
        return "stopped"
    return "stuck in the kernel" if status == psutil.STATUS_DISK_SLEEP else status


def _connected(process: psutil.Process) -> bool:
    """Whether it holds a connection over which an answer may come."""
    try:
        connections = process.net_connections(kind="tcp")
    except (psutil.Error, OSError):
        return False
    return any(c.status == psutil.CONN_ESTABLISHED for c in connections)


def changed_since(folder: Path, moment: float) -> bool:
    """Whether anything below the folder was made or written after the moment (epoch seconds)."""
    todo = [str(folder)]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.stat(follow_symlinks=False).st_mtime > moment:
                            return True
                        if entry.is_dir(follow_symlinks=False):
                            todo.append(entry.path)
                    except OSError:
                        continue
        except OSError:
            continue
    return False
