from itertools import product
from pathlib import Path

import pytest

from orchestrate.plans.states import (
    DONE,
    PLAN_TRANSITIONS,
    TASK_TRANSITIONS,
    IllegalTransition,
    PlanEvent,
    PlanStatus,
    TaskEvent,
    TaskStatus,
    diagram,
    step_plan,
    step_task,
)

# Design section 4, written out once more by hand, so that a slip in the table shows.
DESIGN = {
    "accepted": (["proposed"], "queued"),
    "rejected": (["proposed"], "rejected"),
    "claimed": (["queued"], "claimed"),
    "started": (["claimed"], "running"),
    "attempted": (["running"], "running"),
    "released": (["claimed", "running"], "queued"),
    "waiting": (["queued"], "waiting"),
    "submitted": (["running"], "pending_review"),
    "returned": (["pending_review"], "queued"),
    "completed": (["running", "pending_review", "waiting"], "completed"),
    "failed": (["running", "waiting"], "failed"),
    "blocked": (["queued", "waiting"], "blocked"),
    "unblocked": (["blocked"], "queued"),
    "retried": (["failed"], "queued"),
    "recovered": (["failed"], "completed"),
    "skipped": (["queued", "blocked", "failed", "waiting"], "skipped"),
    "cancelled": (
        [
            "proposed",
            "queued",
            "claimed",
            "running",
            "waiting",
            "pending_review",
            "failed",
            "blocked",
        ],
        "cancelled",
    ),
    "unpromoted": (["completed"], "queued"),
    "late": ([], ""),
}


@pytest.mark.parametrize(("status", "event"), list(product(TaskStatus, TaskEvent)))
def test_every_pair_of_task_status_and_event_is_as_the_design_says(
    status: TaskStatus, event: TaskEvent
) -> None:
    sources, after = DESIGN[event]
    if status in sources:
        assert step_task("t", status, event) == after
    else:
        with pytest.raises(IllegalTransition) as refused:
            step_task("t", status, event)
        assert f"task t is {status} and does not take '{event}'" in str(refused.value)


@pytest.mark.parametrize(("status", "event"), list(product(PlanStatus, PlanEvent)))
def test_every_pair_of_plan_status_and_event_follows_the_table(
    status: PlanStatus, event: PlanEvent
) -> None:
    if event in PLAN_TRANSITIONS[status]:
        assert step_plan("p", status, event) == PLAN_TRANSITIONS[status][event]
    else:
        with pytest.raises(IllegalTransition):
            step_plan("p", status, event)


@pytest.mark.parametrize("table", [TASK_TRANSITIONS, PLAN_TRANSITIONS])
def test_every_status_has_a_row_and_every_status_can_be_reached(table) -> None:
    statuses = type(next(iter(table)))
    assert set(table) == set(statuses)
    starts = {"proposed", "queued", "draft"} & set(map(str, statuses))
    reached = {statuses(s) for s in starts}
    while True:
        more = {after for status in reached for after in table[status].values()} - reached
        if not more:
            break
        reached |= more
    assert reached == set(statuses)


@pytest.mark.parametrize("status", [s for s in TaskStatus if TASK_TRANSITIONS[s]])
def test_every_open_task_status_can_still_end(status: TaskStatus) -> None:
    reached = {status}
    while True:
        more = {after for s in reached for after in TASK_TRANSITIONS[s].values()} - reached
        if not more:
            break
        reached |= more
    assert reached & DONE


def test_the_states_page_shows_the_tables_as_they_are() -> None:
    page = (Path(__file__).parents[2] / "docs" / "states.md").read_text()
    assert diagram(TASK_TRANSITIONS) in page
    assert diagram(PLAN_TRANSITIONS) in page


def test_a_diagram_has_an_edge_for_every_step() -> None:
    edges = sum(len(row) for row in TASK_TRANSITIONS.values())
    finals = sum(not row for row in TASK_TRANSITIONS.values())
    assert diagram(TASK_TRANSITIONS).count("-->") == edges + finals
