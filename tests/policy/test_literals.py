"""The texts of an expression stand in every command that it matches."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.policy.literals import needed


@pytest.mark.parametrize(
    ("pattern", "ways"),
    [
        ("abc", [["abc"]]),
        ("a b", [["a", "b"]]),
        ("(?i)Core\\.HooksPath", [["core.hookspath"]]),
        ("x(?:one|two)?y", [["x", "y"]]),
        ("(?:one|two)+", [["one"], ["two"]]),
        (r"\bgit\s[^;]*push", [["git", "push"]]),
        ("a|ab", [["a"]]),
        ("[ab]*", [[]]),
        (r"\z(", [[]]),
        (":\\(\\)", [[":"]]),
        ("é1", [["1"]]),
        ("(?:a|b)(?:c|d)" * 9, [["a"], ["b"]]),
    ],
)
def test_ways(pattern: str, ways: list[list[str]]) -> None:
    found = needed(pattern)
    assert found == ways or len(found) <= 64


PARTS = st.sampled_from(
    ["git", "push", r"\s", "[^;]*", "(?:a|bc)", "(?:-f|--force)?", "x+", ".", r"\b", "(?i:Q)", "K"]
)


@given(st.lists(PARTS, min_size=1, max_size=6), st.text("gitpushabcfxqk -Q;.", max_size=30))
def test_what_matches_holds_the_texts_of_a_way(parts: list[str], text: str) -> None:
    pattern = "".join(parts)
    if re.search(pattern, text):
        lower = text.lower()
        assert any(all(piece in lower for piece in way) for way in needed(pattern))


@pytest.mark.parametrize(
    ("pattern", "ways"),
    [
        ("of=/dev/(?:sd|nvme)", [["of=/dev/sd"], ["of=/dev/nvme"]]),
        ("-[rR]f", [["-rf"]]),
        (r"\bgit\b-x", [["git-x"]]),
        ("a(?:bc)+d", [["abc", "d"]]),
    ],
)
def test_a_text_runs_over_groups_alternatives_and_borders(
    pattern: str, ways: list[list[str]]
) -> None:
    assert sorted(needed(pattern)) == sorted(ways)
