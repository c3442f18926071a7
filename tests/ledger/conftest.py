from pathlib import Path
from typing import Any

import pytest

from orchestrate.git.repository import Repository
from orchestrate.ledger.store import Ledger
from orchestrate.plans.events import Event
from orchestrate.plans.model import Plan
from orchestrate.plans.state import new_state
from orchestrate.plans.states import PlanEvent
from tests.ledger.making import AT, NOW


@pytest.fixture
def make_ledger(repo: Path):
    """`make_ledger(*tasks)` gives the ledger of an executing plan with these tasks."""

    def make(*tasks: dict[str, Any], start: bool = True, **fields: Any) -> Ledger:
        opened = Repository.open(repo)
        entries = [{"title": t["id"], **t} for t in tasks]
        document = {"id": "p-abc234", "title": "A plan", "tasks": entries, **fields}
        text = b"id: p-abc234 # as written\n"
        blob = opened.write_blob(text)
        state = new_state(
            Plan.from_document(document),
            blob,
            base=opened.resolve("HEAD"),
            branch="refs/heads/orchestrate/p-abc234",
        )
        ledger = Ledger(opened, "p-abc234")
        ledger.create(state, document, text, Event(PlanEvent.CREATED, "", "tester", AT), NOW)
        if start:
            from tests.ledger.making import say

            approval = {"by": "tester", "at": AT, "plan_blob": blob, "version": 1}
            say(ledger, PlanEvent.APPROVED, data={"approval": approval})
            say(ledger, PlanEvent.STARTED)
        return ledger

    return make
