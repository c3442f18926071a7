"""Whatever is proposed in whatever order: what the ledger takes replays to the same trees."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.errors import Conflict
from orchestrate.git.process import run_git
from orchestrate.git.repository import Repository
from orchestrate.ledger.store import Ledger
from orchestrate.ledger.verify import verify
from orchestrate.plans.events import Event
from orchestrate.plans.model import Plan
from orchestrate.plans.state import new_state
from orchestrate.plans.states import PlanEvent, TaskEvent
from tests.ledger.making import AT, LATER, NOW, attempt_data, say

TASKS = [
    {"id": "a", "title": "a"},
    {"id": "b", "title": "b", "depends_on": ["a"]},
    {"id": "c", "title": "c", "depends_on": ["a", "b"]},
]
DOCUMENT = {"id": "p-abc234", "title": "A plan", "tasks": TASKS}
PROPOSALS = st.lists(
    st.tuples(
        st.sampled_from("abc"),
        st.sampled_from([e for e in TaskEvent if e is not TaskEvent.LATE]),
        st.sampled_from([None, 1, 2]),
    ),
    max_size=25,
)


def executing(folder: Path) -> Ledger:
    run_git(["init", "-q", "-b", "main"], cwd=folder)
    run_git(["commit", "-q", "--allow-empty", "-m", "x"], cwd=folder)
    repo = Repository.open(folder)
    blob = repo.write_blob(b"id: p-abc234\n")
    branch = "refs/heads/orchestrate/p-abc234"
    state = new_state(Plan.from_document(DOCUMENT), blob, base=repo.resolve("HEAD"), branch=branch)
    ledger = Ledger(repo, "p-abc234")
    created = Event(PlanEvent.CREATED, "", "t", AT)
    ledger.create(state, DOCUMENT, b"id: p-abc234\n", created, NOW)
    approval = {"by": "t", "at": AT, "plan_blob": blob, "version": 1}
    say(ledger, PlanEvent.APPROVED, data={"approval": approval})
    say(ledger, PlanEvent.STARTED)
    return ledger


@settings(max_examples=25)
@given(PROPOSALS)
def test_a_ledger_of_random_proposals_verifies_and_refusals_write_nothing(proposals) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = executing(Path(folder))
        for task, kind, generation in proposals:
            data: dict[str, object] = {}
            if kind is TaskEvent.CLAIMED:
                data = {"owner": "w", "lease_until": LATER}
            elif kind is TaskEvent.ATTEMPTED:
                data = {"attempt": attempt_data(ledger, task)}
            before = ledger.tip()
            try:
                say(ledger, kind, task, generation=generation, data=data)
            except Conflict:
                assert ledger.tip() == before
        count, problem = verify(ledger)
        assert problem is None
        assert count == len(list(ledger.repo.log(ledger.tip())))
