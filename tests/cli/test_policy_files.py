"""Policy files that cannot hold, as `check` tells of them in a real repository."""

from pathlib import Path

import pytest

RULE = "---\nid: house\nchecks:\n  - {id: no-foo, pattern: foo, message: m}\n---\nText.\n"
HARNESS = "rules:\n  - {id: no-foo, description: d, type: inject, content: c}\n"


def put(repo: Path, path: str, text: str) -> None:
    file = repo / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def test_a_check_with_the_id_of_a_harness_rule_is_refused_by_the_names_of_both(
    repo: Path, git, orchestrate
) -> None:
    put(repo, ".orchestrate/rules/house.md", RULE)
    put(repo, ".orchestrate/rules/harness.yaml", HARNESS)
    git("add", "-A", cwd=repo)
    said = orchestrate("check", code=1).out
    assert ".orchestrate/rules/house.md:4" in said
    assert "has the id of a harness rule in .orchestrate/rules/harness.yaml" in said
    git("commit", "-qm", "feat: twins", cwd=repo)
    refused = orchestrate("check", "--all", code=2).err
    assert "no-foo" in refused and "commit it with `git commit --no-verify`" in refused


TEMPLATE = ".orchestrate/plan-templates/own.yaml"
BROKEN = {
    ".orchestrate/config.yaml": "protected: [a\n",
    ".orchestrate/rules/own.md": "no front matter\n",
    ".orchestrate/roles/own.yaml": "id: own\nscopes: []\n",
    TEMPLATE: "id: own\nphases: 3\n",
}


@pytest.mark.parametrize("path", BROKEN)
def test_a_broken_file_is_told_wherever_it_is_looked_at(
    path: str, repo: Path, git, orchestrate
) -> None:
    put(repo, path, BROKEN[path])
    for args in ((path,), ("--worktree",)):
        told = orchestrate("check", *args, "--only", "broken-policy", code=1).out
        assert f"{path}:" in told and "would not parse" in told
    git("add", "-A", cwd=repo)
    assert "broken-policy" in orchestrate("check", code=1).out
    orchestrate("check", "a.txt")


def test_a_broken_template_of_head_is_told_and_stops_nothing_else(
    repo: Path, git, orchestrate
) -> None:
    put(repo, TEMPLATE, BROKEN[TEMPLATE])
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "feat: template", cwd=repo)
    for args in (("--all",), ("HEAD~1..HEAD",)):
        said = orchestrate("check", *args, code=1).out
        assert said.count("broken-policy") == 1 and "the plan template would not parse" in said
    orchestrate("check", "--history")
    put(repo, TEMPLATE, "")
    (repo / TEMPLATE).unlink()
    orchestrate("check", "--worktree")


def test_files_that_are_named_are_judged_with_what_stands_beside_them(
    repo: Path, git, orchestrate
) -> None:
    (repo / "link").symlink_to("a.txt")
    put(repo, ".orchestrate/rules/house.md", RULE)
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "feat: link", cwd=repo)
    assert "0 findings" in orchestrate("check", "link").out
    put(repo, ".orchestrate/rules/other.md", RULE.replace("house", "other"))
    said = orchestrate("check", ".orchestrate/rules/other.md", code=1).out
    assert "already defined in .orchestrate/rules/house.md" in said


CONFIG = ".orchestrate/config.yaml"


@pytest.fixture
def broken(repo: Path, git) -> Path:
    """A repository whose HEAD has a policy that does not parse."""
    put(repo, CONFIG, "protected: [a\n")
    git("add", "-A", cwd=repo)
    git("commit", "-qm", "feat: a typo", cwd=repo)
    return repo


@pytest.mark.parametrize("args", [("--worktree",), ()])
def test_a_repair_of_the_policy_is_judged_and_said_how_to_commit(
    args: tuple[str, ...], broken: Path, git, orchestrate
) -> None:
    def checked(code: int) -> str:
        git("add", "-A", cwd=broken)
        ran = orchestrate("check", *args, code=code)
        return ran.out + ran.err

    refused = checked(2)
    assert "config.yaml:2" in refused and "commit it with `git commit --no-verify`" in refused
    put(broken, CONFIG, "protected: [a]\n")
    said = checked(0)
    assert "policy-changed" in said
    assert "note: this repairs the policy of HEAD: commit it with `git commit --no-verify`" in said
    put(broken, CONFIG, "protect: [a]\n")
    assert "broken-policy" in checked(1)
    put(broken, CONFIG, "protected: [a]\n")
    put(broken, "b.py", "x = 1\n")
    assert "commit them alone with `git commit --no-verify`" in checked(2)
    (broken / "b.py").unlink()
    put(broken, ".orchestrate/rules/house.md", RULE + "<<<<<<< HEAD\n")
    assert "merge-conflict" in checked(1), "what ships judges it"


def test_a_repair_is_none_of_an_active_tasks_business(broken: Path, git, orchestrate) -> None:
    git("revert", "--no-edit", "HEAD", cwd=broken)
    orchestrate("start", "some work", "--scope", "src")
    git("reset", "-q", "--hard", "HEAD~1", cwd=broken)
    put(broken, CONFIG, "protected: [a]\n")
    assert "in-protected" in orchestrate("check", "--worktree", code=1).out
