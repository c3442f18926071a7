"""Moves a process's output to its files and holds its limits, until nothing of it is left."""

import errno
import os
import selectors
import threading
import time
from collections.abc import Callable
from typing import IO, Protocol

from orchestrate.agents.capped import NO_ROOM, CappedFile
from orchestrate.agents.heartbeat import Heartbeat
from orchestrate.agents.limits import EndReason, ProcessLimits
from orchestrate.agents.sampling import Sampler

CHUNK = 256 * 1024  # bytes a read
TICK_SEC = 0.05  # how late a cancel or a limit may be seen
PATIENCE_SEC = 12.0  # after the grace, for a keeper that does not answer; it repeats KILL for 10
DRAIN_SEC = 1.0  # for output that is still in the pipe when the tree has ended


class Watched(Protocol):
    """The keeper as this file sees it; `process.Child` is one."""

    stdout: IO[bytes] | None
    stderr: IO[bytes] | None
    status: int
    started: bool
    error: int

    @property
    def gone(self) -> bool: ...
    def end(self) -> None: ...
    def hear(self) -> bool: ...


class Watch:
    """One process under watch; `reason` stays None when it ended by itself."""

    def __init__(
        self,
        child: Watched,
        limits: ProcessLimits,
        out: CappedFile,
        err: CappedFile | None,
        cancel: threading.Event | None,
        on_output: Callable[[bytes], str | None] | None,
        sampler: Sampler,
        heartbeat: Heartbeat | None,
    ) -> None:
        self._child, self._limits, self._out, self._err = child, limits, out, err
        self._cancel, self._on_output = cancel, on_output
        self._sampler, self._heartbeat = sampler, heartbeat
        self.began = self._heard = time.monotonic()
        self._until = float("inf")
        self.reason: EndReason | None = None
        self.detail = ""

    def run(self) -> None:
        """Watch until the pipes are closed, or the keeper is gone and they are empty."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._child.status, selectors.EVENT_READ, None)
            for pipe, file in ((self._child.stdout, self._out), (self._child.stderr, self._err)):
                if pipe is not None:
                    selector.register(pipe, selectors.EVENT_READ, file)
            while selector.get_map():
                ready = selector.select(TICK_SEC)
                for key, _ in ready:
                    if not self._take(key):
                        selector.unregister(key.fileobj)
                now = time.monotonic()
                if self._child.gone:
                    # A process outside the tree may hold the pipe open: it is not waited for.
                    self._until = min(self._until, now + DRAIN_SEC)
                    if not ready:
                        return
                if now > self._until:
                    return
                if self.reason is None:
                    self._judge(now)

    def _take(self, key: selectors.SelectorKey) -> bool:
        """Whether more may come from this pipe."""
        if key.data is None:
            more = self._child.hear()
            if self._child.error:
                missing = (errno.ENOENT, errno.EACCES, errno.ENOTDIR)
                found = EndReason.NOT_FOUND if self._child.error in missing else EndReason.SPAWN
                self._end(found, os.strerror(self._child.error))
            return more
        data = os.read(key.fd, CHUNK)
        if not data:
            return False
        self._heard = time.monotonic()
        if self._heartbeat is not None:
            self._heartbeat.alive(self._heard)
        self._store(key.data, data)
        if key.data is self._out and self._on_output is not None:
            said = self._on_output(data)
            if said:
                self._end(EndReason.STOPPED, said)
        return True

    def _store(self, file: CappedFile, data: bytes) -> None:
        try:
            file.write(data)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self._end(EndReason.DISK_FULL, str(error))

    def _judge(self, now: float) -> None:
        """End the tree when a limit is reached."""
        limits = self._limits
        if self._cancel is not None and self._cancel.is_set():
            self._end(EndReason.CANCELLED)
        elif not self._child.started and now - self.began > limits.spawn_sec:
            self._end(EndReason.SPAWN, f"not started after {limits.spawn_sec:g} s")
        elif _over(now - self.began, limits.max_runtime_sec):
            self._end(EndReason.TIMEOUT, f"ran for {limits.max_runtime_sec:g} s")
        elif _over(now - self._heard, limits.max_silence_sec):
            self._end(EndReason.SILENCE, f"printed nothing for {limits.max_silence_sec:g} s")
        elif limits.end_on_output and (self._out.full or (self._err and self._err.full)):
            self._end(EndReason.OUTPUT, f"printed over {limits.max_output_mb:g} MB")
        elif sample := self._sampler.due(now, disk=limits.max_workspace_mb is not None):
            if _over(sample.memory_mb, limits.max_memory_mb):
                self._end(EndReason.MEMORY, f"held {sample.memory_mb:.0f} MB of memory")
            elif _over(sample.workspace_mb, limits.max_workspace_mb):
                self._end(EndReason.WORKSPACE, f"workspace held {sample.workspace_mb:.0f} MB")
            elif self._heartbeat and (dead := self._heartbeat.look(now, sample)):
                self._end(EndReason.STALLED, dead)

    def _end(self, reason: EndReason, detail: str = "") -> None:
        """Ask for the end; the first reason stands."""
        if self.reason is None:
            self.reason, self.detail = reason, detail
            self._until = time.monotonic() + self._limits.grace_sec + PATIENCE_SEC
            self._child.end()


def _over(value: float, limit: float | None) -> bool:
    return limit is not None and value > limit
