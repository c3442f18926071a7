"""Strict YAML: what is accepted, what is refused and where, and how it is edited."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.errors import FileError
from orchestrate.policy import yaml
from orchestrate.policy.yaml import load_document, load_yaml
from tests.policy.making import refusal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: 2024-01-01", "2024-01-01"),
        ("a: 2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
        ("a: yes", "yes"),
        ("a: no", "no"),
        ("a: on", "on"),
        ("a: true", True),
        ("a: False", False),
        ("a: null", None),
        ("a: ~", None),
        ("a:", None),
        ("a: 'true'", "true"),
        ('a: "1"', "1"),
        ("a: 12", 12),
        ("a: -3", -3),
        ("a: +3", 3),
        ("a: 0x1F", 31),
        ("a: 0o17", 15),
        ("a: 007", 7),
        ("a: 1_000", "1_000"),
        ("a: 12:30", "12:30"),
        ("a: 1.5", 1.5),
        ("a: .5", 0.5),
        ("a: 1e3", 1000.0),
        ("a: 1.2.3", "1.2.3"),
        ("a: '*'", "*"),
        ("a: |\n  x\n  y\n", "x\ny\n"),
        ("a: >-\n  x\n  y\n", "x y"),
        ("b: &q [1, {c: d}]\na: *q", [1, {"c": "d"}]),
        ("a: ! 12", "12"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert load_yaml(text.encode(), "f.yaml")["a"] == value


def test_an_alias_is_a_copy() -> None:
    value = load_yaml(b"a: &q [1]\nb: *q\n", "f.yaml")
    value["b"].append(2)
    assert value["a"] == [1]


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n", "---\n", "\ufeff"])
def test_nothing_is_null(text: str) -> None:
    assert load_yaml(text.encode(), "f.yaml") is None


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("a: 1\nb: 2\na: 3\n", "3:1", "the key 'a' is already set on line 1"),
        ("a: {b: 1, b: 2}", "1:11", "the key 'b' is already set on line 1"),
        ("a: [1, 2\n", "2:1", "not valid YAML"),
        ("a: b: c", "1:5", "not valid YAML"),
        ("\ta: 1", "1:1", "not valid YAML"),
        ("a: 'x", "1:6", "not valid YAML"),
        ("a: !!python/object:os.system x", "1:4", "tag"),
        ("a: !foo {}", "1:4", "the tag !foo is not accepted"),
        ("!!map {}", "1:1", "tag"),
        ("a: *x", "1:4", "anchor &x"),
        ("&a [*a]", "1:5", "anchor &a"),
        ("1: 2", "1:1", "the key '1' is not text"),
        ("true: 2", "1:1", "the key 'true' is not text"),
        ("? [a]\n: 1", "1:3", "a key must be text"),
        ("&a a: 1\n*a : 2", "2:1", "a key must be text"),
        ("a: {<<: {b: 1}}", "1:5", "merge keys"),
        ("--- 1\n--- 2\n", "2:1", "a second document"),
        ("[" * 70, "1:65", "nested deeper than 64 levels"),
        ("a:\n  b: .inf", "2:6", "JSON"),
        ("a: .NaN", "1:4", "JSON"),
        ("a: 1e999", "1:4", "JSON"),
        ("a: " + "9" * 30, "1:4", "30 digits"),
        ('a: "\\ud800"', "1:4", "half a character"),
    ],
)
def test_what_is_refused_is_refused_at_its_place(text: str, place: str, reason: str) -> None:
    message = refusal(load_yaml, text.encode(), "dir/f.yaml")
    assert message.startswith(f"dir/f.yaml:{place}: ")
    assert reason in message


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"a: \xff", "f:1:4: byte 0xff is not UTF-8"),
        (b"a: 1\nb: \xc3(\n", "f:2:4: byte 0xc3 is not UTF-8"),
        ("a: 1".encode("utf-16"), "is not UTF-8"),
        (b"a: 1\nb: \x01", "f:2: character U+0001"),
        (b'a: "\\U99999999"', "f:1: not valid YAML"),
    ],
)
def test_bytes_that_are_no_text_are_refused(data: bytes, reason: str) -> None:
    assert reason in refusal(load_yaml, data, "f")


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    for i in range(1, 30):
        lines.append(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]")
    start = time.perf_counter()
    assert "aliases repeat more than 10,000 values" in refusal(
        load_yaml, "\n".join(lines).encode(), "f"
    )
    assert time.perf_counter() - start < 2  # seconds


def test_limits_of_size_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml, "MAX_BYTES", 10)
    assert "at most 10 are read" in refusal(load_yaml, b"a" * 11, "f")
    monkeypatch.setattr(yaml, "MAX_BYTES", 10_000)
    monkeypatch.setattr(yaml, "MAX_NODES", 20)
    assert "f:20:3: more than 20 values" in refusal(load_yaml, b"- x\n" * 30, "f")


def test_a_document_knows_where_its_parts_stand() -> None:
    document = load_document(b"tasks:\n  - id: a\n    scope: [x, y]\n", "f")
    assert document.place(("tasks", 0, "scope", 1)) == (3, 16)
    assert document.place(("tasks", 0, "scope"), key=True) == (3, 5)
    assert document.place(("tasks", 0, "absent", "deep")) == (2, 5)
    assert document.place(("nowhere",)) == (1, 1)


def test_places_count_from_where_the_text_begins() -> None:
    assert load_document(b"a: 1\n", "f", first_line=2).place(("a",)) == (2, 4)


@given(
    st.binary(max_size=60)
    | st.text("ab:-[]{}&*!|>'\"%@`#,? \n\t\\0x<~", max_size=40).map(str.encode)
)
def test_any_bytes_load_or_are_refused_with_a_place(data: bytes) -> None:
    try:
        load_yaml(data, "f")
    except FileError as error:
        assert str(error).startswith("f:")
