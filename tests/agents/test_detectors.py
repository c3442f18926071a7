"""Loops, sessions' owners, and the table of reasons."""

import re
from pathlib import Path

import pytest

from orchestrate.agents.adapter import Outcome
from orchestrate.agents.detectors import Detectors, normalised
from orchestrate.agents.drive import STOPS, outcome_of
from orchestrate.agents.events import MAX_LINE, MAX_TEXT, Event, Kind, LineReader, Tally, Usage
from orchestrate.agents.limits import EndReason
from orchestrate.agents.pack import StepPack
from orchestrate.agents.reasons import REASONS, TOOL_FAILURES, Actor, Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.sessions import Session, check, choose
from orchestrate.agents.text_loop import TextLoop

PACK = StepPack(plan="p", task="t", title="T", attempt="R0/S0", objective="o")
OWN = Session("claude", "p", "t", "id", Usage(10, cost_usd=1.0))


def loop(texts: list[str]) -> bool:
    detectors, tally = Detectors(None, None), Tally()
    for turn, text in enumerate([*texts, "end"]):
        if detectors.see(Event(Kind.MESSAGE, text, turn=str(turn)), tally):
            return True
    return False


def test_the_same_turn_three_times_is_a_loop() -> None:
    assert loop(["Try 1 at 0x3fa2b", "try  2 at 0x99", "TRY 33 at 0x1"])
    assert not loop(["a", "a", "b", "a", "a"])
    assert not loop([])
    assert normalised("Commit 3fa2b1c9  took 12ms") == "commit 0 took 0ms"


def test_a_text_that_begins_again_and_again_is_a_loop() -> None:
    block = [b"Thinking.", b"\x1b[31mI will run  the tests", b"at 12:30:01 they fail"]
    other = [b"thinking.", b"I will run the tests\x1b[0m", b"AT 12:31:45 they fail"]
    lines = TextLoop(3)
    assert lines.feed([*block, b"", *other]) is None
    assert lines.feed([*block, b"Something else."]) is None
    assert lines.feed(block + other[:2]) is None
    assert "the same 3 lines 3 times" in (lines.feed(other[2:] + block) or "")


@pytest.mark.parametrize(
    "lines",
    [
        [b"."] * 100,
        [b"warning: x", b"  in y"] * 10,
        [b"step %d" % (n // 3) + b" abc"[n % 3 : n % 3 + 1] for n in range(90)],
        [b"%d" % n for n in range(700)] * 2,
    ],
    ids=["dots", "two lines", "numbers go on", "only twice"],
)
def test_text_that_goes_on_is_no_loop(lines: list[bytes]) -> None:
    watched = TextLoop(3)
    assert [found for line in lines if (found := watched.feed([line]))] == []


def test_a_step_ends_with_the_tokens_that_it_used() -> None:
    detectors, tally = Detectors(None, None), Tally()
    found = []
    for _ in range(3):
        for text in ("I fix it.", "Applied edit"):
            found.append(detectors.see(Event(Kind.OUTPUT, text), tally))
        found.append(detectors.see(Event(Kind.USAGE, usage=Usage(1), adds=True), tally))
    assert [f[0] for f in found if f] == [Reason.OUTPUT_LOOP]


def test_a_session_is_continued_only_where_that_can_be() -> None:
    assert choose("auto", resumable=True, agent="claude", last=OWN) is OWN
    assert choose("auto", resumable=True, agent="codex", last=OWN) is None
    assert choose("auto", resumable=False, agent="claude", last=OWN) is None
    assert choose("spawn", resumable=True, agent="claude", last=OWN) is None
    assert choose("reuse", resumable=True, agent="claude", last=None) is None
    with pytest.raises(Refused):
        choose("reuse", resumable=False, agent="claude", last=OWN)


@pytest.mark.parametrize(
    "other", [Session("codex", "p", "t", "i"), Session("claude", "q", "t", "i"),
              Session("claude", "p", "u", "i")]
)  # fmt: skip
def test_a_foreign_session_is_refused(other: Session) -> None:
    check(None, "claude", PACK)
    check(OWN, "claude", PACK)
    with pytest.raises(Refused) as caught:
        check(other, "claude", PACK)
    assert caught.value.reason is Reason.SESSION_FOREIGN


def test_every_reason_has_a_meaning_and_an_outcome() -> None:
    assert set(REASONS) == set(Reason)
    for reason in Reason:
        assert REASONS[reason].text
        assert (outcome_of(reason) is Outcome.ENDED) == (reason is Reason.ENDED)
    assert not REASONS[Reason.PASS_ALL_CRITERIA].retry
    assert Reason.AGENT_AUTH in TOOL_FAILURES
    assert all(REASONS[r].who in (Actor.TOOL, Actor.PERSON) for r in TOOL_FAILURES)


def test_every_end_of_a_process_has_a_reason() -> None:
    assert set(STOPS) == set(EndReason) - {EndReason.EXITED, EndReason.STOPPED}


def test_the_documented_reasons_are_these() -> None:
    text = Path(__file__).parents[2].joinpath("docs/agents.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.+?) \| (\w+) \| (yes|no) \|$", text, re.MULTILINE)
    table = [(r.value, m.text, m.who.value, "yes" if m.retry else "no") for r, m in REASONS.items()]
    assert rows == table


def test_a_long_line_is_dropped_in_constant_memory() -> None:
    lines = LineReader()
    found = list(lines.feed(b"one\n"))
    for _ in range(MAX_LINE // 100_000 + 2):
        found += lines.feed(b"x" * 100_000)
    found += lines.feed(b"end of it\ntwo\nthr")
    found += lines.feed(b"ee")
    found += lines.end()
    assert found == [b"one", b"two", b"three"]
    assert lines.dropped == 1


def test_only_the_last_messages_are_kept() -> None:
    tally = Tally()
    for _ in range(100):
        tally.add(Event(Kind.MESSAGE, "x" * 10_000))
    tally.add(Event(Kind.MESSAGE, "last"))
    assert len(tally.text) < MAX_TEXT + 20_000
    assert tally.text.endswith("\nlast")


def test_pieces_of_a_message_join() -> None:
    tally = Tally()
    for piece in ("===STEP_", "RESULT===\n", "{}"):
        tally.add(Event(Kind.MESSAGE, piece, joins=True))
    assert tally.text == "===STEP_RESULT===\n{}"


def test_usage_of_a_session_is_counted_once() -> None:
    first, total = Usage(10, 2, 3, 0.5, 2), Usage(30, 4, 9, 1.25, 3)
    assert total.minus(first) == Usage(20, 2, 6, 0.75, 3)
    assert total.minus(None) == total
    assert first.plus(Usage(1)) == Usage(11, 2, 3, 0.5, 2)
