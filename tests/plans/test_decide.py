import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.errors import Conflict, InvalidInput
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event, event_json, event_of, evolve
from orchestrate.plans.states import (
    TASK_TRANSITIONS,
    IllegalTransition,
    PlanEvent,
    PlanStatus,
    TaskEvent,
    TaskStatus,
)
from tests.plans.making import (
    AT,
    BLOB,
    LATER,
    attempt,
    attempted,
    claimed,
    completed,
    draft,
    executing,
    running,
    say,
)

CHAIN = ({"id": "a"}, {"id": "b", "depends_on": ["a"]}, {"id": "c", "depends_on": ["b"]})


def statuses(state) -> dict[str, str]:
    return {task: str(state.tasks[task].status) for task in state.tasks}


def test_an_illegal_event_changes_nothing() -> None:
    state = executing({"id": "a"})
    before = statuses(state)
    with pytest.raises(IllegalTransition):
        say(state, TaskEvent.COMPLETED, "a")
    assert statuses(state) == before


def test_a_draft_does_not_start_before_somebody_approved_it() -> None:
    state = draft({"id": "a"})
    with pytest.raises(IllegalTransition):
        say(state, PlanEvent.STARTED)


def test_an_approval_of_another_version_is_refused() -> None:
    state = draft({"id": "a"})
    approval = {"by": "x", "at": AT, "plan_blob": "c" * 40, "version": 1}
    with pytest.raises(Conflict, match="the approval names version 1"):
        say(state, PlanEvent.APPROVED, data={"approval": approval})


def test_a_revision_voids_the_approval() -> None:
    state = draft({"id": "a"})
    approval = {"by": "x", "at": AT, "plan_blob": BLOB, "version": 1}
    state = say(state, PlanEvent.APPROVED, data={"approval": approval})
    document = {"id": "p-abc234", "title": "A plan", "version": 2, "tasks": [{"id": "z"}]}
    state = say(state, PlanEvent.REVISED, data={"document": document, "plan_blob": "d" * 40})
    assert state.status is PlanStatus.DRAFT
    assert not state.is_approved
    assert list(state.tasks) == ["z"]


def test_a_revision_must_count_the_version_up_by_one() -> None:
    document = {"id": "p-abc234", "title": "A plan", "version": 3, "tasks": [{"id": "z"}]}
    with pytest.raises(Conflict, match="the next revision is version 2, not 3"):
        say(draft({"id": "a"}), PlanEvent.REVISED, data={"document": document, "plan_blob": "d"})


def test_a_task_is_not_claimed_before_its_dependencies_are_done() -> None:
    with pytest.raises(Conflict, match="task b cannot start: a not done"):
        claimed(executing(*CHAIN), "b")


def test_a_claim_raises_the_generation_and_a_release_keeps_it() -> None:
    state = claimed(executing({"id": "a"}), "a")
    assert state.tasks["a"].generation == 1
    state = say(state, TaskEvent.RELEASED, "a")
    state = claimed(state, "a", "other")
    assert (state.tasks["a"].generation, state.tasks["a"].owner) == (2, "other")


def test_a_result_of_an_older_generation_is_kept_as_evidence_and_not_applied() -> None:
    state = running(executing({"id": "a"}), "a")
    old = attempt(state, "a", outcome="passed", reason="PASS_ALL_CRITERIA")
    state = claimed(say(state, TaskEvent.RELEASED, "a"), "a", "other")
    state = say(state, TaskEvent.ATTEMPTED, "a", generation=1, data={"attempt": old})
    task = state.tasks["a"]
    assert task.status is TaskStatus.CLAIMED
    assert task.attempts == ()
    assert [late.outcome for late in task.late] == ["passed"]


def test_a_result_after_the_task_was_cancelled_is_late_too() -> None:
    state = running(executing({"id": "a"}), "a")
    made = attempt(state, "a")
    state = say(state, TaskEvent.CANCELLED, "a")
    state = say(state, TaskEvent.ATTEMPTED, "a", generation=1, data={"attempt": made})
    assert len(state.tasks["a"].late) == 1
    assert state.tasks["a"].status is TaskStatus.CANCELLED


def test_attempts_count_s_and_revisions_count_r() -> None:
    state = running(executing({"id": "a"}), "a")
    state = attempted(attempted(state, "a"), "a", outcome="passed")
    assert [a.number for a in state.tasks["a"].attempts] == ["R0/S0", "R0/S1"]
    state = say(state, TaskEvent.SUBMITTED, "a", generation=1)
    state = say(state, TaskEvent.RETURNED, "a")
    assert state.tasks["a"].number == "R1/S0"
    state = attempted(running(state, "a"), "a")
    state = say(state, TaskEvent.FAILED, "a", generation=2)
    state = say(state, TaskEvent.RETRIED, "a")
    assert state.tasks["a"].number == "R2/S0"
    assert [a.number for a in state.tasks["a"].attempts] == ["R0/S0", "R0/S1", "R1/S0"]


def test_an_attempt_with_a_wrong_number_is_refused() -> None:
    state = running(executing({"id": "a"}), "a")
    made = {**attempt(state, "a"), "attempt": 5}
    with pytest.raises(Conflict, match="expects attempt R0/S0, not R0/S5"):
        say(state, TaskEvent.ATTEMPTED, "a", generation=1, data={"attempt": made})


