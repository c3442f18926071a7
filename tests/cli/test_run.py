"""Plans run by the command line on real repositories, with real processes as agents."""

import json
from pathlib import Path

import pytest

from tests.playing import plan_file, playing, tries, write

FOLDER = ".orchestrate/plans/demo-abc234"
BRANCH = "orchestrate/demo-abc234"
FIVE = (
    {"id": "a", "scope": ["a/**"]},
    {"id": "b", "scope": ["b/**"]},
    {"id": "c", "scope": ["c/**"], "depends_on": ["a"]},
    {"id": "d", "scope": ["d/**"], "depends_on": ["a", "b"]},
    {"id": "e", "scope": ["e/**"], "depends_on": ["c", "d"]},
)


@pytest.fixture
def start(repo: Path, git, orchestrate, tmp_path: Path):
    """`start(script, *tasks)` creates and approves a plan whose agent plays the script."""

    def make(script, *tasks, config=None, **fields) -> None:
        playing(repo, git, script, config)
        path = plan_file(tmp_path, *tasks, **fields)
        orchestrate("plan", "create", "--file", str(path), "--approve")

    return make


def status(orchestrate) -> dict:
    return json.loads(orchestrate("status", "--json").out)


def tasks(orchestrate) -> dict[str, dict]:
    return {task["id"]: task for task in status(orchestrate)["tasks"]}


def test_five_tasks_in_three_waves_end_as_five_commits_with_code_and_record(
    start, orchestrate, git, repo
) -> None:
    start({t["id"]: tries([write(f"{t['id']}/new.txt")]) for t in FIVE}, *FIVE)
    ran = orchestrate("run", "--jobs", "2")
    assert "completed" in ran.out
    commits = git("rev-list", "--reverse", f"main..{BRANCH}", cwd=repo).split()
    assert len(commits) == 5
    for commit in commits:
        changed = git("diff-tree", "-r", "--name-only", "--no-commit-id", commit, cwd=repo).split()
        task = git(
            "log", "-1", "--format=%(trailers:key=Orchestrate-Task,valueonly)", commit, cwd=repo
        )
        assert f"{task}/new.txt" in changed
        assert f"{FOLDER}/tasks/{task}.json" in changed
        assert f"{FOLDER}/record.md" in changed
    recorded = git("ls-tree", "--name-only", f"{BRANCH}:{FOLDER}/tasks", cwd=repo).split()
    assert recorded == [f"{t['id']}.json" for t in FIVE]
    for name in recorded:
        record = json.loads(git("show", f"{BRANCH}:{FOLDER}/tasks/{name}", cwd=repo))
        said = tasks(orchestrate)[record["id"]]
        assert record["attempts"] == said["attempts"]
        assert record["tree"] == said["tree"]
    assert "events verified" in orchestrate("log", "--verify").out


def test_the_users_tree_and_branches_are_not_touched(start, orchestrate, git, repo) -> None:
    start({"a": tries([write("a/new.txt")])}, FIVE[0])
    before = git("status", "--porcelain=v2", "--branch", cwd=repo)
    orchestrate("run")
    assert git("status", "--porcelain=v2", "--branch", cwd=repo) == before
    assert not (repo / "a").exists()


def test_an_attempt_outside_its_scope_is_sent_back_with_findings_and_the_next_starts_clean(
    start, orchestrate, git, repo
) -> None:
    first = [write("a/new.txt", "first\n"), write("src/app.py", "hacked\n")]
    start({"a": tries(first, [write("a/other.txt")])}, FIVE[0])
    orchestrate("run")
    one, two = tasks(orchestrate)["a"]["attempts"]
    assert (one["reason"], one["outcome"]) == ("CHECKS_FAILED", "discarded")
    assert [(f["id"], f["path"]) for f in one["findings"]] == [("outside-allowed", "src/app.py")]
    assert (two["reason"], two["outcome"]) == ("PASS_ALL_CRITERIA", "passed")
    names = git("ls-tree", "-r", "--name-only", BRANCH, "--", "a", "src", cwd=repo).split()
    assert names == ["a/other.txt", "src/app.py"]
    assert git("show", f"{BRANCH}:src/app.py", cwd=repo) == "print('hello')"
    ledger = "refs/orchestrate/ledgers/demo-abc234"
    pack = json.loads(git("show", f"{ledger}:evidence/a/0-1/pack.json", cwd=repo))
    assert [f["id"] for f in pack["failures"][0]["findings"]] == ["outside-allowed"]


