"""Templates: read, checked at their place, and made into plans."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.policy.plan_document import load_plan_document
from orchestrate.policy.templates import (
    Template,
    instantiate,
    load_template,
    load_templates,
    shipped_templates,
)
from orchestrate.policy.yaml_edit import dump_yaml
from tests.policy.making import DictReader, refusal

TEMPLATE = b"""\
id: small
name: Small
vars:
  test: {description: the tests, default: make test}
  paths: {default: [src/]}
  minutes: {default: 10}
  who: {description: who looks}
phases:
  - subtasks:
      - {id: a, title: "{{context}}"}
      - {id: b, budget_minutes: "{{vars.minutes}}"}
  - subtasks:
      - id: c
        scope: "{{vars.paths}}"
        success_criteria: [{criterion: passes, verify: "{{vars.test}}"}]
      - {id: d, depends_on: [a]}
      - {id: e, depends_on: []}
  - subtasks:
      - {id: f, description: "{{vars.who}} looks"}
"""


def small(text: bytes = TEMPLATE) -> Template:
    return load_template(text, "plan-templates/small.yaml")


def plan(**kwargs: Any) -> dict[str, Any]:
    given_vars = {"who": "Anna", **kwargs.pop("vars", {})}
    return instantiate(small(), plan_id="p", context="Do it", vars=given_vars, **kwargs)


def task(document: dict[str, Any], id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(t for t in document["tasks"] if t["id"] == id)
    return found


def test_phases_become_tasks_that_wait_for_the_wave_before() -> None:
    waits = {t["id"]: t.get("depends_on") for t in plan()["tasks"]}
    assert waits == {
        "a": None,
        "b": None,
        "c": ["a", "b"],
        "d": ["a"],
        "e": [],
        "f": ["c", "d", "e"],
    }


def test_placeholders_take_their_values_with_their_types() -> None:
    made = plan(vars={"paths": '["lib/", "bin/"]', "minutes": "45", "test": "true"})
    assert task(made, "a")["title"] == "Do it"
    assert task(made, "b")["budget_minutes"] == 45
    assert task(made, "c")["scope"] == ["lib/", "bin/"]
    assert task(made, "c")["success_criteria"][0]["verify"] == "true"
    assert task(made, "f")["description"] == "Anna looks"


def test_one_path_is_a_list_of_one() -> None:
    assert task(plan(vars={"paths": "lib/"}), "c")["scope"] == ["lib/"]


def test_the_plan_says_where_it_came_from() -> None:
    made = plan()
    assert (made["id"], made["title"], made["template"]) == ("p", "Do it", "small")
    assert (made["context"], made["version"], made["requires_approval"]) == ("Do it", 1, True)


@pytest.mark.parametrize(
    ("context", "title"),
    [("", "Small"), ("  \n", "Small"), ("One\nTwo", "One"), ("x" * 80, "x" * 69 + "...")],
)
def test_a_plan_has_a_title(context: str, title: str) -> None:
    made = instantiate(small(), plan_id="p", context=context, vars={"who": "x"})
    assert made["title"] == title


def test_a_plan_is_written_and_read_back() -> None:
    made = plan()
    read = load_plan_document(dump_yaml(made), "plan.yaml")
    assert {key: read[key] for key in made if key != "tasks"} == {
        key: value for key, value in made.items() if key != "tasks"
    }
    assert [t["id"] for t in read["tasks"]] == [t["id"] for t in made["tasks"]]


def test_overrides_are_not_searched_for_placeholders() -> None:
    made = plan(overrides={"a.title": "{{vars.who}}", "b.budget_minutes": "60"})
    assert task(made, "a")["title"] == "{{vars.who}}"
    assert task(made, "b")["budget_minutes"] == 60


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"vars": {"wo": "x"}}, "template small: unknown variable `wo` | did you mean `who`?"),
        ({"vars": {"minutes": "soon"}}, "the variable `minutes` is a number, 'soon' is text"),
        ({"vars": {"paths": "3"}}, "the variable `paths` is a list, '3' is a number"),
        ({"vars": {"paths": '["!x"]'}}, "path pattern '!x'"),
        ({"overrides": {"a.scope": "src"}}, "`tasks[0].scope` must be a list"),
        ({"overrides": {"z.scope": "src"}}, "unknown subtask `z`"),
    ],
)
def test_what_does_not_fit_is_refused(kwargs: dict[str, Any], message: str) -> None:
    assert message in refusal(plan, **kwargs)


def test_a_variable_without_a_default_must_be_given() -> None:
    message = refusal(instantiate, small(), plan_id="p", context="")
    assert "needs the variable `who` | give it with --var who=VALUE (who looks)" in message


def test_a_plan_needs_a_name_that_git_takes() -> None:
    assert "`id` must match" in refusal(
        instantiate, small(), plan_id="../x", context="", vars={"who": "x"}
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"id: small", b"id: other", "small.yaml:1:5: the id `other` is not the file's name"),
        (b"{{vars.who}}", b"{{vars.whom}}", "small.yaml:19:30: unknown variable `vars.whom`"),
        (
            b"{{vars.test}}",
            b"{{context}}",
            "small.yaml:15:56: {{context}} may not stand in a line for the shell",
        ),
        (b"depends_on: [a]", b"depends_on: [x]", "small.yaml:16:30: unknown subtask `x`"),
        (
            b"{id: e, depends_on: []}",
            b"{id: a}",
            "small.yaml:17:14: the subtask `a` is there twice",
        ),
        (b"{id: a,", b"{id: a, depends_on: [f],", "subtasks wait for each other"),
        (
            b"budget_minutes",
            b"budget",
            "small.yaml:11:17: unknown field `budget` | did you mean `budget_minutes`?",
        ),
        (
            b"default: 10",
            b"default: soon",
            "small.yaml:11:33: `phases[0].subtasks[1].budget_minutes` must be a number or null",
        ),
        (b"[src/]", b"['./src']", "small.yaml:14:16: path pattern './src'"),
        (b"  who:", b"  Who: {}\n  who:", 'small.yaml:7:3: the name "Who" is not accepted'),
        (b"phases:\n", b"phases: []\nx:\n", "small.yaml:8:9: `phases` must not be empty"),
    ],
)
def test_a_wrong_template_is_refused_at_its_place(old: bytes, new: bytes, message: str) -> None:
    assert message in refusal(small, TEMPLATE.replace(old, new))


def test_an_argument_may_hold_what_a_person_asks_for() -> None:
    text = TEMPLATE.replace(b'verify: "{{vars.test}}"', b'verify: [echo, "{{context}}"]')
    made = instantiate(small(text), plan_id="p", context='"; x', vars={"who": "x"})
    assert task(made, "c")["success_criteria"][0]["verify"] == ["echo", '"; x']


def test_waves_must_grow() -> None:
    text = b"id: small\nname: S\nphases:\n" + b"- {wave: 1, subtasks: [{id: a}]}\n" * 2
    assert "small.yaml:5:10: wave 1 stands after wave 1" in refusal(small, text)


def test_a_repository_brings_templates_of_its_own() -> None:
    files = {
        ".orchestrate/plan-templates/small.yaml": TEMPLATE,
        ".orchestrate/plan-templates/team-bugfix.yaml": TEMPLATE.replace(b"small", b"team-bugfix"),
        ".orchestrate/plan-templates/notes.txt": b"x",
    }
    found = load_templates(DictReader(files))
    assert set(found) == {"small", "team-bugfix", "team-deploy", "team-feature"}
    assert found["team-bugfix"].name == "Small"


def shipped(id: str) -> Template:
    return next(template for template in shipped_templates() if template.id == id)


@pytest.mark.parametrize(
    ("id", "policy", "tasks"),
    [
        (
            "team-feature",
            "abort_on_critical_fail",
            {
                "design": ("local", 15, True),
                "architecture": ("collab_mesh", 20, True),
                "implement": ("auto", 45, False),
                "test": ("solo_mesh", 20, False),
                "review": ("human", 10, False),
            },
        ),
        (
            "team-bugfix",
            "abort_on_first_fail",
            {
                "reproduce": ("solo_mesh", 15, True),
                "diagnose": ("local", 15, True),
                "fix": ("auto", 30, False),
                "regression-test": ("solo_mesh", 15, False),
            },
        ),
        (
            "team-deploy",
            "abort_on_first_fail",
            {
                "preflight": ("solo_mesh", 15, True),
                "deploy": ("human", 30, True),
                "smoke-test": ("solo_mesh", 15, False),
                "monitor": ("local", 20, False),
            },
        ),
    ],
)
def test_the_shipped_templates_are_those_promised(
    id: str, policy: str, tasks: dict[str, tuple[str, int, bool]]
) -> None:
    template = shipped(id)
    values = {"smoke_command": "true"} if id == "team-deploy" else {}
    made = instantiate(template, plan_id="p", context="c", vars=values)
    found = {
        t["id"]: (t["delegation"]["mode"], t["budget_minutes"], t.get("critical", False))
        for t in made["tasks"]
    }
    assert found == tasks
    assert template.failure_policy == policy
    assert all(variable.description for variable in template.vars.values())


@given(st.text(max_size=60))
def test_any_context_makes_a_valid_plan(context: str) -> None:
    made = instantiate(shipped("team-bugfix"), plan_id="p", context=context)
    assert all(context in t["description"] for t in made["tasks"])
