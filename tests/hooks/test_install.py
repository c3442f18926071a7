"""Installing, chaining, proving and taking out the hooks."""

import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.errors import InvalidInput, NoRepository
from orchestrate.hooks.install import doctor, install, uninstall
from orchestrate.hooks.stubs import ALL, HOOKS, PROBE, PROBE_ANSWER, stub
from orchestrate.resources import folder
from tests.hooks.making import git

THEIRS = b"#!/bin/sh\n# ours, \xff\necho theirs ran >> ran\ncat >> ran\nexit 0\n"


def hooks_of(repo: Path) -> dict[str, tuple[bytes, int, bool]]:
    return {
        p.name: (p.read_bytes(), stat.S_IMODE(p.lstat().st_mode), p.is_symlink())
        for p in (repo / ".git" / "hooks").iterdir()
    }


def test_installing_twice_changes_nothing(repo: Path) -> None:
    assert {d.what for d in install(repo)} == {"installed"}
    before = hooks_of(repo)
    assert {d.what for d in install(repo)} == {"unchanged"}
    assert hooks_of(repo) == before


def test_a_dry_run_writes_nothing(repo: Path) -> None:
    before, config = hooks_of(repo), (repo / ".git" / "config").read_bytes()
    assert [d.what for d in install(repo, dry_run=True)] == ["installed"] * len(HOOKS)
    assert (hooks_of(repo), (repo / ".git" / "config").read_bytes()) == (before, config)


def test_uninstalling_restores_every_byte(repo: Path) -> None:
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "pre-commit").write_bytes(THEIRS)
    (hooks / "pre-commit").chmod(0o755)
    (repo / "script").write_bytes(THEIRS)
    (hooks / "commit-msg").symlink_to("../../script")
    (hooks / "pre-push").write_bytes(b"\x7fELF not really")
    before, config = hooks_of(repo), (repo / ".git" / "config").read_bytes()
    done = {d.hook: d.what for d in install(repo)}
    assert [done[h] for h in ("pre-commit", "commit-msg", "pre-push")] == ["chained"] * 3
    uninstall(repo)
    assert hooks_of(repo) == before
    assert (repo / ".git" / "config").read_bytes() == config
    assert not list((repo / ".git" / "orchestrate").glob("cache-*/*"))


def test_a_hook_that_was_there_runs_first_with_what_git_says(repo: Path) -> None:
    hooks = repo / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("pre-commit", "pre-push"):
        (hooks / name).write_bytes(THEIRS)
        (hooks / name).chmod(0o755)
    install(repo)
    remote = repo.parent / "remote.git"
    git(repo, "init", "-q", "--bare", str(remote))
    git(repo, "push", "-q", str(remote), "main")
    said = (repo / "ran").read_text()
    assert said.startswith("theirs ran\n")
    assert "refs/heads/main" in said
    (repo / "b.py").write_bytes(b"<<<<<<< HEAD\n")
    git(repo, "add", "b.py")
    assert git(repo, "commit", "-q", "-m", "feat: x", check=False).returncode == 1
    assert (repo / "ran").read_text().count("theirs ran") == 2


def test_a_hook_that_was_there_still_refuses(repo: Path) -> None:
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 7\n")
    hook.chmod(0o755)
    install(repo)
    git(repo, "commit", "-q", "--allow-empty", "-m", "feat: x", check=False)
    assert git(repo, "log", "--oneline").stdout.count(b"\n") == 1


def test_a_hook_edited_since_is_kept_and_told(repo: Path) -> None:
    install(repo)
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.write_bytes(hook.read_bytes() + b"echo mine\n")
    done = {d.hook: d.what for d in uninstall(repo)}
    assert done["pre-commit"] == "kept"
    assert hook.exists()


