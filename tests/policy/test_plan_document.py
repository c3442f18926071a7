"""Plan documents: defaults, and what is refused at its place."""

import pytest

from orchestrate.plans.model import Plan
from orchestrate.policy.plan_document import check_plan, load_plan_document
from tests.policy.making import refusal

PLAN = b"""\
id: p
tasks:
  - id: a
    scope: [src/]
    success_criteria:
      - it works
      - {criterion: tests pass, verify: [make, test], timeout_sec: 60}
    metric: {command: make bench, direction: min}
  - id: b
    depends_on: [a]
    delegation: {mode: command}
    command: [make, release]
    required_outputs: [{type: file_match, pattern: CHANGELOG.md}]
"""


def test_what_is_left_out_has_its_default() -> None:
    a, b = load_plan_document(PLAN, "plan.yaml")["tasks"]
    assert (a["delegation"]["mode"], b["delegation"]["mode"]) == ("auto", "command")
    assert (a["scope"], b["scope"]) == (["src/"], ["**"])
    assert a["metric"]["min_delta"] == 0
    assert b["required_outputs"][0]["description"] == ""


def test_the_defaults_make_the_same_plan_as_the_model_has() -> None:
    bare = {"id": "p", "tasks": [{"id": "a"}]}
    filled = load_plan_document(b"id: p\ntasks: [{id: a}]\n", "plan.yaml")
    one, other = Plan.from_document(bare).tasks[0], Plan.from_document(filled).tasks[0]
    same = ("scope", "deny", "depends_on", "criteria", "metric", "mode", "agent", "role", "command")
    same += ("critical", "max_attempts", "requires_review", "budget_minutes", "planned_files")
    assert {n: getattr(one, n) for n in same} == {n: getattr(other, n) for n in same}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"[src/]", b"['!src/']", "plan.yaml:4:13: path pattern '!src/'"),
        (b"id: p", b"id: P", "plan.yaml:1:5: `id` must match"),
        (b"verify", b"verfy", "plan.yaml:7:33: unknown field `verfy` | did you mean `verify`?"),
        (
            b"mode: command",
            b"mode: cmd",
            "plan.yaml:11:24: `tasks[1].delegation.mode` must be one of",
        ),
        (b"pattern: CH", b"pattern: a//CH", "plan.yaml:13:52: path pattern"),
        (b"type: file_match", b"type: content_check", "the field `check` is missing"),
        (
            b"direction: min",
            b"direction: less",
            "`tasks[0].metric.direction` must be one of min, max, exit",
        ),
        (b"[a]", b"[a, a]", "names the same thing twice"),
        (b"tasks:\n", b"tasks: []\nx:\n", "plan.yaml:2:8: `tasks` must not be empty"),
        (PLAN, b"", "plan.yaml:1:1: the file is empty, a map is expected"),
    ],
)
def test_a_wrong_plan_is_refused_at_its_place(old: bytes, new: bytes, message: str) -> None:
    assert message in refusal(load_plan_document, PLAN.replace(old, new), "plan.yaml")


def test_a_plan_without_a_file_is_told_by_its_name() -> None:
    message = refusal(check_plan, {"id": "p", "tasks": [{"id": "a", "scope": ["a//b"]}]}, "plan p")
    assert message.startswith("plan p: path pattern 'a//b'")
