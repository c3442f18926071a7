from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents.reasons import TOOL_FAILURES, Reason
from orchestrate.runner.breaker import FAILURES, PROBE_SEC, REST_SEC, Breaker, Breakers

FAILED = Reason.AGENT_OVERLOADED


def test_it_opens_after_failures_in_a_row_and_lets_one_probe_through(tmp_path) -> None:
    breakers = Breakers(tmp_path)
    for second in range(FAILURES):
        assert breakers.enter("a", second) == 0
        breakers.leave("a", FAILED, second)
    opened = FAILURES - 1
    assert breakers.enter("a", opened + 1) == opened + REST_SEC
    assert breakers.enter("b", opened + 1) == 0
    probing = opened + REST_SEC
    assert Breakers(tmp_path).enter("a", probing) == 0
    assert breakers.enter("a", probing + 1) == probing + PROBE_SEC
    breakers.leave("a", FAILED, probing + 2)
    assert breakers.enter("a", probing + 3) == probing + 2 + REST_SEC
    again = probing + 2 + REST_SEC
    assert breakers.enter("a", again) == 0
    breakers.leave("a", Reason.AC_NOT_MET, again)
    assert breakers.enter("a", again + 1) == 0


def test_a_probe_that_never_reports_gives_way_to_another(tmp_path) -> None:
    opened = Breaker(FAILURES, 1000).tried(1000 + REST_SEC)
    assert opened.rests_until(1000 + REST_SEC + PROBE_SEC) == 0


def test_a_cancelled_attempt_says_nothing_of_the_tool() -> None:
    assert Breaker(2).ended(Reason.CANCELLED, 5) == Breaker(2)
    probing = Breaker(FAILURES, 1000, 3000)
    assert probing.ended(Reason.CANCELLED, 3001).rests_until(3001) == 0


@given(st.lists(st.sampled_from(Reason), max_size=12))
def test_it_is_open_exactly_when_the_last_ends_are_failures_of_the_tool(reasons) -> None:
    breaker, row = Breaker(), 0
    for reason in reasons:
        breaker = breaker.ended(reason, 100)
        if reason is not Reason.CANCELLED:
            row = row + 1 if reason in TOOL_FAILURES else 0
    assert bool(breaker.rests_until(101)) == (row >= FAILURES)


def test_a_file_that_does_not_read_is_a_closed_breaker(tmp_path) -> None:
    breakers = Breakers(tmp_path)
    folder = tmp_path / "orchestrate" / "breakers"
    for content in ("{", "[]", '{"schema_version": 9}', '{"schema_version": 1, "opened": "x"}'):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "a.json").write_text(content)
        assert breakers.enter("a", 5) == 0
