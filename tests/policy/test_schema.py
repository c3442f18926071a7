"""Formats: one definition each, every field explained, every problem told with its place."""

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from orchestrate import resources
from orchestrate.policy.problems import unknown
from orchestrate.policy.schema import schema, validate, with_defaults
from orchestrate.policy.yaml import load_document
from tests.policy.making import refusal

FORMATS = ["config", "harness", "plan", "plan-template", "role", "rule"]


def refused(text: str, name: str = "config") -> str:
    return refusal(validate, load_document(text.encode(), "f.yaml"), name)


def parts(part: Any, at: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema below a schema, with its place."""
    yield at, part
    for name, below in part.get("properties", {}).items():
        yield from parts(below, f"{at}.{name}")
    for field in ("items", "additionalProperties"):
        if isinstance(part.get(field), dict):
            yield from parts(part[field], f"{at}[]")


@pytest.mark.parametrize("name", FORMATS)
def test_a_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema(name))


def test_every_format_is_tested() -> None:
    shipped = {path.removesuffix(".schema.json") for path, _ in resources.walk("schemas")}
    assert set(FORMATS) <= shipped


@pytest.mark.parametrize("name", FORMATS)
def test_every_field_is_described(name: str) -> None:
    bare = [
        at
        for at, part in parts(schema(name))
        if at and not at.endswith("[]") and not part.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_map_says_which_fields_it_knows(name: str) -> None:
    open_maps = [
        at
        for at, part in parts(schema(name))
        if "properties" in part and "additionalProperties" not in part
    ]
    assert open_maps == []


@pytest.mark.parametrize("name", FORMATS)
def test_every_default_is_valid(name: str) -> None:
    for at, part in parts(schema(name)):
        if "default" in part:
            errors = list(Draft202012Validator(part).iter_errors(part["default"]))
            assert errors == [], at


def test_defaults_are_filled_at_every_depth() -> None:
    filled = with_defaults({"limits": {"max_attempts": 9}, "agents": {"mine": {}}}, "config")
    assert filled["limits"]["max_attempts"] == 9
    assert filled["limits"]["max_runtime_sec"] == 3600
    assert filled["agents"]["mine"]["prompt"] == "stdin"
    assert filled["agents"]["claude"]["adapter"] == "claude"


def test_filling_defaults_leaves_the_value_and_the_schema_alone() -> None:
    value: dict[str, Any] = {"limits": {}}
    with_defaults(value, "config")["limits"]["max_attempts"] = 0
    with_defaults(value, "config")["protected"].clear()
    assert value == {"limits": {}}
    assert with_defaults(value, "config")["protected"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("limts: {}", "f.yaml:1:1: unknown field `limts` | did you mean `limits`?"),
        ("limits:\n  retries: 1", "f.yaml:2:3: unknown field `retries` | known here: max_runtime"),
        (
            "protected: src",
            'f.yaml:1:12: `protected` must be a list, not "src" | write it as a list: [src]',
        ),
        (
            "workspace: {sparse: yes}",
            'f.yaml:1:21: `workspace.sparse` must be true or false, not "yes" '
            "| YAML 1.2 knows only true and false",
        ),
        ("default_agent: 3", "f.yaml:1:16: `default_agent` must be text or null, not 3 | quote it"),
        (
            "agents: {x: {prompt: stdn}}",
            'f.yaml:1:22: `agents.x.prompt` must be one of stdin, arg, file, not "stdn" '
            "| did you mean `stdin`?",
        ),
        ("agents: {Big: {}}", 'f.yaml:1:10: the name "Big" is not accepted'),
        (
            "limits: {max_attempts: 0}",
            "f.yaml:1:24: `limits.max_attempts` must be at least 1, not 0",
        ),
        ("limits: {max_attempts: 1.5}", "must be a whole number, not 1.5"),
        ("limits: {max_runtime_sec: 0}", "must be more than 0, not 0"),
        ("limits: {max_runtime_sec: 1e9}", "must be at most 604800"),
        ("secrets: {stopwords: [a, a]}", "names the same thing twice"),
        ("secrets: {baseline: ''}", "must not be empty"),
        (
            "gates: {profiles: {fast: {}}}",
            "f.yaml:1:26: the field `steps` is missing in `gates.profiles.fast`",
        ),
        ("gates: {profiles: {fast: {steps: []}}}", "`gates.profiles.fast.steps` must not be empty"),
        ("schema_version: 2", "must be 1, not 2 | upgrade orchestrate"),
        ("schema_version: 0", "must be 1, not 0 | write `schema_version: 1`"),
        ("- 1", "f.yaml:1:1: the file must be a map, not a list"),
        ('branch_prefix: "../"', "`branch_prefix` must match"),
        ('branch_prefix: "a/\\n"', "`branch_prefix` must match"),
    ],
)
def test_a_problem_is_told_with_place_and_next_step(text: str, message: str) -> None:
    assert message in refused(text)


def test_every_problem_is_told_at_once() -> None:
    message = refused("limts: {}\nprotected: 1\nworkspace: {sparse: on}\n")
    assert message.startswith("f.yaml:1:1: unknown field `limts`")
    assert "also f.yaml:2:12: `protected`" in message
    assert "also f.yaml:3:21: `workspace.sparse`" in message


def test_a_thousand_problems_are_counted() -> None:
    message = refused("\n".join(f"x{i}: 1" for i in range(1000)))
    assert "and 990 more" in message


def test_a_colon_in_a_text_is_explained() -> None:
    message = refused("id: a\nname: A\nmust_not:\n- do this: never\n", "role")
    assert "f.yaml:4:3: `must_not[0]` must be text, not a map" in message
    assert "quote it" in message


def test_an_unknown_name_far_from_all_lists_them() -> None:
    assert unknown("thing", "zzz", ["a", "b"]) == ("unknown thing `zzz`", "known here: a, b")
