"""Plans from templates, as typed: what fills the holes, what is overridden, what is approved."""

import json
from pathlib import Path

import pytest

from tests.playing import playing


@pytest.fixture
def create(repo: Path, git, orchestrate):
    """`create(*options)` makes a plan from team-bugfix; its id and its document."""
    playing(repo, git, {})

    def make(*options: str) -> tuple[str, dict]:
        plan = json.loads(orchestrate("plan", "create", "team-bugfix", *options, "--json").out)
        shown = json.loads(orchestrate("plan", "show", plan["id"], "--json").out)
        return plan["id"], shown["document"]

    return make


def task(document: dict, name: str) -> dict:
    return next(t for t in document["tasks"] if t["id"] == name)


def test_the_context_names_the_plan_and_fills_its_holes(create) -> None:
    plan, document = create("--context", "login fails on empty names")
    assert plan.startswith("login-fails-on-empty-")
    assert document["title"] == "login fails on empty names"
    assert "login fails on empty names" in task(document, "fix")["description"]


def test_a_title_goes_before_the_context(create) -> None:
    plan, document = create("--context", "a long story", "--title", "Short")
    assert plan.startswith("short-")
    assert document["title"] == "Short"


def test_variables_and_overrides_reach_the_tasks(create) -> None:
    _, document = create(
        *("--var", "test_command=make check"),
        *("--set", "fix.budget_minutes=45"),
        *("--set", "fix.critical=true"),
        *("--set", 'diagnose.scope=["notes/"]'),
    )
    criteria = task(document, "fix")["success_criteria"]
    assert "make check" in [c["verify"] for c in criteria if isinstance(c, dict)]
    assert (task(document, "fix")["budget_minutes"], task(document, "fix")["critical"]) == (
        45,
        True,
    )
    assert task(document, "diagnose")["scope"] == ["notes/"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--var", "test_command"], "--var takes NAME=VALUE"),
        (["--var", "nothing=1"], "unknown variable `nothing`"),
        (["--set", "fix.nothing=1"], "unknown field `nothing`"),
        (["--set", "nobody.title=x"], "unknown subtask `nobody`"),
        (["--file", "plan.yaml"], "one of them"),
        (["--base", "nowhere"], "'nowhere'"),
    ],
)
def test_wrong_options_are_named_and_no_plan_is_made(create, orchestrate, options, said) -> None:
    assert said in orchestrate("plan", "create", "team-bugfix", *options, code=2).err
    assert "no plans yet" in orchestrate("plan", "list").out


def test_a_base_is_the_commit_that_the_plan_is_built_on(create, orchestrate, git, repo) -> None:
    git("commit", "-q", "--allow-empty", "-m", "feat: later", cwd=repo)
    plan, _ = create("--base", "HEAD~1")
    told = json.loads(orchestrate("plan", "show", plan, "--json").out)
    assert told["base"] == git("rev-parse", "HEAD~1", cwd=repo)
    assert told["target"] == ""


def test_an_approval_may_name_the_version_that_was_read(create, orchestrate) -> None:
    create()
    assert "at version 1, not 2" in orchestrate("plan", "approve", "--version", "2", code=2).err
    assert "version 1" in orchestrate("plan", "approve", "--version", "1").out


def test_the_prompt_of_the_next_attempt_is_shown(create, orchestrate) -> None:
    create("--context", "login fails on empty names")
    prompt = orchestrate("task", "show", "fix", "--prompt").out
    assert prompt.startswith("## Objective\n")
    assert "| login fails on empty names" in prompt
