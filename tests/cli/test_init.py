"""`orchestrate init` in real repositories."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrate.agents.integrations import INTEGRATIONS
from orchestrate.cli.init import init
from orchestrate.cli.uninstall import uninstall
from orchestrate.errors import InvalidInput
from orchestrate.git.policy_reader import CommitReader
from orchestrate.git.repository import Repository
from orchestrate.policy.policy import load_policy

Git = Callable[..., str]


def run(folder: Path, *args: str) -> Result:
    result = CliRunner().invoke(init, list(args), obj=str(folder))
    if isinstance(result.exception, InvalidInput):
        raise result.exception
    assert result.exit_code == 0, result.output
    return result


def actions(folder: Path, *args: str) -> dict[str, str]:
    report = json.loads(run(folder, "--json", *args).output)
    return {file["path"]: file["action"] for file in report["files"]}


def test_it_writes_a_policy_that_counts_once_committed(repo: Path, git: Git) -> None:
    (repo / "pyproject.toml").write_text("")
    result = run(repo)
    assert ".orchestrate/config.yaml: created" in result.output
    assert "python" in result.output
    assert "then commit .orchestrate" in result.output
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "chore: set up", cwd=repo)
    opened = Repository.open(repo)
    policy = load_policy(CommitReader(opened, opened.head_commit()))
    assert not policy.config.rules.shipped
    assert {rule.id for rule in policy.rules if rule.tier == "framework"} == {"python"}


def test_a_dry_run_writes_nothing(repo: Path, git: Git) -> None:
    result = run(repo, "--dry-run")
    assert ".orchestrate/config.yaml: would create" in result.output
    assert git("status", "--porcelain", cwd=repo) == ""


def test_the_git_hooks_come_with_it_and_what_was_there_runs_first(repo: Path) -> None:
    mine = repo / ".git/hooks/pre-commit"
    mine.write_text("#!/bin/sh\n")
    mine.chmod(0o755)
    assert "hook pre-commit: would be chained" in run(repo, "--dry-run").output
    assert mine.read_text() == "#!/bin/sh\n"
    assert "hook pre-commit: chained" in run(repo).output
    assert (repo / ".git/hooks/pre-commit.before-orchestrate").read_text() == "#!/bin/sh\n"
    assert "hook " not in run(repo).output
    hooks = json.loads(run(repo, "--json").output)["hooks"]
    assert {one["what"] for one in hooks} == {"unchanged"}


def test_without_hooks_or_with_another_manager(repo: Path) -> None:
    run(repo, "--no-hooks")
    assert not (repo / ".git/hooks/pre-commit").exists()
    assert "would be added to the file of husky" in run(repo, "--with", "husky", "--dry-run").output
    assert ".husky/pre-commit: edited" in run(repo, "--with", "husky").output
    assert not (repo / ".git/hooks/pre-commit").exists()


def test_a_hooks_folder_of_all_repositories_is_refused_before_anything(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "gitconfig"
    config.write_text(f"[core]\n\thooksPath = {tmp_path}/all\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
    with pytest.raises(InvalidInput, match="all your repositories"):
        run(repo)
    assert not (repo / ".orchestrate").exists()


@pytest.mark.parametrize("client", list(INTEGRATIONS))
def test_a_clients_hooks_go_in_and_come_out(client: str, repo: Path, git: Git) -> None:
    path = repo / INTEGRATIONS[client].path
    assert "would be installed" in run(repo, "--agent", client, "--dry-run").output
    assert not path.exists()
    assert f"{client}: installed" in run(repo, "--agent", client).output
    assert f"{client}: unchanged" in run(repo, "--agent", client).output
    assert not (repo / ".orchestrate").exists()
    assert f"{client}: removed" in run(repo, "--agent", client, "--remove").output
    assert f"{client}: absent" in run(repo, "--agent", client, "--remove").output
    assert git("status", "--porcelain", "--ignored", cwd=repo) == ""


def test_settings_keep_their_bytes_and_their_permissions(repo: Path) -> None:
    path = repo / ".claude/settings.local.json"
    path.parent.mkdir()
    text = b'{\n    "permissions": {"allow": ["Bash(ls)"]},\r\n\t"env": {"A": "\xc3\xa9"} }'
    path.write_bytes(text)
    path.chmod(0o600)
    run(repo, "--agent", "claude")
    assert json.loads(path.read_bytes())["hooks"]["Stop"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert CliRunner().invoke(uninstall, [], obj=str(repo)).exit_code == 0
    assert path.read_bytes() == text
    assert path.stat().st_mode & 0o777 == 0o600


def test_settings_that_do_not_read_are_named_and_left(repo: Path) -> None:
    (repo / ".gemini").mkdir()
    (repo / ".gemini/settings.json").write_text("{oops")
    with pytest.raises(InvalidInput, match=r"\.gemini/settings\.json: not JSON"):
        run(repo, "--agent", "gemini")
    assert (repo / ".gemini/settings.json").read_text() == "{oops"


def test_settings_behind_a_symlink_are_not_written(repo: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (repo / ".claude").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInput, match="symlink"):
        run(repo, "--agent", "claude")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_second_run_changes_nothing(repo: Path, git: Git) -> None:
    run(repo)
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "chore: set up", cwd=repo)
    assert "Everything is up to date." in run(repo).output
    assert "Everything is up to date." in run(repo, "--upgrade").output
    assert git("status", "--porcelain", cwd=repo) == ""


def test_what_is_there_is_never_overwritten(repo: Path) -> None:
    config = repo / ".orchestrate" / "config.yaml"
    config.parent.mkdir()
    config.write_text("require_task: always\n")
    assert actions(repo)[".orchestrate/config.yaml"] == "keep"
    assert config.read_text() == "require_task: always\n"


def test_a_new_framework_brings_its_rule(repo: Path) -> None:
    run(repo)
    (repo / "go.mod").write_text("module x\n")
    created = {path for path, action in actions(repo).items() if action == "create"}
    assert created == {".orchestrate/rules/go.md"}


def as_if_installed_before(repo: Path, path: str) -> None:
    """Make the file what an earlier version would have left there, untouched."""
    (repo / path).write_text("an earlier version\n")
    record = repo / ".orchestrate" / "installed.json"
    value = json.loads(record.read_text())
    import hashlib

    value["files"][path] = hashlib.sha256(b"an earlier version\n").hexdigest()
    record.write_text(json.dumps(value))


def test_an_upgrade_replaces_what_nobody_touched(repo: Path) -> None:
    run(repo)
    path = ".orchestrate/rules/security.md"
    shipped = (repo / path).read_text()
    as_if_installed_before(repo, path)
    assert actions(repo)[path] == "keep"
    assert actions(repo, "--upgrade")[path] == "replace"
    assert (repo / path).read_text() == shipped
    assert actions(repo, "--upgrade")[path] == "keep"


def test_an_upgrade_lays_the_newer_version_beside_an_edited_file(repo: Path) -> None:
    run(repo)
    path = repo / ".orchestrate" / "rules" / "security.md"
    shipped = path.read_text()
    as_if_installed_before(repo, ".orchestrate/rules/security.md")
    path.write_text("mine\n")
    shown = run(repo, "--upgrade").output
    assert "yours stays; the newer version is .orchestrate/rules/security.md.new" in shown
    assert "-mine" in shown and "+# Security" in shown
    assert path.read_text() == "mine\n"
    assert path.with_name("security.md.new").read_text() == shipped


def test_a_removed_file_stays_removed(repo: Path) -> None:
    run(repo)
    (repo / ".orchestrate" / "roles" / "reviewer.yaml").unlink()
    assert actions(repo, "--upgrade")[".orchestrate/roles/reviewer.yaml"] == "removed"
    assert not (repo / ".orchestrate" / "roles" / "reviewer.yaml").exists()


def test_it_works_without_commits_and_from_a_folder_below(tmp_path: Path, git: Git) -> None:
    git("init", "-q", str(tmp_path))
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    run(below)
    assert (tmp_path / ".orchestrate" / "config.yaml").is_file()


def test_no_symlink_leads_out_of_the_repository(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo / ".orchestrate").symlink_to(outside)
    with pytest.raises(InvalidInput, match="symlink"):
        run(repo)
    assert os.listdir(outside) == []


def test_a_folder_without_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="not in a git repository") as caught:
        run(tmp_path)
    assert "git init" in caught.value.hint


def test_a_bare_repository_is_refused(tmp_path: Path, git: Git) -> None:
    git("init", "-q", "--bare", str(tmp_path))
    with pytest.raises(InvalidInput, match="without a work tree"):
        run(tmp_path)


def test_json_says_what_is_written(repo: Path) -> None:
    report = json.loads(run(repo, "--json", "--dry-run").output)
    assert report["dry_run"] is True
    assert report["rules"] == ["security", "test-standards", "design-docs", "git-hygiene"]
    assert all(file["written"] == file["path"] for file in report["files"])
