"""In its workspace an agent may make a branch where its work began, and none with unjudged work."""

from pathlib import Path

from orchestrate.cli.main import run
from tests.playing import Git, plan_file, playing, tries

BRANCH = "orchestrate/demo-abc234"


def test_a_branch_of_the_agents_own(repo: Path, git: Git, tmp_path: Path) -> None:
    deed = (
        "mkdir -p a; git switch -q -c mine; echo $? > a/own;"
        "echo x > stray; git add stray; tree=$(git write-tree);"
        "evil=$(git commit-tree -p HEAD -m evil $tree); git branch evil $evil 2>/dev/null;"
        "echo $? > a/evil; git rm -q --cached stray; rm stray"
    )
    playing(repo, git, {"a": tries([{"run": deed}])})
    plan = plan_file(tmp_path, {"id": "a", "scope": ["a/**"]})
    assert run(["-C", str(repo), "plan", "create", "--file", str(plan), "--approve"]) == 0
    assert run(["-C", str(repo), "run"]) == 0
    assert git("show", f"{BRANCH}:a/own", cwd=repo) == "0"
    assert git("show", f"{BRANCH}:a/evil", cwd=repo) != "0"
