"""Watching one working tree: record at each pause, check what was recorded, say what was found.

Rules this file keeps:
- Events are hints. What is recorded is what stands on disk; once an interval, and after many
  events, everything is looked at, so that a lost event costs time and nothing else.
- One thread records, another checks. Recording never waits for checks.
- A pause is acknowledged, and what happens meanwhile is found when it ends.
"""

import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import NamedTuple

import watchfiles

from orchestrate.checkpoints import chain, journal, watch_lock
from orchestrate.checkpoints.breaker import BreakerState
from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.goal import Checker
from orchestrate.checkpoints.judge import Judge, Verdict
from orchestrate.checkpoints.pending import Pace, Pending
from orchestrate.checkpoints.prune import Keep, prune
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.checkpoints.rollback import Mode, Report, Request, rollback
from orchestrate.checks.findings import Severity
from orchestrate.errors import Conflict, OrchestrateError
from orchestrate.git.errors import RefMoved
from orchestrate.git.repository import Repository

STEP = 50  # ms between two looks at the event queue
TIMEOUT = 100  # ms after which signals and verdicts are looked at, without any event
GIT_FILES = frozenset(("index", "HEAD"))  # of git's own files, those whose change is recorded
MANY = 1.25  # times the kept number, when old checkpoints are let go: not at each one


class Options(NamedTuple):
    """How to watch. `quota` is in bytes of recorded content, `keep` a number of checkpoints."""

    pace: Pace = Pace()
    restore: bool = False
    quota: int = 1_000_000_000
    keep: int = 300


class Event(NamedTuple):
    """Something to tell: what happened, with the checkpoint, verdict or report it is about."""

    what: str
    text: str
    checkpoint: Checkpoint | None = None
    verdict: Verdict | None = None
    report: Report | None = None


