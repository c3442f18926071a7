"""What a stopped attempt leaves is kept for people, without ever being a candidate."""

import json
from pathlib import Path

import pytest

from tests.playing import plan_file, playing, tries, write

TASK = {"id": "a", "scope": ["a/**"], "max_attempts": 1}
REF = "refs/orchestrate/candidates/demo-abc234/a/0-0-unjudged"
# Split, so that it is no finding in this file.
TOKEN = "ghp_" + "x7Qm2Vt9LkR4nZc8WbY1dHs6PfJ3gT" + "2zsOMc"


@pytest.fixture
def stopped(repo: Path, git, orchestrate, tmp_path: Path):
    """`stopped(*steps)` runs a task whose agent takes these steps, then is over its time."""

    def make(*steps: dict) -> dict:
        limits = {"max_runtime_sec": 3}
        playing(repo, git, {"a": tries([*steps, {"sleep": 60}])}, {"limits": limits})
        path = plan_file(tmp_path, TASK)
        orchestrate("plan", "create", "--file", str(path), "--approve")
        orchestrate("run", code=1)
        task = json.loads(orchestrate("task", "show", "a", "--json").out)
        assert [a["reason"] for a in task["attempts"]] == ["TIMEOUT"]
        assert task["attempts"][0]["candidate"] == ""
        return task

    return make


def test_what_an_attempt_over_its_time_wrote_can_be_looked_at(
    stopped, orchestrate, git, repo
) -> None:
    task = stopped(write("a/half.txt", "half\n"), write("src/app.py", "outside\n"))
    assert task["unjudged"] == {"R0/S0": REF}
    assert git("show", f"{REF}:a/half.txt", cwd=repo) == "half"
    assert git("rev-parse", f"{REF}^", cwd=repo) == git("rev-parse", "main", cwd=repo)
    assert f"left, not judged: git show {REF}" in orchestrate("task", "show", "a").out
    assert "events verified" in orchestrate("log", "--verify").out


def test_nothing_is_kept_of_a_tree_that_is_as_it_was(stopped) -> None:
    assert stopped()["unjudged"] == {}


def test_nothing_is_kept_of_a_tree_with_a_secret(stopped, git, repo) -> None:
    task = stopped(write("a/half.txt", f"token = {TOKEN}\n"))
    assert task["unjudged"] == {}
    written = git("hash-object", "--stdin", cwd=repo, input=f"token = {TOKEN}\n")
    objects = git("cat-file", "--batch-all-objects", "--batch-check", cwd=repo)
    assert written not in objects
