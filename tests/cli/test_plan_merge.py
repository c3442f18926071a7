"""A completed plan lands on its target: by whom it is checked out, with what in the way."""

import json
from pathlib import Path

import pytest

from tests.playing import plan_file, playing, tries, write

BRANCH = "orchestrate/demo-abc234"
TASK = {"id": "a", "scope": ["a/**", "src/**"]}


@pytest.fixture
def completed(repo: Path, git, orchestrate, tmp_path: Path):
    """`completed(*steps)` runs a plan to its end whose one task took these steps."""

    def make(*steps, config=None) -> None:
        playing(repo, git, {"a": tries(list(steps) or [write("a/new.txt")])}, config)
        path = plan_file(tmp_path, TASK)
        orchestrate("plan", "create", "--file", str(path), "--approve")
        orchestrate("run")

    return make


@pytest.fixture
def commit(repo: Path, git):
    """`commit(path, text)` commits a file in the user's tree."""

    def make(path: str, text: str) -> None:
        (repo / path).write_text(text)
        git("add", path, cwd=repo)
        git("commit", "-qm", "feat: meanwhile", cwd=repo)

    return make


def merged(orchestrate, *args: str, code: int = 0) -> dict:
    return json.loads(orchestrate("plan", "merge", "--json", *args, code=code).out)


def test_a_checked_out_target_moves_with_index_and_files_after_a_checkpoint(
    completed, orchestrate, git, repo
) -> None:
    completed()
    (repo / "mine.txt").write_text("not committed\n")
    before = git("rev-parse", "main", cwd=repo)
    done = merged(orchestrate)
    assert done["way"] == "fast-forward"
    assert done["before"] == before
    assert git("rev-parse", "main", BRANCH, cwd=repo).split() == [done["after"]] * 2
    assert (repo / "a" / "new.txt").read_text() == "x\n"
    assert git("status", "--porcelain", cwd=repo) == "?? mine.txt"
    kept = f"refs/orchestrate/checkpoints/{done['checkpoint']}"
    assert git("show", f"{kept}:mine.txt", cwd=repo) == "not committed"
    assert "holds plan demo-abc234 already" in orchestrate("plan", "merge").out


def test_a_target_that_is_nowhere_checked_out_moves_alone(
    completed, orchestrate, git, repo
) -> None:
    completed()
    git("switch", "-q", "-c", "elsewhere", cwd=repo)
    done = merged(orchestrate)
    assert (done["worktree"], done["checkpoint"]) == (None, None)
    assert git("rev-parse", "main", cwd=repo) == done["after"]
    assert not (repo / "a").exists()


def test_the_only_completed_plan_is_meant(completed, orchestrate, tmp_path: Path) -> None:
    completed()
    other = plan_file(tmp_path, {**TASK, "id": "b"}, id="other-abc234")
    orchestrate("plan", "create", "--file", str(other), "--approve")
    orchestrate("plan", "abort", "other-abc234", "--reason", "not now")
    assert merged(orchestrate, "--dry-run")["plan"].startswith("demo-")


def test_a_linked_worktree_on_the_target_follows(
    completed, orchestrate, git, repo, tmp_path
) -> None:
    completed()
    git("branch", "release", cwd=repo)
    git("worktree", "add", "-q", str(tmp_path / "linked"), "release", cwd=repo)
    done = merged(orchestrate, "--into", "release")
    assert done["worktree"] == str(tmp_path / "linked")
    assert (tmp_path / "linked" / "a" / "new.txt").exists()
    assert not (repo / "a").exists()


def test_a_target_that_went_on_gets_a_merge_commit(
    completed, orchestrate, git, repo, commit
) -> None:
    completed()
    commit("b.txt", "meanwhile\n")
    head = git("rev-parse", "main", cwd=repo)
    assert "--ff-only" in orchestrate("plan", "merge", "--ff-only", code=4).err
    assert git("rev-parse", "main", cwd=repo) == head
    done = merged(orchestrate)
    assert done["way"] == "merge commit"
    parents = git("rev-parse", "main^1", "main^2", BRANCH, cwd=repo).split()
    assert parents == [head, parents[2], parents[2]]
    assert git("log", "-1", "--format=%s", cwd=repo) == "Merge plan demo-abc234"
    assert {p.name for p in repo.iterdir()} >= {"a", "b.txt"}
    assert git("status", "--porcelain", cwd=repo) == ""


