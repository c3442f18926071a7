"""Gate profiles as people meet them: on the command line and between a task and its branch."""

import json
from pathlib import Path

import pytest

from tests.playing import plan_file, playing, tries, write

BRANCH = "orchestrate/demo-abc234"
TASK = {"id": "a", "scope": ["a/**"]}
LCOV = "SF:a.py\nDA:1,1\nDA:2,1\nDA:3,1\nDA:4,0\nend_of_record\n"


def gates(*steps: dict, **fields: object) -> dict:
    return {"gates": {"profiles": {"fast": {"steps": list(steps)}}, **fields}}


@pytest.fixture
def start(repo: Path, git, orchestrate, tmp_path: Path):
    def make(script, *tasks, config=None, **fields) -> None:
        playing(repo, git, script, config)
        path = plan_file(tmp_path, *tasks, **fields)
        orchestrate("plan", "create", "--file", str(path), "--approve")

    return make


@pytest.fixture
def gate(repo: Path, git, orchestrate):
    """`gate(*steps)` commits a profile `fast` of these steps and returns its verdict as JSON."""

    def run(*steps: dict, code: int, args: tuple[str, ...] = ()) -> dict:
        playing(repo, git, {}, gates(*steps))
        return json.loads(orchestrate("gate", "run", "fast", "--json", *args, code=code).out)

    return run


def statuses(verdict: dict) -> dict[str, str]:
    return {step["id"]: step["status"] for step in verdict["steps"]}


def test_steps_run_after_what_they_need_and_all_passing_is_a_pass(gate) -> None:
    verdict = gate(
        {"id": "use", "command": "test -e built", "needs": ["build"]},
        {"id": "build", "command": ["touch", "built"]},
        code=0,
    )
    assert verdict["passed"] is True
    assert [step["id"] for step in verdict["steps"]] == ["use", "build"]


def test_independent_steps_run_beside_each_other(gate) -> None:
    meet = "touch {}; for i in $(seq 100); do test -e {} && exit 0; sleep 0.1; done; exit 1"
    verdict = gate(
        {"id": "one", "command": meet.format("1", "2")},
        {"id": "two", "command": meet.format("2", "1")},
        code=0,
    )
    assert verdict["passed"] is True


def test_what_needs_a_failed_step_is_skipped_all_the_way_down_and_nothing_passes(gate) -> None:
    verdict = gate(
        {"id": "lint", "command": "echo E1; exit 3"},
        {"id": "test", "command": "true", "needs": ["lint"]},
        {"id": "ship", "command": "true", "needs": ["test"]},
        {"id": "other", "command": "true"},
        code=1,
    )
    assert statuses(verdict) == {
        "lint": "failed",
        "test": "not run",
        "ship": "not run",
        "other": "passed",
    }
    assert verdict["reason"] == "GATE_FAILED"
    assert verdict["steps"][0]["detail"] == "exited with 3"
    assert verdict["steps"][2]["detail"] == "it needs test, which is not run"


def test_a_program_that_is_not_there_is_a_gate_that_did_not_run(gate) -> None:
    verdict = gate({"id": "lint", "command": ["no-such-linter"]}, code=1)
    assert (verdict["reason"], verdict["passed"]) == ("GATE_NOT_RUN", False)


def test_a_step_over_its_time_fails(gate) -> None:
    verdict = gate({"id": "slow", "command": "sleep 60", "timeout_sec": 0.3}, code=1)
    assert verdict["steps"][0]["ended"] == "timeout"


def test_a_step_sees_its_own_environment_and_the_allowed_one_only(gate, monkeypatch) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "hush")
    check = 'test "$MODE" = ci && test -z "$MY_API_TOKEN" && test -n "$PATH"'
    gate({"id": "env", "command": check, "env": {"MODE": "ci"}}, code=0)


@pytest.mark.parametrize(("least", "code"), [(0.75, 0), (0.76, 1)])
def test_coverage_below_its_threshold_fails_the_step(gate, least: float, code: int) -> None:
    step = {"id": "test", "command": f"printf '{LCOV}' > lcov.info"}
    verdict = gate({**step, "coverage": {"report": "lcov.info", "min": least}}, code=code)
    assert verdict["steps"][0]["coverage"] == 0.75


