"""What a process tree uses, looked at once a second: memory, CPU, processes, and disk on demand.

Resident memory counts pages that processes share once for each, so the sum is an upper bound. The
disk is walked seldom enough to cost about a twentieth of the time, however large the workspace is.
"""

import os
import time
from pathlib import Path
from typing import NamedTuple

import psutil

SAMPLE_SEC = 1.0
FIRST_SEC = 0.3  # a look costs 10 ms: what ends at once is not looked at
DISK_SEC = 5.0  # at least; twenty times what the last walk took, if that is more
MB = 1_000_000


class Sample(NamedTuple):
    """One look at the tree, its keeper left out; `cpu_sec` is what the live processes have used."""

    seconds: float
    memory_mb: float
    cpu_sec: float
    pids: frozenset[int]
    workspace_mb: float


class Sampler:
    """Looks at the tree below one process when it is time to."""

    def __init__(self, pid: int, workspace: Path) -> None:
        self._pid = pid
        self._workspace = workspace
        self._began = time.monotonic()
        self._next = self._began + FIRST_SEC
        self._next_disk = self._began
        self._disk_mb = 0.0
        self.peak_mb = 0.0

    def due(self, now: float, *, disk: bool) -> Sample | None:
        """A sample when it is time for one, else None."""
        if now < self._next:
            return None
        self._next = now + SAMPLE_SEC
        if disk and now >= self._next_disk:
            self._disk_mb = disk_usage(self._workspace) / MB
            cost = time.monotonic() - now
            self._next_disk = now + max(DISK_SEC, 20 * cost)
        memory, cpu, pids = tree_usage(self._pid)
        self.peak_mb = max(self.peak_mb, memory / MB)
        return Sample(now - self._began, memory / MB, cpu, pids, self._disk_mb)


def tree_usage(pid: int) -> tuple[int, float, frozenset[int]]:
    """(resident bytes, CPU seconds, ids) of the processes below `pid`."""
    memory, cpu, pids = 0, 0.0, set()
    try:
        below = psutil.Process(pid).children(recursive=True)
    except psutil.Error:
        return 0, 0.0, frozenset()
    for process in below:
        try:
            with process.oneshot():
                memory += process.memory_info().rss
                times = process.cpu_times()
        except psutil.Error:
            continue
        cpu += times.user + times.system
        pids.add(process.pid)
    return memory, cpu, frozenset(pids)


def disk_usage(folder: Path) -> int:
    """Bytes on disk below a folder, hard links counted each time; what vanishes is nothing."""
    total, todo = 0, [str(folder)]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    try:
                        if entry.is_dir(follow_symlinks=False):
                            todo.append(entry.path)
                        else:
                            total += entry.stat(follow_symlinks=False).st_blocks * 512
                    except OSError:
                        continue
        except OSError:
            continue
    return total
