from orchestrate.plans.schedule import Action, next_actions
from orchestrate.plans.states import PlanEvent, TaskEvent
from tests.plans.making import AT, claimed, completed, executing, running, say


def kinds(actions: list[Action]) -> list[tuple[str, str]]:
    return [(str(a.kind), a.task) for a in actions]


def test_only_tasks_whose_dependencies_are_done_are_claimed_up_to_the_capacity() -> None:
    state = executing({"id": "a"}, {"id": "b"}, {"id": "c", "depends_on": ["a"]})
    assert kinds(next_actions(state, AT, 5)) == [("claim", "a"), ("claim", "b")]
    assert kinds(next_actions(state, AT, 1)) == [("claim", "a")]
    assert kinds(next_actions(state, AT, 1, resting={"a"})) == [("claim", "b")]
    assert kinds(next_actions(completed(state, "a"), AT, 5)) == [("claim", "b"), ("claim", "c")]


def test_critical_tasks_come_first() -> None:
    state = executing({"id": "a"}, {"id": "b", "critical": True})
    assert kinds(next_actions(state, AT, 1)) == [("claim", "b")]


def test_a_persons_task_waits_when_its_dependencies_are_done() -> None:
    state = executing(
        {"id": "a"}, {"id": "ok", "depends_on": ["a"], "delegation": {"mode": "human"}}
    )
    assert kinds(next_actions(state, AT, 5)) == [("claim", "a")]
    state = completed(state, "a")
    assert kinds(next_actions(state, AT, 0)) == [("wait", "ok")]
    state = say(state, TaskEvent.WAITING, "ok")
    assert next_actions(state, AT, 5) == []


def test_a_review_holds_the_next_wave_and_the_plans_end() -> None:
    state = running(executing({"id": "a"}, {"id": "b", "depends_on": ["a"]}), "a")
    state = say(state, TaskEvent.SUBMITTED, "a", generation=1)
    assert next_actions(state, AT, 5) == []


def test_a_lost_lease_and_a_dead_owner_are_released() -> None:
    state = claimed(executing({"id": "a"}), "a", "w1")
    assert next_actions(state, AT, 5) == []
    assert kinds(next_actions(state, "2026-02-01T00:00:00Z", 5)) == [("release", "a")]
    assert kinds(next_actions(state, AT, 5, frozenset({"w1"}))) == [("release", "a")]


def test_best_effort_goes_on_and_fails_at_the_end() -> None:
    state = executing({"id": "a"}, {"id": "b"}, {"id": "c", "depends_on": ["a"]})
    state = say(running(state, "a"), TaskEvent.FAILED, "a")
    assert kinds(next_actions(state, AT, 5)) == [("claim", "b")]
    assert kinds(next_actions(completed(state, "b"), AT, 5)) == [("fail-plan", "")]


def test_abort_on_first_fail_ends_the_plan_at_once() -> None:
    state = executing({"id": "a"}, {"id": "b"}, failure_policy="abort_on_first_fail")
    state = say(running(state, "a"), TaskEvent.FAILED, "a")
    assert kinds(next_actions(state, AT, 5)) == [("abort-plan", "")]


def test_abort_on_critical_fail_counts_a_blocked_critical_task() -> None:
    tasks = ({"id": "a"}, {"id": "x"}, {"id": "b", "depends_on": ["a"], "critical": True})
    state = executing(*tasks, failure_policy="abort_on_critical_fail")
    state = say(running(state, "x"), TaskEvent.FAILED, "x")
    assert kinds(next_actions(state, AT, 5)) == [("claim", "a")]
    state = say(running(state, "a"), TaskEvent.FAILED, "a")
    assert kinds(next_actions(state, AT, 5)) == [("abort-plan", "")]


def test_all_done_completes_and_a_skipped_task_counts() -> None:
    state = completed(executing({"id": "a"}, {"id": "b"}), "a")
    state = say(state, TaskEvent.SKIPPED, "b", reason="not needed")
    assert kinds(next_actions(state, AT, 5)) == [("complete-plan", "")]
    assert next_actions(say(state, PlanEvent.COMPLETED), AT, 5) == []


def test_a_cancelled_task_blocks_its_dependents_so_the_plan_ends() -> None:
    state = executing({"id": "a"}, {"id": "b", "depends_on": ["a"]})
    state = say(state, TaskEvent.CANCELLED, "a")
    assert kinds(next_actions(state, AT, 5)) == [("fail-plan", "")]
