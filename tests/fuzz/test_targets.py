"""Every fuzz target holds on a few inputs, so that the fuzzer starts from what works."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
