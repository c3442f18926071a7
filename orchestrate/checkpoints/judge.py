"""The watch's checks in a thread of their own: one at a time, the newest tree next.

Rules this file keeps:
- Work never queues up: a tree that waits is replaced by the next one.
- A check that fails is told from one that finds nothing; after three in a row the breaker opens.
- Findings are written where agents' hooks read them, whole, before anybody is told.
"""

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from orchestrate import whole_file
from orchestrate.checkpoints.breaker import Breaker, BreakerState
from orchestrate.checkpoints.compare import judged_tree, note_findings
from orchestrate.checkpoints.goal import Checker
from orchestrate.checkpoints.journal import folder
from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checks.findings import Finding
from orchestrate.git.repository import Repository
from orchestrate.git.types import Signature
from orchestrate.machine_json import to_json

FINDINGS = "findings.json"


class Verdict(NamedTuple):
    """What became of one tree: findings, or why there are none (`error`).

    `breaker` is the state after it; `seconds` how long the checks took.
    """

    checkpoint: Checkpoint
    findings: tuple[Finding, ...]
    error: str
    breaker: BreakerState
    seconds: float


class Judge:
    """Judges checkpoints in a thread; `deliver` is called there with each verdict."""

    def __init__(
        self,
        path: Path,
        make_checker: Callable[[Repository], Checker],
        deliver: Callable[[Verdict], None],
        who: tuple[str, str],
    ) -> None:
        self._path = path
        self._make_checker = make_checker
        self._deliver = deliver
        self._who = who
        self._waiting: Checkpoint | None = None
        self._closed = False
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="judge", daemon=True)
        self.merged = 0

    def start(self) -> None:
        """Begin to judge."""
        self._thread.start()

    def put(self, checkpoint: Checkpoint) -> None:
        """Judge this one next; one that still waits is not judged any more."""
        with self._change:
            self.merged += self._waiting is not None
            self._waiting = checkpoint
            self._change.notify_all()

    def close(self, timeout: float = 5.0) -> None:
        """End after the one that is being judged, at most `timeout` seconds from now."""
        with self._change:
            self._closed = True
            self._change.notify_all()
        self._thread.join(timeout)

    def _next(self) -> Checkpoint | None:
        with self._change:
            self._change.wait_for(lambda: self._waiting is not None or self._closed)
            found, self._waiting = self._waiting, None
            return None if self._closed else found

    def _work(self) -> None:
        repo = Repository.open(self._path)  # a repository belongs to its thread
        checker = self._make_checker(repo)
        breaker = Breaker()
        while (checkpoint := self._next()) is not None:
            if not breaker.allows(time.monotonic()):
                continue
            verdict = self._judge(repo, checker, checkpoint)
            worked = not verdict.error
            breaker = breaker.succeeded() if worked else breaker.failed(time.monotonic())
            self._deliver(verdict._replace(breaker=breaker.state))

    def _judge(self, repo: Repository, checker: Checker, checkpoint: Checkpoint) -> Verdict:
        began = time.perf_counter()
        try:
            base = repo.tree_of(checkpoint.head) if checkpoint.head else repo.edit_tree(None, {})
            found = tuple(checker(base, judged_tree(repo, checkpoint)))
            self._keep(repo, checkpoint, found, "")
        except Exception as error:  # noqa: BLE001 - the thread's edge: the watch must go on
            said = f"{type(error).__name__}: {error}"
            self._write(repo, checkpoint, (), said)
            return Verdict(checkpoint, (), said, BreakerState.CLOSED, time.perf_counter() - began)
        return Verdict(checkpoint, found, "", BreakerState.CLOSED, time.perf_counter() - began)

    def _keep(
        self, repo: Repository, checkpoint: Checkpoint, found: Sequence[Finding], error: str
    ) -> None:
        self._write(repo, checkpoint, found, error)
        if checkpoint.oid and repo.ref(checkpoint.ref) == checkpoint.oid:
            who = Signature(*self._who, int(time.time()))
            note_findings(repo, checkpoint, found, who)

    def _write(
        self, repo: Repository, checkpoint: Checkpoint, found: Sequence[Finding], error: str
    ) -> None:
        document = {
            "schema_version": 1,
            "checkpoint": checkpoint.name,
            "tree": checkpoint.tree,
            "head": checkpoint.head,
            "checked_at": int(time.time()),
            "error": error,
            "findings": [finding._asdict() for finding in found],
        }
        whole_file.write(folder(repo.git_dir) / FINDINGS, to_json(document))
