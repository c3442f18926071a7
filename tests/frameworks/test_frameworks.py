"""pre-commit and prek run each hook that we bring: quiet on what is clean, loud on what is not."""

import json
import re
from pathlib import Path

import pytest

from orchestrate.checks.secrets import samples
from orchestrate.hooks.places import TASK_FILE
from tests.frameworks.conftest import TOP, Framework
from tests.hooks.making import git

pytestmark = pytest.mark.frameworks

CONFLICT = "<<<<<<< HEAD\n"
SECRET = f"token = '{samples.expand('{{github:ghp}}')}'\n"
# id -> what is planted, and the finding that it must give
PLANTED = {
    "orchestrate": (CONFLICT, "merge-conflict"),
    "orchestrate-secrets": (SECRET, "github-"),
    "orchestrate-scope": ("x = 1\n", "outside-allowed"),
    "orchestrate-patterns": (CONFLICT, "merge-conflict"),
}
IDS = (*PLANTED, "orchestrate-commit-msg", "orchestrate-pre-push")


def stage(repo: Path, name: str, text: str) -> None:
    (repo / name).write_text(text)
    git(repo, "add", "-A")


def on_a_task(repo: Path) -> None:
    document = {"schema_version": 1, "plan": "p-abc", "task": "t1", "scope": ["src/"]}
    (repo / ".git" / TASK_FILE).write_text(json.dumps(document))


def test_the_ids_are_the_documented_ones() -> None:
    manifest = (TOP / ".pre-commit-hooks.yaml").read_text()
    assert re.findall(r"^- id: (\S+)", manifest, re.M) == list(IDS)
    page = (TOP / "docs" / "hooks.md").read_text()
    assert all(f"- id: {id}\n" in page.replace(" #", "#") or f"- id: {id} " in page for id in IDS)


@pytest.mark.parametrize("id", PLANTED)
def test_a_hook_of_a_commit(id: str, framework: Framework, repo: Path) -> None:
    framework.configure(repo, id)
    if id == "orchestrate-scope":
        on_a_task(repo)
    stage(repo, "src/new.py", "x = 1\n")
    assert framework.git(repo, "commit", "-q", "-m", "feat: new")[0] == 0
    text, finding = PLANTED[id]
    stage(repo, "planted.py", text)
    code, said = framework.git(repo, "commit", "-q", "-m", "feat: planted")
    assert (code, "planted.py" in said, finding in said) == (1, True, True), said
    assert SECRET[9:-2] not in said
    assert git(repo, "log", "-1", "--format=%s").stdout == b"feat: new\n"


def test_each_hook_looks_at_its_own_part_alone(framework: Framework, repo: Path) -> None:
    framework.configure(repo, *PLANTED)
    on_a_task(repo)
    stage(repo, "src/a.py", CONFLICT)
    code, said = framework.run(repo, "run")
    assert code == 1
    ended = dict(re.findall(r"^(orchestrate(?: \(\w+\))?)\.+(\w+)$", said, re.M))
    assert ended == {
        "orchestrate": "Failed", "orchestrate (secrets)": "Passed",
        "orchestrate (scope)": "Passed", "orchestrate (patterns)": "Failed",
    }  # fmt: skip


def test_what_is_not_staged_is_not_judged(framework: Framework, repo: Path) -> None:
    framework.configure(repo, "orchestrate")
    stage(repo, "a.txt", "two\n")
    (repo / "a.txt").write_text(CONFLICT)
    assert framework.git(repo, "commit", "-q", "-m", "feat: two")[0] == 0
    assert (repo / "a.txt").read_text() == CONFLICT


def test_the_index_of_a_partial_commit_is_judged(framework: Framework, repo: Path) -> None:
    framework.configure(repo, "orchestrate")
    (repo / "a.txt").write_text(CONFLICT)
    (repo / "src" / "app.py").write_text("x = 1\n")
    code, said = framework.git(repo, "commit", "-q", "-a", "-m", "feat: all")
    assert (code, "a.txt" in said) == (1, True), said
    code, said = framework.git(repo, "commit", "-q", "-m", "feat: one", "--", "src/app.py")
    assert code == 0, said


def test_all_files_judges_what_was_committed_long_ago(framework: Framework, repo: Path) -> None:
    framework.configure(repo, "orchestrate")
    assert framework.run(repo, "run", "--all-files")[0] == 0
    stage(repo, "old.py", CONFLICT)
    git(repo, "commit", "-q", "--no-verify", "-m", "feat: old")
    code, said = framework.run(repo, "run", "--all-files")
    assert (code, "old.py" in said) == (1, True), said