def test_what_the_agent_committed_itself_is_judged_too(start, orchestrate) -> None:
    sneaky = [
        write("src/app.py", "hacked\n"),
        {"run": "git add -A && git -c core.hooksPath=/dev/null commit -qm sneaky"},
        {"run": "git rm -rq --cached ."},
    ]
    start({"a": tries(sneaky)}, {**FIVE[0], "max_attempts": 1})
    orchestrate("run", code=1)
    made = tasks(orchestrate)["a"]["attempts"][0]
    assert "src/app.py" in [f["path"] for f in made["findings"]]


def test_exhausted_attempts_fail_the_task_and_nothing_lands(start, orchestrate, git, repo) -> None:
    start({"a": tries([write("src/app.py", "hacked\n")])}, FIVE[0], FIVE[2])
    ran = orchestrate("run", code=1)
    assert "ATTEMPTS_EXHAUSTED" in ran.out
    state = tasks(orchestrate)
    assert [a["reason"] for a in state["a"]["attempts"]] == ["CHECKS_FAILED"] * 3
    assert (state["a"]["status"], state["c"]["status"]) == ("failed", "blocked")
    assert status(orchestrate)["status"] == "failed"
    changed = (
        git("diff", "--name-only", "main", BRANCH, cwd=repo).split()
        if git("for-each-ref", f"refs/heads/{BRANCH}", cwd=repo)
        else []
    )
    assert all(path.startswith(FOLDER) for path in changed)


def test_acceptance_commands_run_in_a_clean_checkout_and_decide(start, orchestrate) -> None:
    criteria = [
        "reads well",
        {"criterion": "the answer is 42", "verify": "grep -q 42 a/answer && test ! -e junk"},
    ]
    script = {
        "a": tries(
            [write("a/answer", "41\n"), write("a/.gitignore", "junk\n")],
            [write("a/answer", "42\n"), write(".git/junk", "x")],
        )
    }
    start(script, {**FIVE[0], "success_criteria": criteria})
    orchestrate("run")
    one, two = tasks(orchestrate)["a"]["attempts"]
    assert one["reason"] == "AC_NOT_MET"
    assert one["verifications"][0]["criterion"] == "the answer is 42"
    assert one["verifications"][0]["code"] == 1
    assert two["verifications"][0]["passed"] is True


def test_an_acceptance_command_that_hangs_is_ended_and_does_not_pass(start, orchestrate) -> None:
    criteria = [{"criterion": "quick", "verify": "sleep 60", "timeout_sec": 0.5}]
    task = {**FIVE[0], "success_criteria": criteria, "max_attempts": 1}
    start({"a": tries([write("a/x")])}, task)
    orchestrate("run", code=1)
    made = tasks(orchestrate)["a"]["attempts"][0]
    assert made["reason"] == "AC_NOT_MET"
    assert made["verifications"][0]["ended"] == "timeout"


def test_a_self_reported_pass_is_not_a_pass(start, orchestrate) -> None:
    claims = [write("a/x"), {"result": {"verdict": "done", "summary": "all tests pass"}}]
    criteria = [{"criterion": "it works", "verify": "false"}]
    start({"a": tries(claims)}, {**FIVE[0], "success_criteria": criteria, "max_attempts": 1})
    orchestrate("run", code=1)
    assert tasks(orchestrate)["a"]["attempts"][0]["reason"] == "AC_NOT_MET"


def test_a_broken_result_block_is_a_reason_and_never_a_pass(start, orchestrate) -> None:
    broken = [
        write("a/x"),
        {"print": "===STEP_RESULT===\n{not json\n===END_STEP_RESULT==="},
    ]
    start({"a": tries(broken)}, {**FIVE[0], "max_attempts": 1})
    orchestrate("run", code=1)
    assert tasks(orchestrate)["a"]["attempts"][0]["reason"] == "RESULT_BLOCK_BROKEN"


def test_an_attempt_that_changes_nothing_and_is_not_measured_does_not_pass(
    start, orchestrate
) -> None:
    start({"a": tries([{"print": "done!"}])}, {**FIVE[0], "max_attempts": 1})
    orchestrate("run", code=1)
    assert tasks(orchestrate)["a"]["attempts"][0]["reason"] == "NO_CHANGES"


