"""Policy files as a commit holds them, and nothing in their place."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.errors import FileError
from orchestrate.git.policy_reader import CommitReader
from orchestrate.git.repository import Repository
from orchestrate.policy.policy import load_policy

Git = Callable[..., str]


@pytest.fixture
def with_policy(repo: Path, git: Git) -> Path:
    """A repository whose commit holds a config, two rules and a plan."""
    for path, text in {
        "config.yaml": "require_task: always\n",
        "config.yaml.new": "require_task: off\n",
        "rules/house.md": "---\nid: house\n---\nText.\n",
        "rules/deep/er.md": "---\nid: er\n---\nText.\n",
        "plans/p/plan.yaml": "id: p\n",
    }.items():
        file = repo / ".orchestrate" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "chore: policy", cwd=repo)
    return repo


def reader(repo: Path, rev: str = "HEAD") -> CommitReader:
    opened = Repository.open(repo)
    return CommitReader(opened, opened.resolve(rev))


def test_files_are_listed_by_the_beginning_of_their_path(with_policy: Path, git: Git) -> None:
    found = reader(with_policy)
    blob = git("rev-parse", "HEAD:.orchestrate/config.yaml", cwd=with_policy)
    assert found.list(".orchestrate/config.yaml")[0] == (".orchestrate/config.yaml", blob)
    assert [path for path, _ in found.list(".orchestrate/rules/")] == [
        ".orchestrate/rules/deep/er.md",
        ".orchestrate/rules/house.md",
    ]
    assert found.list("nowhere/") == []
    assert found.list("a.txt/x") == []
    assert [path for path, _ in found.list("")][-2:] == ["a.txt", "src/app.py"]


def test_files_are_read_from_the_commit_not_the_tree(with_policy: Path) -> None:
    (with_policy / ".orchestrate" / "config.yaml").write_text("require_task: off\n")
    found = reader(with_policy)
    assert found.read(".orchestrate/config.yaml") == b"require_task: always\n"
    assert found.read(".orchestrate") is None
    assert found.read("nothing") is None


def test_a_policy_is_loaded_from_a_commit(with_policy: Path) -> None:
    policy = load_policy(reader(with_policy))
    assert policy.config.require_task == "always"
    assert {"house", "er"} <= {rule.id for rule in policy.rules}
    assert load_policy(reader(with_policy, "HEAD~1")).config.require_task == "off"


def test_a_repository_without_commits_has_the_defaults(tmp_path: Path, git: Git) -> None:
    git("init", "-q", str(tmp_path))
    found = CommitReader(Repository.open(tmp_path), None)
    assert (found.list(""), found.read("a")) == ([], None)
    assert load_policy(found).config.require_task == "off"


@pytest.mark.parametrize("name", ["config.yaml", "rules"])
def test_a_symlink_is_no_policy(repo: Path, git: Git, name: str) -> None:
    folder = repo / ".orchestrate"
    folder.mkdir()
    (folder / name).symlink_to("../a.txt")
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "chore: link", cwd=repo)
    with pytest.raises(FileError, match=f"{name}: is a symlink"):
        load_policy(reader(repo))
