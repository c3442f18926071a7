import itertools

import pytest

from orchestrate.errors import InvalidInput
from orchestrate.plans.model import Plan
from tests.plans.making import plan


def test_waves_are_the_kahn_layers_in_the_documents_order() -> None:
    made = plan(
        {"id": "z"},
        {"id": "a"},
        {"id": "m", "depends_on": ["z", "a"]},
        {"id": "b", "depends_on": ["a"]},
        {"id": "end", "depends_on": ["m", "b"]},
    )
    assert made.waves() == [["z", "a"], ["m", "b"], ["end"]]


def test_a_cycle_is_refused_and_named() -> None:
    with pytest.raises(InvalidInput) as refused:
        plan(
            {"id": "a", "depends_on": ["c"]},
            {"id": "b", "depends_on": ["a"]},
            {"id": "c", "depends_on": ["b"]},
        )
    text = str(refused.value)
    assert "cycle" in text
    cycle = text.split(": ")[1].split(" -> ")
    assert cycle[0] == cycle[-1]
    depends = {"a": "c", "b": "a", "c": "b"}
    assert all(depends[x] == y for x, y in itertools.pairwise(cycle))


def test_an_unknown_dependency_is_refused_and_named() -> None:
    with pytest.raises(InvalidInput, match="task 'a' depends on 'ghost'"):
        plan({"id": "a", "depends_on": ["ghost"]})


def test_a_duplicate_id_is_refused_and_named() -> None:
    with pytest.raises(InvalidInput, match="two tasks have the id 'a'"):
        plan({"id": "a"}, {"id": "a"})


@pytest.mark.parametrize("bad", ["", "A", "a/b", "../x", "-a", "a b", "a" * 64, "a\n"])
def test_a_bad_id_is_refused(bad: str) -> None:
    with pytest.raises(InvalidInput, match="is not valid"):
        plan({"id": bad, "title": "x"})
    with pytest.raises(InvalidInput, match="is not valid"):
        Plan.from_document({"id": bad, "tasks": []})


def test_dependents_are_transitive_and_nearest_first() -> None:
    made = plan(
        {"id": "a"},
        {"id": "b", "depends_on": ["a"]},
        {"id": "c", "depends_on": ["b"]},
        {"id": "d", "depends_on": ["a", "c"]},
        {"id": "e"},
    )
    assert made.dependents("a") == ["b", "d", "c"]
    assert made.dependents("e") == []


def test_criteria_and_metrics_may_be_text_or_records() -> None:
    made = plan(
        {
            "id": "a",
            "success_criteria": ["it works", {"criterion": "tests pass", "verify": ["true"]}],
            "metric": "make test",
        }
    ).task("a")
    assert [c.text for c in made.criteria] == ["it works", "tests pass"]
    assert made.criteria[1].verify == ("true",)
    assert made.metric is not None
    assert made.metric.direction == "exit"