def test_a_coverage_report_that_the_step_did_not_write_is_missing(gate, repo) -> None:
    (repo / "lcov.info").write_text(LCOV)
    step = {"id": "test", "command": "true", "coverage": {"report": "lcov.info", "min": 0.1}}
    verdict = gate(step, code=1)
    assert "cannot be read" in verdict["steps"][0]["detail"]


def test_a_coverage_report_outside_the_checkout_is_none(gate, tmp_path) -> None:
    (tmp_path / "lcov.info").write_text(LCOV)
    report = str(tmp_path / "lcov.info")
    verdict = gate(
        {"id": "test", "command": "true", "coverage": {"report": report, "min": 0.1}}, code=1
    )
    assert "not inside the checkout" in verdict["steps"][0]["detail"]
    assert (tmp_path / "lcov.info").exists()


def test_a_pass_is_reused_for_the_same_tree_and_policy_and_says_so(
    gate, repo, git, orchestrate, tmp_path
) -> None:
    step = {"id": "count", "command": f"echo ran >> {tmp_path}/count"}
    first = gate(step, code=0)
    second = orchestrate("gate", "run", "fast")
    assert f"reused: reached at {first['at']}" in second.out
    assert (tmp_path / "count").read_text() == "ran\n"
    assert "current: passed" in orchestrate("gate", "list").out
    orchestrate("gate", "run", "fast", "--again")
    assert (tmp_path / "count").read_text() == "ran\n" * 2
    (repo / "a.txt").write_text("changed\n")
    git("commit", "-qam", "fix: change", cwd=repo)
    assert json.loads(orchestrate("gate", "list", "--json").out)[0]["freshness"] == "stale"
    orchestrate("gate", "run", "fast")
    assert (tmp_path / "count").read_text() == "ran\n" * 3


def test_a_failure_is_run_again_and_a_damaged_verdict_is_unknown(
    gate, repo, orchestrate, tmp_path
) -> None:
    gate({"id": "flag", "command": f"test -e {tmp_path}/flag"}, code=1)
    (tmp_path / "flag").touch()
    orchestrate("gate", "run", "fast", code=0)
    for stored in (repo / ".git" / "orchestrate" / "gates" / "fast").iterdir():
        stored.write_text("{")
    assert "unknown" in orchestrate("gate", "list").out
    orchestrate("gate", "run", "fast", code=0)
    assert "current" in orchestrate("gate", "list").out


def test_a_profile_that_is_not_there_is_named_with_the_known_ones(gate, orchestrate) -> None:
    gate({"id": "x", "command": "true"}, code=0)
    ran = orchestrate("gate", "run", "full", code=2)
    assert "no gate profile 'full'" in ran.err
    assert "fast" in ran.err


def test_a_candidate_that_fails_its_gate_is_sent_back_with_the_steps_output(
    start, orchestrate, git, repo
) -> None:
    step = {"id": "answer", "command": "grep -q 42 a/x || { echo 'want 42'; exit 1; }"}
    script = {"a": tries([write("a/x", "41\n")], [write("a/x", "42\n")])}
    start(script, TASK, config=gates(step, task="fast"))
    orchestrate("run")
    task = json.loads(orchestrate("status", "--json").out)["tasks"][0]
    one, two = task["attempts"]
    assert (one["reason"], two["reason"]) == ("GATE_FAILED", "PASS_ALL_CRITERIA")
    assert two["verifications"][0]["gate"] == "fast"
    ledger = "refs/orchestrate/ledgers/demo-abc234"
    pack = json.loads(git("show", f"{ledger}:evidence/a/0-1/pack.json", cwd=repo))
    assert "want 42" in pack["failures"][0]["output"]


def test_a_task_names_its_own_profile_which_shows_with_the_task(start, orchestrate) -> None:
    task = {**TASK, "gate_profile": "fast"}
    start({"a": tries([write("a/x")])}, task, config=gates({"id": "has", "command": "test -e a/x"}))
    orchestrate("run")
    assert "passed: test -e a/x (gate fast: has)" in orchestrate("task", "show", "a").out


