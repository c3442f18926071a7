"""Which lines count as added, and what the candidate tree looks like."""

import difflib
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks.lines import Line, added_lines, lines
from orchestrate.git.types import FILE, TREE
from tests.checks.making import change_of

texts = st.lists(st.sampled_from([b"a", b"b", b"c", b"", b"a\rb"]), max_size=12).map(b"\n".join)


def test_a_new_file_adds_every_line() -> None:
    assert added_lines(b"", b"one\ntwo\n") == [Line(1, b"one"), Line(2, b"two")]


def test_a_changed_line_is_named_by_its_number() -> None:
    assert added_lines(b"a\nb\nc\n", b"a\nX\nc\n") == [Line(2, b"X")]


def test_a_line_that_moves_within_the_file_is_not_added() -> None:
    assert added_lines(b"a\nb\nc\n", b"c\na\nb\n") == []


def test_of_equal_lines_the_added_one_is_named() -> None:
    assert added_lines(b"x\ny\nz\n", b"x\ny\nx\nz\n") == [Line(3, b"x")]


def test_a_change_of_line_ends_adds_no_line() -> None:
    assert added_lines(b"a\r\nb\r\n", b"a\nb\n") == []


def test_a_lone_carriage_return_hides_no_line() -> None:
    assert lines(b"seen\rhidden\n") == [b"seen", b"hidden"]


def test_a_last_line_without_an_end_counts() -> None:
    assert added_lines(b"a\n", b"a\nb") == [Line(2, b"b")]


@given(texts, texts)
def test_added_lines_are_the_surplus_of_the_new_file(old: bytes, new: bytes) -> None:
    found = Counter(line.text for line in added_lines(old, new))
    assert found == Counter(lines(new)) - Counter(lines(old))


@given(texts, texts)
def test_every_added_line_stands_where_it_says(old: bytes, new: bytes) -> None:
    after = lines(new)
    assert all(after[line.number - 1] == line.text for line in added_lines(old, new))


@given(texts, texts)
def test_a_diff_shows_every_added_line(old: bytes, new: bytes) -> None:
    # The promise that the fast path of the hooks rests on (checks/change.py).
    before, after = (
        text.split(b"\n")[: None if text[-1:] not in (b"", b"\n") else -1] for text in (old, new)
    )
    shown: list[bytes] = []
    for tag, _, _, start, end in difflib.SequenceMatcher(None, before, after).get_opcodes():
        if tag in ("insert", "replace"):
            shown += after[start:end]
    plus = Counter(part for line in shown for part in [*line.split(b"\r")])
    missed = Counter(line.text for line in added_lines(old, new)) - plus
    assert not missed


def test_the_candidate_tree_is_the_base_with_the_change_on_top() -> None:
    change = change_of(
        {"a/x": b"1", "a/y": b"2", "gone/z": b"3", "keep/k": b"4"},
        {"a/x": b"1", "new/n": b"5", "keep/k": b"6"},
    )
    assert change.children_after("") == ["a", "keep", "new"]
    assert change.children_after("a") == ["a/x"]
    assert change.mode_after("gone") == 0
    assert change.mode_after("gone/z") == 0
    assert change.mode_after("new") == TREE
    assert change.mode_after("keep/k") == FILE
    assert change.mode_after("a/y") == 0


def test_a_file_becomes_a_folder() -> None:
    change = change_of({"a": b"1"}, {"a/b": b"1"})
    assert change.mode_after("a") == TREE
    assert change.mode_after("a/b") == FILE
    assert change.children_after("") == ["a"]