@pytest.mark.parametrize(
    ("deed", "reason"),
    [
        ("rm -rf .git", "PASS_ALL_CRITERIA"),
        ("rm -rf .git && ln -s /etc .git", "PASS_ALL_CRITERIA"),
        (
            "git config core.worktree /tmp && git config core.fsmonitor 'touch /tmp/x'",
            "PASS_ALL_CRITERIA",
        ),
        ('rm -rf "$PWD"', "WORKSPACE_LOST"),
    ],
)
def test_an_agent_that_destroys_its_own_git_or_folder_ends_in_a_clear_reason(
    start, orchestrate, deed: str, reason: str
) -> None:
    start({"a": tries([write("a/x"), {"run": deed}])}, {**FIVE[0], "max_attempts": 1})
    orchestrate("run", code=None)
    assert tasks(orchestrate)["a"]["attempts"][0]["reason"] == reason


@pytest.mark.parametrize("command", ["no-such-agent-anywhere", "/nowhere/no-such-agent-anywhere"])
def test_an_agent_that_is_not_installed_is_told_before_anything_starts(
    start, orchestrate, command: str
) -> None:
    config = {
        "default_agent": "ghost",
        "agents": {"ghost": {"command": [command]}, "other": {"command": ["true"]}},
    }
    first = {**FIVE[0], "delegation": {"agent": "other"}}
    second = {"id": "z", "title": "z", "scope": ["z/**"], "depends_on": [FIVE[0]["id"]]}
    start({}, first, second, config=config)
    ran = orchestrate("run", code=5)
    assert "no agent for the task z is installed" in ran.err
    assert "no-such-agent-anywhere" in ran.err and "agents.ghost.command" in ran.err
    assert "hint: orchestrate agents says what is; another one: orchestrate run --agent" in ran.err
    assert status(orchestrate)["status"] == "approved"
    assert {t["status"] for t in tasks(orchestrate).values()} <= {"queued"}
    assert all(t["attempts"] == [] for t in tasks(orchestrate).values())


def test_an_agent_of_the_repository_itself_is_looked_for_in_the_workspace(
    start, orchestrate
) -> None:
    config = {"default_agent": "own", "agents": {"own": {"command": ["tools/own.sh"]}}}
    start({}, FIVE[0], config=config)
    orchestrate("run", code=1)
    made = tasks(orchestrate)["a"]["attempts"]
    assert [a["reason"] for a in made] == ["AGENT_NOT_FOUND"]


def test_any_command_can_be_the_agent(start, orchestrate, git, repo) -> None:
    line = 'mkdir -p a && cp "$ORCHESTRATE_PACK" a/pack.json && cat > a/prompt.txt'
    config = {
        "default_agent": "shell",
        "agents": {"shell": {"command": ["sh", "-c", line], "prompt": "stdin"}},
    }
    start({}, {**FIVE[0], "description": "Do the thing."}, config=config)
    orchestrate("run")
    assert "Do the thing." in git("show", f"{BRANCH}:a/prompt.txt", cwd=repo)
    assert json.loads(git("show", f"{BRANCH}:a/pack.json", cwd=repo))["task"] == "a"


def test_a_plans_own_command_needs_no_agent(start, orchestrate, git, repo) -> None:
    task = {
        **FIVE[0],
        "delegation": {"mode": "command"},
        "command": ["sh", "-c", "mkdir a; echo 1 > a/out"],
    }
    start({}, task)
    orchestrate("run")
    assert git("show", f"{BRANCH}:a/out", cwd=repo) == "1"


def test_the_agents_environment_holds_no_variable_that_is_not_allowed(
    start, orchestrate, git, repo, monkeypatch
) -> None:
    monkeypatch.setenv("MY_API_TOKEN", "hush")
    start({"a": tries([{"run": "mkdir -p a; env > a/env"}])}, FIVE[0])
    orchestrate("run")
    assert "MY_API_TOKEN" not in git("show", f"{BRANCH}:a/env", cwd=repo)


def test_two_tasks_that_change_one_line_conflict_and_the_second_is_tried_again(
    start, orchestrate, git, repo, tmp_path
) -> None:
    # Both begin at the same tip, and only the first has landed when the second is done.
    begun, landed = tmp_path / "b-has-begun", f"git -C {repo} show {BRANCH}:src/app.py"
    script = {
        "a": tries(
            [
                {"run": f"until test -e {begun}; do sleep 0.05; done"},
                write("src/app.py", "print('a')\n"),
            ]
        ),
        "b": tries(
            [
                {"run": f"touch {begun}; until {landed} | grep -q '(.a.)'; do sleep 0.05; done"},
                write("src/app.py", "print('b')\n"),
            ],
            [{"append": {"path": "src/app.py", "content": "print('b')\n"}}],
        ),
    }
    start(script, {"id": "a", "scope": ["src/**"]}, {"id": "b", "scope": ["src/**"]})
    orchestrate("run", "--jobs", "2")
    assert [a["reason"] for a in tasks(orchestrate)["b"]["attempts"]] == [
        "MERGE_CONFLICT",
        "PASS_ALL_CRITERIA",
    ]
    assert git("show", f"{BRANCH}:src/app.py", cwd=repo) == "print('a')\nprint('b')"