def test_a_plan_that_names_an_unknown_profile_is_refused(repo, git, orchestrate, tmp_path) -> None:
    playing(repo, git, {}, gates({"id": "x", "command": "true"}))
    path = plan_file(tmp_path, {**TASK, "gate_profile": "nightly"})
    ran = orchestrate("plan", "create", "--file", str(path), code=2)
    assert "task 'a' names the gate profile 'nightly', which the policy does not have" in ran.err
    assert "there is: fast" in ran.err


def test_the_merge_profile_holds_a_finished_plan_until_it_passes(
    start, orchestrate, tmp_path
) -> None:
    step = {"id": "flag", "command": f"test -e {tmp_path}/flag && test -e a/x"}
    start({"a": tries([write("a/x")])}, TASK, config=gates(step, merge="fast"))
    orchestrate("run", code=1)
    state = json.loads(orchestrate("status", "--json").out)
    assert (state["status"], state["tasks"][0]["status"]) == ("paused", "completed")
    assert "GATE_FAILED: gate fast: flag failed" in state["reason"]
    (tmp_path / "flag").touch()
    orchestrate("plan", "resume")
    orchestrate("run")
    assert "gate fast: 1 steps passed" in json.loads(orchestrate("status", "--json").out)["reason"]
    assert "events verified" in orchestrate("log", "--verify").out


MAKEFILE = """\
lint:
\tgrep -q . src/app.py
test:
\tpython3 src/app.py
coverage: test
\tprintf 'SF:src/app.py\\nDA:1,1\\nend_of_record\\n' > coverage.xml
build:
\ttest -e coverage.xml
"""


def test_the_example_that_init_writes_works_once_it_is_uncommented(
    repo: Path, git, orchestrate, tmp_path: Path
) -> None:
    """`fast` judges the task, `merge` the plan, `full` is run by hand."""
    orchestrate("init", "--no-hooks")
    config = repo / ".orchestrate" / "config.yaml"
    text = config.read_text().replace("\n# |", "\n")
    agent = "default_agent: a\nagents: {a: {command: [sh, -c, mkdir -p a; echo x > a/x]}}\n"
    config.write_text(text + agent)
    (repo / "Makefile").write_text(MAKEFILE)
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "chore: set up", cwd=repo)
    assert "fast" in orchestrate("gate", "list").out
    assert json.loads(orchestrate("gate", "run", "full", "--json").out)["passed"]
    orchestrate("plan", "create", "--file", str(plan_file(tmp_path, TASK)), "--approve")
    ran = orchestrate("run")
    assert "gate  merge" in ran.err
    assert "completed" in orchestrate("status").out
    (repo / "Makefile").write_text(MAKEFILE.replace("DA:1,1", "DA:1,0"))
    git("commit", "-qam", "chore: no line is covered", cwd=repo)
    assert not json.loads(orchestrate("gate", "run", "full", "--json", code=1).out)["passed"]


def test_profiles_may_be_those_of_another_commit(repo: Path, git, orchestrate) -> None:
    playing(repo, git, {}, gates({"id": "old", "command": "test -e new"}))
    (repo / "new").write_text("x\n")
    playing(repo, git, {}, gates({"id": "now", "command": "false"}))
    run = ("gate", "run", "fast", "--json")
    assert statuses(json.loads(orchestrate(*run, code=1).out)) == {"now": "failed"}
    earlier = json.loads(orchestrate(*run, "--policy", "HEAD~1").out)
    assert statuses(earlier) == {"old": "passed"}, "on HEAD's tree, by the profile before it"
    of_before = orchestrate(*run, "HEAD~1", "--policy", "HEAD~1", code=1).out
    assert statuses(json.loads(of_before)) == {"old": "failed"}
    listed = json.loads(orchestrate("gate", "list", "--policy", "HEAD~1", "--json").out)
    assert [row["steps"] for row in listed] == [["old"]]
    assert "nowhere" in orchestrate(*run, "--policy", "nowhere", code=2).err
    first = git("rev-list", "--max-parents=0", "HEAD", cwd=repo)
    assert "no gate profile 'fast'" in orchestrate(*run, "--policy", first, code=2).err
