"""A claimed task, and the ledger as seen by who holds the claim."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from orchestrate.errors import Conflict
from orchestrate.ledger.store import Decision, Ledger, Loaded
from orchestrate.plans.decide import decide, decide_all
from orchestrate.plans.events import Event
from orchestrate.plans.state import TaskState
from orchestrate.plans.states import OWNED, TaskEvent
from orchestrate.runner import clock
from orchestrate.runner.project import Project


class Progress(NamedTuple):
    """One thing that happened, for whoever watches; `task` is "" for the plan."""

    task: str
    what: str
    text: str


Report = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claimed task: what its thread needs to know."""

    project: Project
    plan_id: str
    task_id: str
    generation: int
    owner: str
    keep_workspaces: bool = False
    cancel: threading.Event = field(default_factory=threading.Event)


class Lost(Exception):
    """The claim is not ours any more: what was under way is evidence, not a result."""


class ClaimLedger:
    """Appends events of one claim; each carries its generation."""

    def __init__(self, ledger: Ledger, claim: Claim) -> None:
        self.ledger = ledger
        self.claim = claim

    def event(self, kind: TaskEvent, reason: str = "", **data: Any) -> Event:
        """An event of this claim, as of now."""
        claim = self.claim
        now = clock.iso(clock.now())
        return Event(kind, claim.task_id, claim.owner, now, reason, claim.generation, data)

    def append(
        self, proposal: Event, evidence: Mapping[str, bytes] | None = None, *then: Event
    ) -> Loaded:
        """The state after what the proposal leads to, and `then` what follows it, all at once.

        Raises:
            Lost: it came too late; a result is then stored as evidence and not applied.
        """
        late = False

        def decision(loaded: Loaded) -> Decision:
            nonlocal late
            events = decide(loaded.state, proposal)
            late = any(e.kind is TaskEvent.LATE for e in events)
            if then and not late:
                events = decide_all(loaded.state, [proposal, *then])
            return Decision(events, evidence or {})

        try:
            loaded = self.ledger.append(decision, at=clock.now())
        except Conflict as error:
            self.held(self.ledger.load())
            raise error
        if late:
            raise Lost
        return loaded

    def held(self, loaded: Loaded) -> TaskState:
        """The task's state, which this claim still holds.

        Raises:
            Lost: it does not.
        """
        task = loaded.state.tasks[self.claim.task_id]
        if task.generation != self.claim.generation or task.status not in OWNED:
            raise Lost
        return task
