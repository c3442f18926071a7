"""What opens, and what is refused with the reason."""

import os
from pathlib import Path

import pytest

from orchestrate.errors import InvalidInput, OrchestrateError, Unsupported
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, RefUpdate
from tests.git.conftest import Git


def test_a_repository_is_found_upward(repo: Path) -> None:
    opened = Repository.open(repo / "src")
    assert opened.work_tree == repo
    assert opened.git_dir == opened.common_dir == repo / ".git"


def test_a_linked_worktree_has_its_own_git_dir(repo: Path, tmp_path: Path, git: Git) -> None:
    git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"), cwd=repo)
    opened = Repository.open(str(tmp_path / "linked"))
    assert opened.work_tree == tmp_path / "linked"
    assert opened.git_dir == repo / ".git" / "worktrees" / "linked"
    assert opened.common_dir == repo / ".git"
    assert opened.head_branch() == "refs/heads/side"
    head = opened.resolve("HEAD")
    opened.swap_refs([RefUpdate("refs/heads/made", head, None)])
    assert Repository.open(repo).ref("refs/heads/made") == head
    assert "refs/heads/made" in opened.refs("refs/heads/")


def test_a_bare_repository_has_no_work_tree(repo: Path, tmp_path: Path, git: Git) -> None:
    git("clone", "-q", "--bare", str(repo), str(tmp_path / "bare.git"))
    opened = Repository.open(tmp_path / "bare.git")
    assert opened.work_tree is None
    assert opened.read_path(opened.resolve("main"), "a.txt") == b"one\n"


def test_the_environment_of_a_hook_does_not_redirect(
    repo: Path, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    git("init", "-q", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "elsewhere"))
    assert Repository.open(repo).git_dir == repo / ".git"


def test_no_repository_says_where(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="is not in a git repository") as refused:
        Repository.open(tmp_path)
    assert str(tmp_path) in str(refused.value)
    with pytest.raises(InvalidInput):
        Repository.open(tmp_path / "gone")


def test_sha256_is_refused(tmp_path: Path, git: Git) -> None:
    git("init", "-q", "--object-format=sha256", str(tmp_path / "r"))
    with pytest.raises(Unsupported, match="stores SHA-256 objects"):
        Repository.open(tmp_path / "r")


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("extensions.refstorage", "refs as a reftable"),
        ("extensions.partialClone", "partial clone"),
        ("extensions.somethingNew", "extension that libgit2 does not know"),
    ],
)
def test_extensions_are_refused_with_the_reason(
    repo: Path, git: Git, key: str, reason: str
) -> None:
    git("config", "core.repositoryFormatVersion", "1", cwd=repo)
    git("config", key, "reftable", cwd=repo)
    with pytest.raises(Unsupported, match=reason) as refused:
        Repository.open(repo)
    assert refused.value.hint


def test_a_partial_clone_made_by_git_is_refused(repo: Path, tmp_path: Path, git: Git) -> None:
    git("config", "uploadpack.allowFilter", "true", cwd=repo)
    git("clone", "-q", "--filter=blob:none", f"file://{repo}", str(tmp_path / "partial"))
    with pytest.raises(Unsupported, match="partial clone"):
        Repository.open(tmp_path / "partial")


def test_a_newer_format_is_refused(repo: Path, git: Git) -> None:
    git("config", "core.repositoryFormatVersion", "7", cwd=repo)
    with pytest.raises(Unsupported, match="newer than libgit2 knows"):
        Repository.open(repo)


@pytest.mark.parametrize(
    "arguments",
    [
        ("update-index", "--split-index"),
        ("sparse-checkout", "set", "--sparse-index", "src"),
        ("update-index", "--index-version", "4"),
    ],
)
def test_no_kind_of_index_matters_as_none_is_read(
    repo: Path, git: Git, arguments: tuple[str, ...]
) -> None:
    git(*arguments, cwd=repo)
    opened = Repository.open(repo)
    head = opened.resolve("HEAD")
    tree = opened.edit_tree(opened.tree_of(head), {"new": (FILE, opened.write_blob(b"1"))})
    assert [c.path for c in opened.diff(opened.tree_of(head), tree)] == ["new"]
    opened.swap_refs([RefUpdate("refs/orchestrate/x", head, None)])


def test_a_damaged_configuration_is_an_error_with_the_place(repo: Path) -> None:
    (repo / ".git" / "config").write_text("[core\n")
    with pytest.raises(OrchestrateError, match=f"{repo}"):
        Repository.open(repo)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_owner_is_trusted_only_if_git_is_told(
    repo: Path, git: Git, fenced: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chown(repo, 12345, 12345)
    os.chown(repo / ".git", 12345, 12345)
    monkeypatch.delenv("SUDO_UID", raising=False)
    with pytest.raises(Unsupported, match="belongs to another user") as refused:
        Repository.open(repo)
    assert f"safe.directory {repo}" in refused.value.hint
    (fenced / "config").write_text(f"[safe]\n\tdirectory = {repo}\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(fenced / "config"))
    assert Repository.open(repo / "src").work_tree == repo


def test_a_revision_that_names_no_commit_is_refused(opened: Repository) -> None:
    assert opened.resolve("HEAD") == opened.resolve("main") == opened.resolve("main^{commit}")
    for rev in ("nothing", "HEAD~9", "main:a.txt", "", "-x"):
        with pytest.raises(InvalidInput, match="does not name a commit"):
            opened.resolve(rev)