def test_a_reviewed_task_waits_is_returned_and_then_approved(start, orchestrate, git, repo) -> None:
    start(
        {"a": tries([write("a/x", "one\n")], [write("a/x", "two\n")])},
        {**FIVE[0], "requires_review": True},
        FIVE[2],
        config={},
    )
    ran = orchestrate("run")
    assert "orchestrate task approve a" in ran.out
    assert tasks(orchestrate)["a"]["status"] == "pending_review"
    orchestrate("task", "return", "a", code=2)
    orchestrate("task", "return", "a", "--reason", "make it two")
    orchestrate("run")
    orchestrate("task", "approve", "a", "--comment", "good")
    assert git("show", f"{BRANCH}:a/x", cwd=repo) == "two"
    done = tasks(orchestrate)["a"]
    assert [r["decision"] for r in done["reviews"]] == ["returned", "approved"]
    assert done["reviews"][1]["commit"] == done["attempts"][1]["candidate"]
    assert [f"R{a['revision']}/S{a['attempt']}" for a in done["attempts"]] == ["R0/S0", "R1/S0"]
    assert "Approved-By: A Tester" in git("log", "-1", "--format=%B", BRANCH, cwd=repo)


def test_a_persons_task_is_approved_and_recorded_as_a_commit(start, orchestrate, git, repo) -> None:
    start(
        {"a": tries([write("a/x")])},
        FIVE[0],
        {"id": "look", "depends_on": ["a"], "delegation": {"mode": "human"}},
    )
    ran = orchestrate("run")
    assert tasks(orchestrate)["look"]["status"] == "waiting"
    assert "task approve look" in ran.out
    orchestrate("task", "approve", "look")
    orchestrate("run")
    assert status(orchestrate)["status"] == "completed"
    changed = git("diff-tree", "-r", "--name-only", "--no-commit-id", BRANCH, cwd=repo).split()
    assert changed == [f"{FOLDER}/record.md", f"{FOLDER}/tasks/look.json"]


def test_a_failed_task_can_be_retried_or_skipped(start, orchestrate) -> None:
    start(
        {"a": tries([write("src/app.py")], [write("a/x")]), "c": tries([write("c/x")])},
        {**FIVE[0], "max_attempts": 1},
        FIVE[2],
    )
    orchestrate("run", code=1)
    orchestrate("task", "retry", "a", "--reason", "again")
    orchestrate("run")
    assert status(orchestrate)["status"] == "completed"
    assert [f"R{a['revision']}/S{a['attempt']}" for a in tasks(orchestrate)["a"]["attempts"]] == [
        "R0/S0",
        "R1/S0",
    ]


def test_a_skipped_task_stands_in_the_record_though_nothing_was_promoted_after_it(
    start, orchestrate, git, repo
) -> None:
    start(
        {"a": tries([write("a/x")]), "b": tries([write("src/app.py")])},
        FIVE[0],
        {**FIVE[1], "max_attempts": 1},
    )
    orchestrate("run", code=1)
    orchestrate("task", "skip", "b", "--reason", "not needed after all")
    orchestrate("task", "retry", "b", code=4)
    orchestrate("run")
    page = git("show", f"{BRANCH}:{FOLDER}/record.md", cwd=repo)
    assert "skipped" in page


def test_the_plans_branch_must_not_be_checked_out(start, orchestrate, git, repo) -> None:
    start({"a": tries([write("a/x")])}, FIVE[0])
    git("switch", "-q", "-c", BRANCH, cwd=repo)
    ran = orchestrate("run", code=4)
    assert "checked out" in ran.err
    assert "git switch" in ran.err


def test_an_unapproved_plan_does_not_run(repo, git, orchestrate, tmp_path) -> None:
    playing(repo, git, {})
    orchestrate("plan", "create", "--file", str(plan_file(tmp_path, FIVE[0])))
    ran = orchestrate("run", code=4)
    assert "not approved" in ran.err
    assert "orchestrate plan approve demo-abc234" in ran.err


