import threading
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents.reasons import Reason
from orchestrate.policy.config import GateStep
from orchestrate.runner.gates import CommandRun
from orchestrate.runner.profiles import (
    MOST_AT_ONCE,
    ProfileRun,
    StepRun,
    StepStatus,
    in_order,
    key_of,
)
from orchestrate.runner.reuse import Freshness, VerdictStore


def step(name: str, *needs: str) -> GateStep:
    return GateStep(name, "true", needs, None, {}, None)


def ended(one: GateStep, passed: bool) -> StepRun:
    status = StepStatus.PASSED if passed else StepStatus.FAILED
    return StepRun(one.id, status, CommandRun("true", passed, 0, "exited", 0.0, ""))


def profile(*steps: StepRun) -> ProfileRun:
    return ProfileRun("fast", "t", "p", "k", "2025-01-01T00:00:00Z", steps)


NAMES = [f"s{n}" for n in range(7)]
# Any needs at all: cycles, a step that needs itself, a name that is no step's.
GRAPHS = st.fixed_dictionaries(
    {name: st.lists(st.sampled_from([*NAMES, "ghost"]), max_size=2, unique=True) for name in NAMES}
)


@given(GRAPHS, st.sets(st.sampled_from(NAMES), max_size=3))
def test_a_step_runs_when_and_only_when_all_it_needs_has_passed(graph, failing) -> None:
    steps = [step(name, *needs) for name, needs in graph.items()]
    lock, begun = threading.Lock(), []

    def run(one: GateStep) -> StepRun:
        with lock:
            begun.append(one.id)
        return ended(one, one.id not in failing)

    told = {found.id: found for found in in_order(steps, run)}
    assert list(told) == list(graph)
    assert len(begun) == len(set(begun))
    passed = {name for name, found in told.items() if found.passed}
    for name, needs in graph.items():
        assert (name in begun) == (set(needs) <= passed)
        assert (name in passed) == (name in begun and name not in failing)
        if name not in begun:
            assert told[name].status is StepStatus.NOT_RUN
            assert told[name].detail
    assert profile(*told.values()).passed == (passed == set(NAMES))


def test_no_more_steps_run_at_once_than_the_bound() -> None:
    lock, now, most = threading.Lock(), 0, 0

    def run(one: GateStep) -> StepRun:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.01)
        with lock:
            now -= 1
        return ended(one, True)

    in_order([step(f"s{n}") for n in range(20)], run)
    assert most == MOST_AT_ONCE


def test_a_profile_without_steps_has_not_passed() -> None:
    assert profile().reason is Reason.GATE_NOT_RUN


def test_the_key_changes_with_everything_that_the_verdict_depends_on() -> None:
    steps = [step("a"), step("b", "a")]
    keys = [
        key_of("fast", steps, "t", "p", 60),
        key_of("full", steps, "t", "p", 60),
        key_of("fast", steps[:1], "t", "p", 60),
        key_of("fast", [replace(steps[0], command="false"), steps[1]], "t", "p", 60),
        key_of("fast", [replace(steps[0], env={"A": "1"}), steps[1]], "t", "p", 60),
        key_of("fast", steps, "u", "p", 60),
        key_of("fast", steps, "t", "q", 60),
        key_of("fast", steps, "t", "p", 61),
    ]
    assert len(set(keys)) == len(keys)
    assert keys[0] == key_of("fast", list(steps), "t", "p", 60)


def test_a_stored_verdict_comes_back_as_it_was_and_under_its_own_key_only(tmp_path) -> None:
    store = VerdictStore(tmp_path)
    run = profile(ended(step("a"), True))
    assert store.find("fast", "k").freshness is Freshness.MISSING
    store.keep(run)
    assert store.find("fast", "k") == (Freshness.CURRENT, run)
    assert store.find("fast", "other").freshness is Freshness.STALE
    files = tmp_path / "orchestrate" / "gates" / "fast"
    (files / "k.json").rename(files / "other.json")
    assert store.find("fast", "other").freshness is Freshness.UNKNOWN