def test_a_range(framework: Framework, repo: Path) -> None:
    framework.configure(repo, "orchestrate")
    stage(repo, "old.py", CONFLICT)
    git(repo, "commit", "-q", "--no-verify", "-m", "feat: old")
    stage(repo, "new.py", "x = 1\n")
    git(repo, "commit", "-q", "-m", "feat: new", "--no-verify")
    assert framework.run(repo, "run", "--from-ref", "HEAD~1", "--to-ref", "HEAD")[0] == 0
    code, said = framework.run(repo, "run", "--from-ref", "HEAD~2", "--to-ref", "HEAD")
    assert (code, "old.py" in said) == (1, True), said


def test_a_merge(framework: Framework, repo: Path) -> None:
    framework.configure(repo, "orchestrate", "orchestrate-secrets")
    git(repo, "checkout", "-q", "-b", "side")
    stage(repo, "side.py", "x = 1\n")
    git(repo, "commit", "-q", "--no-verify", "-m", "feat: side")
    git(repo, "checkout", "-q", "main")
    assert framework.git(repo, "merge", "-q", "--no-ff", "--no-edit", "side")[0] == 0


def test_a_commit_that_changes_nothing_is_not_blamed_for_old_files(
    framework: Framework, repo: Path
) -> None:
    stage(repo, "old.py", CONFLICT)
    git(repo, "commit", "-q", "-m", "feat: old")
    framework.configure(repo, "orchestrate")
    code, said = framework.git(repo, "commit", "-q", "--allow-empty", "-m", "chore: nothing")
    assert code == 0, said


def test_the_hook_of_a_commit_message(framework: Framework, repo: Path) -> None:
    (repo / ".orchestrate").mkdir()
    stage(repo, ".orchestrate/config.yaml", "commit_message: {severity: block}\n")
    framework.configure(repo, "orchestrate-commit-msg")
    stage(repo, "b.py", "x = 1\n")
    code, said = framework.git(repo, "commit", "-q", "-m", "added things")
    assert (code, "unconventional-subject" in said) == (1, True), said
    code, said = framework.git(repo, "commit", "-q", "-m", f"feat: x\n\n{SECRET}")
    assert (code, "github-" in said) == (1, True), said
    assert framework.git(repo, "commit", "-q", "-m", "feat: add b")[0] == 0


def test_the_hook_of_a_push(framework: Framework, repo: Path, remote: Path) -> None:
    framework.configure(repo, "orchestrate-pre-push")
    assert framework.git(repo, "push", "-q", "origin", "main")[0] == 0
    stage(repo, "b.py", CONFLICT)
    git(repo, "commit", "-q", "--no-verify", "-m", "feat: b")
    for branch in ("main", "new"):
        code, said = framework.git(repo, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        assert (code, "merge-conflict" in said, "b.py" in said) == (1, True, True), said
    stage(repo, "b.py", "x = 1\n")
    git(repo, "commit", "-q", "--no-verify", "--amend", "-m", "feat: b")
    assert framework.git(repo, "push", "-q", "origin", "main")[0] == 0
    git(repo, "commit", "-q", "--no-verify", "--amend", "-m", "feat: other words")
    code, said = framework.git(repo, "push", "-q", "-f", "origin", "main")
    assert (code, "push-forces-protected" in said) == (1, True), said


def test_a_first_push_is_judged_whole_whatever_is_staged(
    framework: Framework, repo: Path, remote: Path
) -> None:
    stage(repo, "old.py", CONFLICT)
    git(repo, "commit", "-q", "-m", "feat: old")
    framework.configure(repo, "orchestrate-pre-push")
    stage(repo, "unrelated.py", "x = 1\n")
    code, said = framework.git(repo, "push", "-q", "origin", "main")
    assert (code, "old.py" in said) == (1, True), said
    assert git(remote, "for-each-ref").stdout == b""


def test_the_whole_manifest_is_tried_on_this_very_repository(framework: Framework) -> None:
    args = ("try-repo", ".", "--all-files") if framework.name == "pre-commit" else (
        "try-repo", f"file://{framework.hooks}", "--all-files",
    )  # fmt: skip
    code, said = framework.run(framework.hooks, *args)
    assert code == 0, said
    assert said.count("Passed") == len(PLANTED)
