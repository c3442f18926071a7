"""Every fuzz target holds on a few inputs, on what it starts from, and on what it once found."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import FOUND, seeds
from tests.fuzz.targets import TARGETS

PIECES = [b"\0", b"\n", b"---\n", b":100644 ", b"checks:\n", b" - id: a\n", b"[", b"{", b"'", b"$(",
          b"<<EOF\n", b"**", b"/", b"a.py", b"# TODO", b"\xff", b"\r", b"<<<<<<< x"]  # fmt: skip
inputs = st.lists(st.sampled_from(PIECES) | st.binary(max_size=6), max_size=12).map(b"".join)


@pytest.mark.parametrize("name", TARGETS)
def test_it_holds(name: str) -> None:
    @settings(max_examples=60)
    @given(inputs)
    def holds(data: bytes) -> None:
        TARGETS[name](data)

    holds()


@pytest.mark.parametrize("name", TARGETS)
def test_what_the_fuzzer_starts_from_holds(name: str) -> None:
    for data in seeds(name):
        TARGETS[name](data)


def test_what_was_found_belongs_to_a_target() -> None:
    assert {path.name for path in FOUND.glob("*")} <= TARGETS.keys()