def test_a_failure_blocks_every_dependent_and_a_retry_opens_them() -> None:
    state = say(running(executing(*CHAIN), "a"), TaskEvent.FAILED, "a")
    assert statuses(state) == {"a": "failed", "b": "blocked", "c": "blocked"}
    state = say(state, TaskEvent.RETRIED, "a")
    assert statuses(state) == {"a": "queued", "b": "queued", "c": "queued"}


def test_dependents_stay_blocked_while_another_dependency_is() -> None:
    state = executing({"id": "a"}, {"id": "b"}, {"id": "c", "depends_on": ["a", "b"]})
    state = say(running(state, "a"), TaskEvent.FAILED, "a")
    state = say(running(state, "b"), TaskEvent.FAILED, "b")
    state = say(state, TaskEvent.SKIPPED, "a", reason="not needed")
    assert statuses(state)["c"] == "blocked"
    state = say(state, TaskEvent.SKIPPED, "b", reason="not needed")
    assert statuses(state)["c"] == "queued"


def test_a_recovered_task_counts_as_done() -> None:
    state = say(running(executing(*CHAIN), "a"), TaskEvent.FAILED, "a")
    state = say(state, TaskEvent.RECOVERED, "a")
    assert statuses(state) == {"a": "completed", "b": "queued", "c": "queued"}


def test_a_retry_reopens_an_ended_plan() -> None:
    state = say(running(executing({"id": "a"}), "a"), TaskEvent.FAILED, "a")
    state = say(state, PlanEvent.FAILED)
    state = say(state, TaskEvent.RETRIED, "a")
    assert state.status is PlanStatus.EXECUTING


def test_a_plan_completes_only_when_every_task_is_done() -> None:
    state = executing({"id": "a"}, {"id": "b"})
    state = completed(state, "a")
    with pytest.raises(Conflict, match="b not done"):
        say(state, PlanEvent.COMPLETED)
    assert say(completed(state, "b"), PlanEvent.COMPLETED).status is PlanStatus.COMPLETED


def test_an_unknown_task_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInput, match="has no task 'ghost'") as refused:
        say(executing({"id": "a"}), TaskEvent.CANCELLED, "ghost")
    assert "a" in refused.value.hint


def data_for(state, task: str, kind: TaskEvent) -> dict:
    if kind is TaskEvent.CLAIMED:
        return {"owner": "w", "lease_until": LATER}
    if kind in (TaskEvent.ATTEMPTED, TaskEvent.LATE):
        return {"attempt": attempt(state, task)}
    return {}


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcd"),
            st.sampled_from([e for e in TaskEvent if e is not TaskEvent.LATE]),
            st.sampled_from([None, 0, 1, 2, 3]),
        ),
        max_size=60,
    )
)
def test_random_proposals_never_leave_the_table_and_replay_to_the_same_state(proposals) -> None:
    first = executing(*CHAIN, {"id": "d", "depends_on": ["a", "c"]})
    state, log = first, []
    for task, kind, generation in proposals:
        proposal = Event(
            kind, task, "t", AT, generation=generation, data=data_for(state, task, kind)
        )
        before = statuses(state)
        try:
            events = decide(state, proposal)
        except Conflict:
            assert statuses(state) == before
            continue
        for event in events:
            status = state.tasks[event.task].status if event.task else None
            state = evolve(state, event)
            if event.task and event.kind is not TaskEvent.LATE:
                assert state.tasks[event.task].status is TASK_TRANSITIONS[status][event.kind]
        log += events
    replayed = first
    for event in log:
        replayed = evolve(replayed, event_of(event_json(event)))
    assert {t: replayed.tasks[t] for t in replayed.tasks} == {
        t: state.tasks[t] for t in state.tasks
    }
    for task in state.tasks.values():
        numbers = [(a.revision, a.attempt) for a in task.attempts]
        assert numbers == sorted(set(numbers))


def test_a_task_that_others_built_on_cannot_be_taken_back() -> None:
    state = executing({"id": "a"}, {"id": "b", "depends_on": ["a"]})
    state = completed(completed(state, "a"), "b")
    with pytest.raises(Conflict, match="b built on it"):
        say(state, TaskEvent.UNPROMOTED, "a")


@pytest.mark.parametrize("status", ["claimed", "running", "pending_review", "waiting"])
def test_what_is_under_way_on_a_task_taken_back_is_queued_again(status: str) -> None:
    state = completed(executing({"id": "a"}, {"id": "b", "depends_on": ["a"]}), "a")
    if status == "waiting":
        state = say(state, TaskEvent.WAITING, "b")
    else:
        state = claimed(state, "b") if status == "claimed" else running(state, "b")
    if status == "pending_review":
        state = say(state, TaskEvent.SUBMITTED, "b", generation=state.tasks["b"].generation)
    assert state.tasks["b"].status == status
    state = say(state, TaskEvent.UNPROMOTED, "a")
    assert (state.tasks["b"].status, state.tasks["b"].owner) == ("queued", "")
