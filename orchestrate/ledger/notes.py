"""Verdicts as notes on the commits they are about: an index of the ledgers, for `git log --notes`.

Rules kept here:

* A note's line is made from the ledger alone, so that a rebuilt index has the same lines.
* A note that cannot be written is no failure of what it tells of: that stands in the ledger
  already, and `orchestrate log --rebuild-notes` writes the line later.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import takewhile

from orchestrate.errors import OrchestrateError
from orchestrate.git.notes import NOTES, append_notes
from orchestrate.git.repository import Repository
from orchestrate.git.types import Commit, Oid, Signature
from orchestrate.ledger.codec import EVENT_JSON, from_json
from orchestrate.ledger.store import Ledger, Loaded
from orchestrate.plans.events import Event, event_of

_CLOSING = frozenset({"task.completed", "task.recovered"})
_TAKEN_BACK = "task.unpromoted"


def note_verdicts(ledger: Ledger, before: Oid, after: Loaded, at: int) -> None:
    """Note what the ledger's commits after `before` decided; `at` is in seconds since the epoch."""
    commits = takewhile(lambda c: c.oid != before, ledger.repo.log(after.tip))
    with suppress(OrchestrateError):
        _write(ledger, commits, at)


def rebuild_notes(ledger: Ledger, at: int) -> int:
    """Write every note that the ledger gives rise to; how many commits it has one for.

    Raises:
        DamagedRecord: an event does not parse.
        RefLocked, RefMoved: others write notes without a pause.
    """
    return _write(ledger, ledger.repo.log(ledger.tip()), at)


def _write(ledger: Ledger, commits: Iterable[Commit], at: int) -> int:
    lines: dict[Oid, list[str]] = {}
    for about, line in reversed(list(_lines(ledger, commits))):
        lines.setdefault(about, []).append(line)
    if lines:
        who = Signature(*ledger.identity, at)
        append_notes(ledger.repo, NOTES, lines, who, message=f"notes: plan {ledger.plan_id}\n")
    return len(lines)


def _lines(ledger: Ledger, commits: Iterable[Commit]) -> Iterator[tuple[Oid, str]]:
    """Commit and line, for each event of these ledger commits that says something of a commit."""
    for commit in commits:
        if commit.trailer("Orchestrate-Event") not in _CLOSING | {_TAKEN_BACK}:
            continue
        data = ledger.repo.read_path(commit.tree, EVENT_JSON) or b""
        event = event_of(from_json(data, EVENT_JSON))
        if event.name == _TAKEN_BACK and event.data.get("reverts"):
            more = {"attempt": "", "verdict": "unpromoted", "revert": event.data["commit"]}
            yield Oid(event.data["reverts"]), _line(ledger, commit, event, more)
        elif event.name in _CLOSING and event.data.get("commit"):
            about = Oid(event.data["commit"])
            more = {"attempt": _attempt(ledger, commit, event, about), "verdict": "pass"}
            yield about, _line(ledger, commit, event, more)


def _line(ledger: Ledger, commit: Commit, event: Event, more: dict[str, str]) -> str:
    line = {
        "ledger": commit.oid,
        "plan": ledger.plan_id,
        "policy": event.data.get("policy", ""),
        "task": event.task,
        "tree": event.data.get("tree", ""),
        **more,
    }
    return json.dumps(line, sort_keys=True)


def _attempt(ledger: Ledger, commit: Commit, event: Event, about: Oid) -> str:
    """The number of the attempt that landed: the commit says it, or is the candidate itself."""
    repo: Repository = ledger.repo
    said = repo.read_commit(about).trailer("Orchestrate-Attempt") if repo.has_commit(about) else ""
    if said:
        return said
    attempts = ledger.load(commit.oid).state.tasks[event.task].attempts
    return next((a.number for a in reversed(attempts) if a.candidate == about), "")
