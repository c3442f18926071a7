"""Three failures of a tool rest it for half an hour; its fallback takes over meanwhile."""

from pathlib import Path

import pytest

from orchestrate.agents.breaker import (
    FAILURES,
    REST_SEC,
    Breaker,
    Circuit,
    after,
    choose_agent,
    circuit,
    load,
    probing,
    save,
)
from orchestrate.agents.reasons import Reason

OPEN = Breaker(FAILURES, 100.0)
LATER = 100.0 + REST_SEC


def test_three_failures_in_a_row_open_it() -> None:
    breaker = Breaker()
    for count in range(FAILURES):
        assert circuit(breaker, 100.0) is Circuit.CLOSED, count
        breaker = after(breaker, Reason.AGENT_FAILED, 100.0)
    assert circuit(breaker, 100.0) is Circuit.OPEN


@pytest.mark.parametrize("reason", [Reason.ENDED, Reason.COMMAND_FAILED, Reason.TIMEOUT])
def test_failures_of_the_work_do_not_count(reason: Reason) -> None:
    breaker = after(after(Breaker(), Reason.AGENT_FAILED, 1), Reason.AGENT_FAILED, 1)
    assert after(breaker, reason, 1) == Breaker()


def test_cancelling_says_nothing_of_the_tool() -> None:
    assert after(OPEN, Reason.CANCELLED, 101) == OPEN


def test_after_the_rest_one_probe_decides() -> None:
    assert circuit(OPEN, LATER - 1) is Circuit.OPEN
    assert circuit(OPEN, LATER) is Circuit.PROBE
    sent = probing(OPEN, LATER)
    assert circuit(sent, LATER + 1) is Circuit.OPEN
    assert circuit(sent, LATER + REST_SEC) is Circuit.PROBE  # it never came back
    assert after(sent, Reason.ENDED, LATER + 5) == Breaker()
    assert circuit(after(sent, Reason.AGENT_AUTH, LATER + 5), LATER + 6) is Circuit.OPEN


def test_the_fallback_takes_over_and_that_is_told() -> None:
    fallbacks = {"a": ("b", "c"), "b": ("a",)}
    assert choose_agent("a", fallbacks, {}, 100) == ("a", False, ())
    assert choose_agent("a", fallbacks, {"a": OPEN}, 101) == ("b", False, ("a",))
    assert choose_agent("a", fallbacks, {"a": OPEN, "b": OPEN}, 101) == ("c", False, ("a", "b"))
    assert choose_agent("b", fallbacks, {"a": OPEN, "b": OPEN}, 101) == ("c", False, ("b", "a"))
    assert choose_agent("c", fallbacks, {"c": OPEN}, 101) == (None, False, ("c",))
    assert choose_agent("a", fallbacks, {"a": OPEN}, LATER) == ("a", True, ())


def test_breakers_survive_a_run_and_a_broken_file_is_none(tmp_path: Path) -> None:
    path = tmp_path / "cache" / "breakers.json"
    save(path, lambda found: {**found, "a": OPEN})
    save(path, lambda found: {**found, "b": Breaker(1)})
    assert load(path) == {"a": OPEN, "b": Breaker(1)}
    path.write_text("{")
    assert load(path) == {}