class Watch:
    """The watch of the worktree at `path`; `tell` hears of everything, in this thread."""

    def __init__(
        self,
        path: Path,
        options: Options,
        make_checker: Callable[[Repository], Checker],
        tell: Callable[[Event], None],
    ) -> None:
        self.repo = Repository.open(path)
        self.options = options
        self.tell = tell
        self.recorder = Recorder(self.repo)
        self._verdicts: queue.SimpleQueue[Verdict] = queue.SimpleQueue()
        self._judge = Judge(path, make_checker, self._verdicts.put, self.recorder.who)
        self._pending = Pending(time.monotonic())
        self._stop = threading.Event()
        self._wanted = "watching"
        self._state = ""
        self._good: Checkpoint | None = None
        self._recorded = 0
        self._over_quota = False
        self._breaker = BreakerState.CLOSED

    def run(self) -> None:
        """Watch until SIGINT or SIGTERM.

        Raises:
            Conflict: another watch runs here, or a rollback was interrupted.
        """
        with watch_lock.held(self.repo.git_dir), self._signals():
            _refuse_pending(self.repo)
            self._judge.start()
            try:
                self._loop()
            finally:
                self._judge.close()

    def stop(self) -> None:
        """End at the next look; safe to call from a signal or another thread."""
        self._stop.set()

    def _loop(self) -> None:
        self._enter("watching")
        events = watchfiles.watch(
            *_roots(self.repo, self.recorder.work_tree),
            watch_filter=_Filter(self.repo, self.recorder.work_tree),
            step=STEP,
            debounce=2 * STEP,
            rust_timeout=TIMEOUT,
            yield_on_timeout=True,
            stop_event=self._stop,
            raise_interrupt=False,
        )
        self._pending.add((), time.monotonic(), whole=True)
        for batch in events:
            now = time.monotonic()
            if batch:
                paths, whole = _named(self.recorder.work_tree, self.repo.git_dir, batch)
                self._pending.add(paths, now, whole=whole)
            self._look(now)

    def _look(self, now: float) -> None:
        if self._wanted != self._state:
            self._enter(self._wanted)
        while not self._verdicts.empty():
            self._hear(self._verdicts.get())
        if self._state == "watching" and self._pending.is_due(now, self.options.pace):
            self._record(now)

    def _enter(self, state: str) -> None:
        if state == "watching":
            self._pending.add((), time.monotonic(), whole=True)
        self._state = state
        watch_lock.publish(self.repo.git_dir, state)
        self.tell(Event(state, state))

    def _record(self, now: float) -> None:
        paths, whole = self._pending.take(now, self.options.pace)
        try:
            with journal.alone(self.repo.git_dir, shared=True):
                _refuse_pending(self.repo)
                found = self._capture(paths, whole)
        except OrchestrateError as error:
            self._pending.add((), now, whole=True)  # what was missed is looked for next time
            self.tell(Event("failed", f"no checkpoint was taken: {error}"))
            return
        if found is not None:
            self._recorded += 1
            self._judge.put(found)
            self._make_room(found)

    def _capture(self, paths: list[str], whole: bool) -> Checkpoint | None:
        """The new checkpoint, None when nothing changed; over quota one that no ref holds."""
        if self._over_quota:
            return self.recorder.look().checkpoint
        created = None if whole else self.recorder.create_changed(paths)
        if created is None:
            created = self.recorder.create(kind=Kind.WATCH)
        if not created.is_new and self._recorded:
            return None
        self.tell(Event("checkpoint", created.checkpoint.name, created.checkpoint))
        return created.checkpoint

    # Verdicts.

    def _hear(self, verdict: Verdict) -> None:
        if verdict.breaker is not self._breaker:
            self._breaker = verdict.breaker
            opened = verdict.breaker is BreakerState.OPEN
            said = "the checks fail again and again: they rest, checkpoints go on; " + verdict.error
            self.tell(Event("breaker", said if opened else "the checks work again"))
        if verdict.error:
            self.tell(Event("error", f"the checks failed: {verdict.error}", verdict=verdict))
            return
        blocked = [found for found in verdict.findings if found.severity is Severity.BLOCK]
        self.tell(Event("findings", f"{len(verdict.findings)} findings", verdict=verdict))
        if not blocked:
            self._good = verdict.checkpoint
        elif self.options.restore and self._good is not None:
            self._restore(sorted({found.path for found in blocked if found.path}), self._good)

    def _restore(self, paths: list[str], good: Checkpoint) -> None:
        """Put the offending paths back to the last checkpoint that the checks let pass."""
        now = self.recorder.look().checkpoint
        changed = {change.path for change in self.repo.diff(good.tree, now.tree)}
        offending = tuple(path for path in paths if path in changed)
        if not offending:
            return
        request = Request(Mode.PARTIAL, offending, message="before the watch restored", exact=True)
        try:
            target = chain.find(self.repo, good.name, good.owner)
            report = rollback(self.recorder, target, request)
        except OrchestrateError as error:
            self.tell(Event("failed", f"{', '.join(offending)} could not be restored: {error}"))
            return
        self.tell(Event("restored", f"{len(report.changes)} files restored", report=report))

    # Room.

    def _make_room(self, newest: Checkpoint) -> None:
        owner = newest.owner
        count = len(chain.numbers(self.repo, owner))
        if self._recorded % 20 != 1 and count <= self.options.keep * MANY:
            return
        keep = Keep(last=self.options.keep, size=self.options.quota)
        try:
            kept = prune(self.repo, owner, keep, now=time.time()).kept
        except RefMoved:
            return  # somebody else records or prunes: next time
        size = sum(checkpoint.size for checkpoint in kept)
        if (size > self.options.quota) != self._over_quota:
            self._over_quota = not self._over_quota
            said = (
                f"{size:,} bytes are recorded, over the quota of {self.options.quota:,}: named"
                " checkpoints fill it; no more are taken, checks go on"
            )
            self.tell(Event("quota", said if self._over_quota else "below the quota again"))

    # Signals.

    @contextmanager
    def _signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        handlers = {
            watch_lock.PAUSE: lambda *_: self.want("paused"),
            watch_lock.RESUME: lambda *_: self.want("watching"),
            signal.SIGTERM: self._on_stop,
            signal.SIGINT: self._on_stop,
        }
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def want(self, state: str) -> None:
        """Pause or go on at the next look."""
        self._wanted = state

    def _on_stop(self, number: int, frame: FrameType | None) -> None:
        self.stop()


class _Filter:
    """Lets events through but those of git's own files that mean nothing here."""

    def __init__(self, repo: Repository, work_tree: Path) -> None:
        self._inside = f"{work_tree}/.git"
        self._git = f"{repo.git_dir}/".replace("//", "/")
        self._watched = frozenset(self._git + name for name in GIT_FILES)

    def __call__(self, change: watchfiles.Change, path: str) -> bool:
        if path.startswith(self._git):
            return path in self._watched
        return not (path == self._inside or path.startswith(self._inside + "/"))


def _roots(repo: Repository, work_tree: Path) -> list[Path]:
    """What to watch: a linked worktree's git directory stands elsewhere."""
    inside = work_tree in repo.git_dir.parents
    return [work_tree] if inside else [work_tree, repo.git_dir]


def _named(
    work_tree: Path, git_dir: Path, batch: set[tuple[watchfiles.Change, str]]
) -> tuple[list[str], bool]:
    """The paths of the events, and whether they are not all that is to be looked at.

    A name that is no UTF-8 arrives garbled: then everything is looked at.
    """
    top = f"{work_tree}/"
    inside = [path for _, path in batch if not path.startswith(f"{git_dir}".rstrip("/") + "/")]
    named = [path[len(top) :] for path in inside if path.startswith(top)]
    return named, any("\N{REPLACEMENT CHARACTER}" in path for path in named)


def _refuse_pending(repo: Repository) -> None:
    entry = journal.pending(repo.git_dir)
    if entry is not None:
        raise Conflict(
            f"the rollback to {entry.target} was interrupted",
            hint="`orchestrate rollback --continue` completes it, `--undo` takes it back",
        )
