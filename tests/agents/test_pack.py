"""A pack survives JSON, fits its schema and refuses what it does not know."""

import json
from dataclasses import MISSING, fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.agents import pack as pack_module
from orchestrate.agents.pack import StepPack
from orchestrate.errors import InvalidInput
from orchestrate.policy.schema import schema, validate
from orchestrate.policy.yaml import Document

TEXT = st.text(max_size=30)
TEXTS = st.lists(TEXT, max_size=3).map(tuple)
ATTEMPT = st.builds("R{}/S{}".format, st.integers(0, 99), st.integers(0, 99))
NUMBER = st.none() | st.floats(0, 1e6)
PACKS = st.builds(
    StepPack,
    plan=TEXT,
    task=TEXT,
    title=TEXT,
    attempt=ATTEMPT,
    objective=TEXT,
    schema_version=st.just(1),
    criteria=st.lists(st.builds(pack_module.PackCriterion, TEXT, TEXT), max_size=3).map(tuple),
    scope=st.builds(pack_module.PackScope, TEXTS, TEXTS, TEXTS, st.none() | TEXTS),
    rules=st.lists(
        st.builds(
            pack_module.PackRule,
            TEXT,
            st.sampled_from(["project", "framework", "universal"]),
            st.integers(-100, 100),
            TEXT,
        ),
        max_size=3,
    ).map(tuple),
    role=st.none() | st.builds(pack_module.PackRole, TEXT, TEXT, TEXT, TEXTS, TEXTS, TEXT),
    metric=st.none()
    | st.builds(
        pack_module.PackMetric, TEXT, st.sampled_from(["min", "max"]), st.floats(0, 9), NUMBER
    ),
    failures=st.lists(
        st.builds(
            pack_module.PackFailure,
            ATTEMPT,
            TEXT,
            st.lists(
                st.builds(pack_module.PackFinding, TEXT, TEXT, TEXT, st.integers(0, 9), TEXT),
                max_size=2,
            ).map(tuple),
            TEXT,
            NUMBER,
        ),
        max_size=2,
    ).map(tuple),
)


@given(PACKS)
def test_a_pack_survives_json_and_fits_its_schema(made: StepPack) -> None:
    text = made.to_json()
    assert StepPack.from_json(text) == made
    assert StepPack.from_json(text).to_json() == text
    validate(Document("pack", json.loads(text), {}, {}), "step-pack")


def test_schema_and_types_name_the_same_fields_and_defaults() -> None:
    described = schema("step-pack")
    known = {f.name: f for f in fields(StepPack)}
    assert set(described["properties"]) == set(known)
    required = {n for n, f in known.items() if f.default is MISSING} | {"schema_version"}
    assert set(described["required"]) == required
    assert described["properties"]["rules_budget"]["default"] == known["rules_budget"].default


MINIMAL = {
    "schema_version": 1,
    "plan": "p",
    "task": "t",
    "title": "T",
    "attempt": "R0/S0",
    "objective": "o",
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema_version": 2}, "schema_version 2, this program reads 1"),
        ({"scope": {"alow": ["x"]}}, "step pack.scope has an unknown field 'alow'"),
        ({"criteria": "x"}, "step pack.criteria is str, expected a list"),
        ({"criteria": [{"verify": "x"}]}, "step pack.criteria[0] lacks text"),
        ({"title": 3}, "step pack.title is int, expected str"),
        ({"role": []}, "step pack.role is list, expected an object"),
        ({"rules_budget": True}, "step pack.rules_budget is bool, expected int"),
    ],
)
def test_what_does_not_fit_is_named(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        StepPack.from_json(json.dumps({**MINIMAL, **change}))
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "3"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        StepPack.from_json(text)