def test_workspaces_are_removed_unless_they_are_to_be_kept(start, orchestrate, fenced) -> None:
    start({"a": tries([write("a/x")])}, FIVE[0])
    orchestrate("run", "--keep-workspaces")
    kept = list((fenced / ".cache").glob("**/workspaces/*/*/work/a/x"))
    assert len(kept) == 1
    orchestrate("task", "retry", "a", code=4)


def test_workspaces_are_gone_after_a_run(start, orchestrate, fenced) -> None:
    start({"a": tries([write("a/x")])}, FIVE[0])
    orchestrate("run")
    assert list((fenced / ".cache").glob("**/workspaces/*/*")) == []


def test_a_measured_task_keeps_the_best_try_and_discards_the_worse(
    start, orchestrate, git, repo
) -> None:
    (repo / "speed").write_text("10\n")
    script = {"a": tries([write("speed", "8\n")], [write("speed", "9\n")], [write("speed", "5\n")])}
    metric = {"command": "cat speed", "direction": "min"}
    start(script, {"id": "a", "scope": ["speed"], "metric": metric})
    orchestrate("run")
    done = tasks(orchestrate)["a"]
    assert done["metric_baseline"] == 10
    assert [(a["outcome"], a["metric"]) for a in done["attempts"]] == [
        ("kept", 8.0),
        ("discarded", 9.0),
        ("kept", 5.0),
    ]
    assert git("show", f"{BRANCH}:speed", cwd=repo) == "5"


def test_the_workspaces_hooks_refuse_a_commit_outside_the_scope_at_once(
    start, orchestrate, git, repo
) -> None:
    line = "mkdir -p a && echo x > a/x && git add -A && git commit -qm 'feat: x' > a/said 2>&1"
    deed = f"echo hacked > src/app.py; {line}; echo $? > a/code; git checkout -q HEAD -- src"
    start({"a": tries([{"run": deed}])}, FIVE[0])
    orchestrate("run")
    assert git("show", f"{BRANCH}:a/code", cwd=repo) == "1"
    said = git("show", f"{BRANCH}:a/said", cwd=repo)
    assert "outside-allowed" in said
    assert "src/app.py" in said


def test_the_workspaces_hooks_hold_when_the_agent_unsets_them_or_says_no_verify(
    start, orchestrate, git, repo
) -> None:
    deed = (
        "echo hacked > src/app.py; mkdir -p a; git config --unset core.hooksPath; git add -A;"
        "git commit -q --no-verify -m 'feat: x' > a/said 2>&1; echo $? > a/code;"
        "git reset -q; git checkout -q HEAD -- src"
    )
    start({"a": tries([{"run": deed}])}, FIVE[0])
    orchestrate("run")
    assert git("show", f"{BRANCH}:a/code", cwd=repo) != "0"
    assert "src/app.py" in git("show", f"{BRANCH}:a/said", cwd=repo)


@pytest.mark.parametrize(
    ("config", "agent", "said"),
    [
        ({"default_agent": None}, [], "no agent is chosen"),
        ({}, ["--agent", "nobody"], "there is no agent 'nobody'"),
    ],
)
def test_without_a_configured_agent_nothing_is_started(
    start, orchestrate, config, agent, said
) -> None:
    start({"a": tries([write("a/new.txt")])}, FIVE[0], config=config)
    ran = orchestrate("run", *agent, code=2)
    assert said in ran.err
    assert status(orchestrate)["status"] == "approved"
    assert tasks(orchestrate)["a"]["status"] == "queued"


def test_a_task_waits_for_its_signal_and_goes_on_with_it(start, orchestrate, git, repo) -> None:
    deployed = {"id": "deployed", "delegation": {"mode": "signal", "signal": "ci"}}
    after = {**FIVE[0], "depends_on": ["deployed"]}
    start({"a": tries([write("a/new.txt")])}, deployed, after)
    assert "next: orchestrate task signal deployed --plan demo-abc234" in orchestrate("run").out
    assert "task signal deployed" in orchestrate("task", "approve", "deployed", code=4).err
    assert "waits for no signal" in orchestrate("task", "signal", "a", code=4).err
    said = orchestrate("task", "signal", "deployed", "--comment", "build 7").out
    assert "next: orchestrate run demo-abc234" in said
    orchestrate("run")
    assert [task["status"] for task in tasks(orchestrate).values()] == ["completed"] * 2
    assert "events verified" in orchestrate("log", "--verify").out