def test_no_ff_makes_a_merge_commit_and_excludes_ff_only(completed, orchestrate) -> None:
    completed()
    assert "contradict" in orchestrate("plan", "merge", "--no-ff", "--ff-only", code=2).err
    assert merged(orchestrate, "--no-ff")["way"] == "merge commit"


def test_a_conflict_names_the_paths_and_moves_nothing(
    completed, orchestrate, git, repo, commit
) -> None:
    completed(write("src/app.py", "theirs\n"))
    commit("src/app.py", "ours\n")
    head = git("rev-parse", "main", cwd=repo)
    ran = orchestrate("plan", "merge", code=4)
    assert "conflicts with main in src/app.py" in ran.err
    assert git("rev-parse", "main", cwd=repo) == head
    assert (repo / "src" / "app.py").read_text() == "ours\n"


def test_a_dry_run_says_what_would_happen_and_moves_nothing(
    completed, orchestrate, git, repo
) -> None:
    completed()
    head = git("rev-parse", "main", cwd=repo)
    ran = orchestrate("plan", "merge", "--dry-run")
    assert "would merge plan demo-abc234 into main: fast-forward" in ran.out
    assert git("rev-parse", "main", cwd=repo) == head
    assert git("for-each-ref", "refs/orchestrate/checkpoints", cwd=repo) == ""


@pytest.mark.parametrize("path", ["src/app.py", "a/new.txt", "a"])
def test_uncommitted_changes_in_the_way_stop_it(
    completed, orchestrate, git, repo, path: str
) -> None:
    completed(write("src/app.py", "new\n"), write("a/new.txt"))
    head = git("rev-parse", "main", cwd=repo)
    (repo / path).parent.mkdir(exist_ok=True)
    (repo / path).write_text("mine\n")
    assert f"would touch: {path}" in orchestrate("plan", "merge", code=4).err
    assert git("rev-parse", "main", cwd=repo) == head
    assert (repo / path).read_text() == "mine\n"


def test_an_ignored_file_in_the_way_is_not_overwritten(completed, orchestrate, git, repo) -> None:
    completed()
    (repo / ".git" / "info" / "exclude").write_text("new.txt\n")
    (repo / "a").mkdir()
    (repo / "a" / "new.txt").write_text("mine\n")
    head = git("rev-parse", "main", cwd=repo)
    assert "a/new.txt" in orchestrate("plan", "merge", code=4).err
    assert git("rev-parse", "main", cwd=repo) == head
    assert (repo / "a" / "new.txt").read_text() == "mine\n"


def test_only_a_completed_plan_and_only_into_another_branch(
    repo, git, orchestrate, tmp_path
) -> None:
    playing(repo, git, {"a": tries([write("a/new.txt")])})
    path = plan_file(tmp_path, TASK)
    orchestrate("plan", "create", "--file", str(path), "--approve")
    assert "only a completed plan is merged" in orchestrate("plan", "merge", code=4).err
    orchestrate("run")
    assert "no branch nowhere" in orchestrate("plan", "merge", "--into", "nowhere", code=2).err
    assert "plan's own branch" in orchestrate("plan", "merge", "--into", BRANCH, code=2).err


def test_a_merge_gate_needs_a_pass_on_the_merged_tree(
    completed, orchestrate, git, repo, commit
) -> None:
    step = {"id": "there", "command": "test -e a/new.txt"}
    gates = {"profiles": {"fast": {"steps": [step]}}, "merge": "fast"}
    completed(config={"gates": gates})
    assert "gate fast: 1 steps passed" in orchestrate("plan", "merge", "--dry-run").out
    commit("b.txt", "meanwhile\n")
    head = git("rev-parse", "main", cwd=repo)
    ran = orchestrate("plan", "merge", code=4)
    assert "gate fast has not passed on the tree that would land on main" in ran.err
    assert git("rev-parse", "main", cwd=repo) == head
    hint = next(line for line in ran.err.splitlines() if line.startswith("hint: "))
    orchestrate(*hint.removeprefix("hint: orchestrate ").split())
    assert merged(orchestrate)["gate"] == "gate fast: 1 steps passed"
