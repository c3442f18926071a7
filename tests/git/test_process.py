"""Git runs in our environment, not in the one that a hook leaks."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.errors import OrchestrateError, Unsupported
from orchestrate.git import process
from orchestrate.git.process import GitFailed, hook_environment, read_start, require_git, run_git


def test_variables_of_a_hook_do_not_redirect_git(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    run_git(["init", "-q", str(elsewhere)])
    for name, value in {
        "GIT_DIR": str(elsewhere / ".git"),
        "GIT_WORK_TREE": str(elsewhere),
        "GIT_INDEX_FILE": str(elsewhere / "index"),
        "GIT_OBJECT_DIRECTORY": str(elsewhere / ".git/objects"),
        "GIT_CONFIG_PARAMETERS": "'core.bare'='true'",
        "GIT_LITERAL_PATHSPECS": "1",
    }.items():
        monkeypatch.setenv(name, value)
    assert run_git(["rev-parse", "--show-toplevel"], cwd=repo).stdout.decode().strip() == str(repo)
    assert run_git(["ls-files"], cwd=repo).stdout == b"a.txt\nsrc/app.py\n"
    told = run_git(["rev-parse", "--git-dir"], cwd=repo, env=hook_environment()).stdout
    assert told.decode().strip() == str(elsewhere / ".git")


def test_how_to_reach_and_who_commits_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -v")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "a.b")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "1 +0000")
    kept = process.clean_environment()
    assert kept["GIT_SSH_COMMAND"] == "ssh -v"
    assert kept["GIT_CONFIG_KEY_0"] == "a.b"
    assert kept["GIT_AUTHOR_NAME"] == "A Tester"
    assert "GIT_AUTHOR_DATE" not in kept


def test_a_failure_names_the_verb_the_code_and_what_git_said(repo: Path) -> None:
    with pytest.raises(GitFailed) as failed:
        run_git(["-c", "a.b=c", "rev-parse", "--verify", "nothing"], cwd=repo)
    assert str(failed.value).startswith("git rev-parse failed with code 128: fatal:")
    assert failed.value.code == 128
    assert run_git(["rev-parse", "--verify", "nothing"], cwd=repo, check=False).code == 128


def test_a_missing_folder_is_not_a_missing_git(tmp_path: Path) -> None:
    with pytest.raises(OrchestrateError, match="is not a folder"):
        run_git(["version"], cwd=tmp_path / "gone")


def test_a_missing_git_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unsupported) as missing:
        run_git(["version"], cwd=tmp_path)
    assert "install git" in missing.value.hint


def test_a_command_that_hangs_is_given_up(repo: Path) -> None:
    with pytest.raises(OrchestrateError, match="did not end within"):
        run_git(["-c", "alias.hang=!sleep 20", "hang"], cwd=repo, timeout=0.2)


def test_only_the_start_of_long_output_is_read(repo: Path) -> None:
    git_dir = repo / ".git"
    assert read_start(["cat-file", "blob", "HEAD:a.txt"], 2, git_dir=git_dir) == b"on"


def test_an_old_git_is_refused_with_both_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "git_version", lambda: (2, 30, 1))
    with pytest.raises(Unsupported, match=r"merging needs git 2\.38 or newer, found 2\.30\.1"):
        require_git((2, 38), "merging")


def test_what_hooks_import_leaves_pygit2_out() -> None:
    light = ("process", "names", "types", "errors", "retry")
    script = "".join(f"import orchestrate.git.{name}\n" for name in light)
    script += "import sys; sys.exit('pygit2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