def test_hooks_path_of_the_repository_is_honoured(repo: Path) -> None:
    git(repo, "config", "core.hooksPath", "my hooks")
    install(repo)
    assert (repo / "my hooks" / "pre-commit").exists()
    assert all(f.fires for f in doctor(repo))
    assert git(repo, "config", "core.hooksPath").stdout == b"my hooks\n"


def test_a_hooks_path_that_others_share_is_refused(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "gitconfig"
    mine.write_text(f"[core]\n\thooksPath = {tmp_path / 'shared'}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(mine))
    with pytest.raises(InvalidInput, match="all your repositories"):
        install(repo)
    assert not (tmp_path / "shared").exists()


def test_doctor_says_for_each_worktree_why_a_hook_does_not_fire(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {f.hook: f for f in doctor(repo)}
    assert "not there" in found["pre-commit"].reason
    install(repo)
    other = repo.parent / "other"
    git(repo, "worktree", "add", "-q", str(other))
    assert {(f.worktree, f.fires) for f in doctor(repo)} == {(repo, True), (other, True)}
    hook = repo / ".git" / "hooks" / "pre-commit"
    hook.chmod(0o644)
    assert "not executable" in {f.hook: f for f in doctor(repo)}["pre-commit"].reason
    hook.chmod(0o755)
    git(repo, "config", "orchestrate.python", "/nowhere")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert not {f.hook: f for f in doctor(repo)}["pre-commit"].fires


def test_a_relative_hooks_path_leaves_a_linked_worktree_unguarded_and_doctor_sees_it(
    repo: Path,
) -> None:
    git(repo, "config", "core.hooksPath", "hooks-here")
    install(repo)
    other = repo.parent / "other"
    git(repo, "worktree", "add", "-q", str(other))
    by_tree = {(f.worktree.name, f.fires) for f in doctor(repo)}
    assert by_tree == {("repo", True), ("other", False)}


def test_outside_a_repository_nothing_is_installed(tmp_path: Path) -> None:
    with pytest.raises(NoRepository):
        install(tmp_path)


def test_an_unknown_hook_is_refused(repo: Path) -> None:
    with pytest.raises(InvalidInput, match="no hook 'post-nothing'"):
        install(repo, hooks=["post-nothing"])


@pytest.mark.parametrize("hook", ALL)
def test_the_shipped_stubs_are_the_ones_that_install_writes(hook: str) -> None:
    shipped = folder("githooks") / hook
    assert shipped.read_text(encoding="utf-8") == stub(hook)


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_every_stub_parses(shell: str, tmp_path: Path) -> None:
    for hook in ALL:
        path = tmp_path / hook
        path.write_text(stub(hook))
        subprocess.run([shell, "-n", str(path)], check=True)


@pytest.mark.parametrize("folder", ["plain", "with space", "odd ; # 'name'", 'back\\slash "q"'])
def test_the_stub_finds_the_interpreter_however_git_writes_its_path(
    repo: Path, tmp_path: Path, folder: str
) -> None:
    install(repo, hooks=["pre-commit"])
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\necho "found $0" >&2\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    git(repo, "config", "orchestrate.python", str(python))
    run = [str(repo / ".git" / "hooks" / "pre-commit"), PROBE]
    said = subprocess.run(run, cwd=repo, capture_output=True, text=True, check=True).stderr
    assert said == f"found {python}\n{PROBE_ANSWER}\n"


def test_a_stub_in_a_folder_of_the_repository_reads_no_configuration_beside_it(
    repo: Path, tmp_path: Path
) -> None:
    install(repo, hooks=["pre-commit"])
    (repo / "hooks").mkdir()
    shutil.copy(repo / ".git" / "hooks" / "pre-commit", repo / "hooks")
    (repo / "config").write_text(f"[orchestrate]\n\tpython = {tmp_path}\n\tentry = /bin/sh\n")
    run = [str(repo / "hooks" / "pre-commit"), PROBE]
    assert (
        PROBE_ANSWER
        in subprocess.run(run, cwd=repo, capture_output=True, text=True, check=False).stderr
    )
