"""What may end a process, and the words for how one ended."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class EndReason(StrEnum):
    """How a process ended; all but `exited` are the runner's doing or the machine's."""

    EXITED = "exited"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    OUTPUT = "output"
    MEMORY = "memory"
    WORKSPACE = "workspace"
    STALLED = "stalled"
    STOPPED = "stopped"  # `on_output` asked for it; `detail` is what it said
    CANCELLED = "cancelled"
    NOT_FOUND = "not_found"
    SPAWN = "spawn"
    DISK_FULL = "disk_full"
    LOST = "lost"  # somebody killed the keeper; what was left has been ended


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """When to end it; None is "no limit". Memory is the sum of resident sizes over the tree.

    `heartbeat_sec` is how long the tree may show no sign of life, see heartbeat.py.
    """

    max_runtime_sec: float | None = 3600
    max_silence_sec: float | None = 1200
    heartbeat_sec: float | None = None
    max_output_mb: float | None = 10
    max_memory_mb: float | None = None
    max_workspace_mb: float | None = None
    grace_sec: float = 1.5
    spawn_sec: float = 15
    end_on_output: bool = True  # False: go on, and only cut what is stored


class ProcessEnd(NamedTuple):
    """How it went. `code` is the exit status, minus the signal, None when there was none."""

    code: int | None
    reason: EndReason
    seconds: float
    output_bytes: int
    truncated: bool
    leftovers: int = 0  # processes that had to be ended besides the first
    peak_memory_mb: float = 0.0
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.reason is EndReason.EXITED and self.code == 0
