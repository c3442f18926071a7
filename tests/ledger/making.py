"""Short ways to write to a ledger in tests."""

from typing import Any

from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE
from orchestrate.ledger.promotion import Judged, branch_tip, promote
from orchestrate.ledger.store import Decision, Ledger, Loaded
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event
from orchestrate.plans.states import PlanEvent, TaskEvent

NOW = 1_767_225_600
AT = "2026-01-01T00:00:00Z"
LATER = "2026-01-01T01:00:00Z"


def say(
    ledger: Ledger, kind: TaskEvent | PlanEvent, task: str = "", reason: str = "", **more: Any
) -> Loaded:
    evidence = more.pop("evidence", {})
    event = Event(kind, task, "tester", AT, reason, **more)
    return ledger.append(lambda now: Decision(decide(now.state, event), evidence), at=NOW)


def claim(ledger: Ledger, task: str, owner: str = "worker") -> int:
    data = {"owner": owner, "lease_until": LATER}
    loaded = say(ledger, TaskEvent.CLAIMED, task, data=data)
    return loaded.state.tasks[task].generation


def start(ledger: Ledger, task: str) -> int:
    generation = claim(ledger, task)
    say(ledger, TaskEvent.STARTED, task, generation=generation)
    return generation


def attempt_data(
    ledger: Ledger, task: str, outcome: str = "discarded", **fields: Any
) -> dict[str, Any]:
    now = ledger.load().state.tasks[task]
    return {
        "revision": now.revision,
        "attempt": now.attempt,
        "generation": now.generation,
        "agent": "replay",
        "started_at": AT,
        "ended_at": AT,
        "outcome": outcome,
        "reason": "PASS_ALL_CRITERIA" if outcome == "passed" else "AC_NOT_MET",
        "findings": [],
        "verifications": [],
        **fields,
    }


def attempted(ledger: Ledger, task: str, **fields: Any) -> Loaded:
    made = attempt_data(ledger, task, **fields)
    return say(
        ledger,
        TaskEvent.ATTEMPTED,
        task,
        generation=made["generation"],
        data={"attempt": made},
    )


def tree_with(repo: Repository, commit: str, path: str, text: str) -> str:
    tree = repo.tree_of(repo.resolve(commit))
    return repo.edit_tree(tree, {path: (FILE, repo.write_blob(text.encode()))})


def land(ledger: Ledger, task: str, path: str = "new.txt", text: str = "x\n") -> str:
    """Claim, start and promote a task whose change adds one file; the promoted commit."""
    generation = start(ledger, task)
    tip = branch_tip(ledger.repo, ledger.load().state)
    tree, trailers = tree_with(ledger.repo, tip, path, text), (("Orchestrate-Task", task),)
    judged = Judged(tip, tree, "policy", f"feat: {task}", trailers=trailers)
    made = attempt_data(ledger, task, "passed")
    events = [
        Event(TaskEvent.ATTEMPTED, task, "w", AT, "", generation, {"attempt": made}),
        Event(TaskEvent.COMPLETED, task, "w", AT, "PASS_ALL_CRITERIA", generation),
    ]
    return promote(ledger, judged, events, at=NOW)[1]
