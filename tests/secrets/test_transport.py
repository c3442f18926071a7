"""Base64 of a text is read where a probe stands, once, and whatever the length of the run."""

import base64
import time

from orchestrate.checks.secrets.transport import LONGEST_RUN, Runs

TOKEN = b"token = abcdefghijklmnop"


def test_a_run_is_decoded_once_for_all_its_probes() -> None:
    text = b"x = '" + base64.b64encode(TOKEN * 3) + b"'"
    runs = Runs(text)
    decoded = runs.around(12)
    assert decoded is not None
    assert decoded.text == TOKEN * 3
    assert text[decoded.start : decoded.end] == base64.b64encode(TOKEN * 3)
    assert runs.around(30) is None


def test_padding_belongs_to_the_run() -> None:
    text = base64.b64encode(TOKEN + b"!") + b" rest"
    decoded = Runs(text).around(8)
    assert decoded is not None
    assert (decoded.text, decoded.end) == (TOKEN + b"!", len(text) - len(b" rest"))


def test_what_is_short_or_no_text_is_nothing() -> None:
    assert Runs(b"'c2hvcnQ='").around(5) is None
    assert Runs(base64.b64encode(bytes(range(128, 228)))).around(20) is None


def test_the_middle_of_a_long_run_is_read_in_step_with_its_start() -> None:
    filler = b"0123456789 some words, " * LONGEST_RUN
    coded = base64.b64encode(filler + TOKEN + filler)
    for shift in range(4):
        decoded = Runs(b" " * shift + coded).around(shift + len(coded) // 2)
        assert decoded is not None
        assert TOKEN in decoded.text


def test_a_hostile_run_takes_linear_time() -> None:
    text = b"QVNJ" * 500_000  # each of them a probe
    runs, start = Runs(text), time.process_time()
    decoded = [runs.around(end) for end in range(4, len(text), 4)]
    assert sum(one is not None for one in decoded) < len(text) / LONGEST_RUN * 3
    assert time.process_time() - start < 10
