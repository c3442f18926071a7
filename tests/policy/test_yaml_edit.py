"""YAML written for people, and their files edited with nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.policy.yaml import load_yaml
from orchestrate.policy.yaml_edit import dump_yaml, set_values
from tests.policy.making import refusal

FILE = b"""\
# What we use.
version: "1"   # quoted on purpose

agents:
  # the fast one
  fast: {model: small, args: [--x]}
steps:
- one   # first
- 'two'
when: 2024-01-01
mode: 0o17
note: this line is long and goes on and on and on and on and on and on and on and on and on and on
"""


def test_an_edit_changes_one_place_and_keeps_every_comment() -> None:
    edited = set_values(FILE, "f", [(("agents", "fast", "model"), "large"), (("steps", 1), "zwei")])
    assert edited == FILE.replace(b"small", b"large").replace(b"two", b"zwei")


def test_maps_on_the_way_are_made() -> None:
    edited = set_values(FILE, "f", [(("limits", "max_attempts"), 5)])
    assert edited.startswith(FILE)
    assert load_yaml(edited, "f")["limits"] == {"max_attempts": 5}


def test_a_file_of_comments_alone_keeps_them() -> None:
    assert set_values(b"# a\n#b: 1\n", "f", [(("c",), True)]) == b"# a\n#b: 1\nc: true\n"


def test_no_edit_changes_nothing() -> None:
    assert set_values(FILE, "f", []) == FILE


@pytest.mark.parametrize("at", [("steps", 9), ("steps", "x"), ("version", "x"), ("mode", "a", "b")])
def test_a_place_that_is_not_there_is_refused(at: tuple[str | int, ...]) -> None:
    assert "leads nowhere" in refusal(set_values, FILE, "f", [(at, 1)])


def test_a_file_that_does_not_parse_is_not_edited() -> None:
    assert "f:2:1: the key 'a'" in refusal(set_values, b"a: 1\na: 2\n", "f", [(("b",), 1)])


def test_several_lines_stand_as_a_block() -> None:
    assert dump_yaml({"a": "x\ny\n"}, comment="A plan.\n\nEdit it.") == (
        b"# A plan.\n#\n# Edit it.\na: |\n  x\n  y\n"
    )


def test_text_that_is_not_unicode_is_refused() -> None:
    assert "not valid Unicode" in refusal(dump_yaml, {"a": "x\udcff"})


_TEXT = st.text(max_size=20) | st.text("yesno~-:# \n\t'\"0x.e1\r\x85\u2028", max_size=12)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text("abc", min_size=1), _VALUES))
def test_what_is_written_is_read_back(value: dict[str, object]) -> None:
    assert load_yaml(dump_yaml(value), "f") == (value or {})
