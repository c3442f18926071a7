"""`--set`: typed values, and fields that exist."""

from typing import Any

import pytest

from orchestrate.policy.overrides import apply_override, parse_value
from tests.policy.making import refusal


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("3", 3),
        ("2.5", 2.5),
        ("-1", -1),
        ("yes", "yes"),
        ("", ""),
        ("a b", "a b"),
        (" x ", " x "),
        ('["a", "b"]', ["a", "b"]),
        ('{"a": 1}', {"a": 1}),
        ('"3"', "3"),
    ],
)
def test_values_have_types(text: str, value: object) -> None:
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


@pytest.mark.parametrize("text", ["[a", "{", '"x', "1e999"])
def test_a_broken_value_is_refused(text: str) -> None:
    assert "is not valid JSON" in refusal(parse_value, text)


def tasks() -> list[dict[str, Any]]:
    return [
        {"id": "a", "title": "A", "metric": "make"},
        {"id": "b", "success_criteria": ["x", {"criterion": "y"}], "delegation": {"mode": "auto"}},
    ]


@pytest.mark.parametrize(
    ("path", "value", "index", "after"),
    [
        ("a.budget_minutes", 5, 0, {"budget_minutes": 5}),
        ("a.metric", None, 0, {"metric": None}),
        ("a.delegation.mode", "human", 0, {"delegation": {"mode": "human"}}),
        ("b.delegation.agent", "x", 1, {"delegation": {"mode": "auto", "agent": "x"}}),
        (
            "b.success_criteria.1.verify",
            "make",
            1,
            {"success_criteria": ["x", {"criterion": "y", "verify": "make"}]},
        ),
        ("b.success_criteria.0", "z", 1, {"success_criteria": ["z", {"criterion": "y"}]}),
        ("a.planned_files.create", ["n"], 0, {"planned_files": {"create": ["n"]}}),
    ],
)
def test_one_field_is_set(path: str, value: object, index: int, after: dict[str, object]) -> None:
    changed = tasks()
    apply_override(changed, path, value)
    assert changed[index] == {**tasks()[index], **after}
    assert changed[1 - index] == tasks()[1 - index]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("c.title", "'c.title': unknown subtask `c` | known here: a, b"),
        ("a.titel", "'a.titel': unknown field `titel` | did you mean `title`?"),
        ("a.delegation.mod", "unknown field `mod` | did you mean `mode`?"),
        ("a.id", "an id cannot be changed"),
        ("a", "names no field"),
        ("a.title.x", '`title` holds "A", which has no fields'),
        ("b.success_criteria.2", "`2` is no item of the list | items: 0 to 1"),
        ("b.success_criteria.x", "`x` is no item of the list"),
        ("b.success_criteria.1.verfy", "unknown field `verfy` | did you mean `verify`?"),
    ],
)
def test_what_is_not_there_is_named(path: str, message: str) -> None:
    assert message in refusal(apply_override, tasks(), path, 1)
