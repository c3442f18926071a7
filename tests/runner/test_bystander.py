"""What changes in the user's own repository while an agent works is noticed."""

from collections.abc import Callable
from pathlib import Path

from orchestrate.git.repository import Repository
from orchestrate.runner.bystander import changed, look

OURS = ("refs/heads/orchestrate/", "refs/orchestrate/ledgers/")


def test_files_refs_configuration_and_hooks_are_seen(repo: Path, git: Callable[..., str]) -> None:
    (repo / "dirty.txt").write_text("1")
    before = look(Repository.open(repo), OURS)
    assert changed(before, look(Repository.open(repo), OURS)) == ()
    (repo / "dirty.txt").write_text("22")
    (repo / "src/app.py").unlink()
    git("update-ref", "refs/heads/evil", "HEAD", cwd=repo)
    git("update-ref", "refs/heads/orchestrate/demo-abc234", "HEAD", cwd=repo)
    git("config", "core.hooksPath", "/nowhere", cwd=repo)
    (repo / ".git/hooks/pre-commit").write_text("#!/bin/sh\n")
    assert changed(before, look(Repository.open(repo), OURS)) == (
        ".git/config",
        ".git/hooks/pre-commit",
        "dirty.txt",
        "refs/heads/evil",
        "src/app.py",
    )


def test_a_bare_repository_and_another_branch(repo: Path, git: Callable[..., str]) -> None:
    before = look(Repository.open(repo), OURS)
    git("switch", "-q", "-c", "other", cwd=repo)
    assert changed(before, look(Repository.open(repo), OURS)) == ("HEAD", "refs/heads/other")
    git("clone", "-q", "--bare", str(repo), str(repo / "bare"), cwd=repo)
    assert "refs/heads/main" in look(Repository.open(repo / "bare"), OURS)
