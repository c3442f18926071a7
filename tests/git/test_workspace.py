"""An agent's clone, and what is taken back from it whatever was done there."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.errors import InvalidInput, OrchestrateError
from orchestrate.git.gitdirs import config_bytes, object_stores
from orchestrate.git.repository import Repository
from orchestrate.git.types import EXECUTABLE, FILE, SUBMODULE, SYMLINK, EntryChange, Oid
from orchestrate.git.workspace import capture_tree, create_workspace
from tests.git.conftest import Git

Make = Callable[..., Path]
Capture = Callable[..., list[EntryChange]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture
def index(tmp_path: Path) -> Path:
    return tmp_path / "private"


@pytest.fixture
def made(opened: Repository, folder: Path, index: Path) -> Path:
    """A full workspace of HEAD."""
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    return folder


@pytest.fixture
def changes(opened: Repository, folder: Path, index: Path) -> Callable[[], dict[str, int]]:
    """`changes()` captures the workspace: path -> new mode of what differs from HEAD."""

    def capture() -> dict[str, int]:
        tree = capture_tree(opened, folder, index)
        base = opened.tree_of(opened.resolve("HEAD"))
        return {change.path: change.new_mode for change in opened.diff(base, tree)}

    return capture


Changes = Callable[[], dict[str, int]]


# Made


def test_a_workspace_is_a_clean_clone_of_its_own(
    opened: Repository, made: Path, git: Git, repo: Path
) -> None:
    head = opened.resolve("HEAD")
    assert (made / "src" / "app.py").read_text() == "print('hello')\n"
    assert git("rev-parse", "HEAD", cwd=made) == head
    assert git("status", "--porcelain", cwd=made) == ""
    assert git("for-each-ref", cwd=made) == ""
    assert git("rev-parse", "--abbrev-ref", "HEAD", cwd=made) == "HEAD"
    git("fsck", "--strict", cwd=made)
    (made / "new.txt").write_text("x")
    git("add", "-A", cwd=made)
    git("commit", "-q", "-m", "mine", cwd=made)
    git("branch", "theirs", cwd=made)
    assert git("for-each-ref", "--format=%(refname)", cwd=repo) == "refs/heads/main"
    assert opened.resolve("HEAD") == head
    assert not opened.has_commit(git("rev-parse", "HEAD", cwd=made))  # its objects are its own


def test_the_agent_commits_as_the_identity_it_was_given(
    opened: Repository, tmp_path: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    who = ('Agent "7" of Ä', "agent@example.org")
    place = tmp_path / "w"
    create_workspace(opened, opened.resolve("HEAD"), place, index=tmp_path / "i", identity=who)
    for name in (
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ):
        monkeypatch.delenv(name)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=place)
    assert git("log", "-1", "--format=%an|%ae|%cn", cwd=place) == f"{who[0]}|{who[1]}|{who[0]}"


def test_hooks_and_remotes_stay_behind_and_line_ends_come_along(
    opened: Repository, folder: Path, index: Path, repo: Path, git: Git
) -> None:
    hook = repo / ".git" / "hooks" / "post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {repo}/hooked\n")
    hook.chmod(0o755)
    git("config", "core.autocrlf", "true", cwd=repo)
    git("config", "remote.origin.url", "https://example.org/x", cwd=repo)
    git("config", "filter.shout.smudge", "tr a-z A-Z", cwd=repo)
    git("config", "filter.shout.clean", "tr A-Z a-z", cwd=repo)
    (repo / ".git" / "info").mkdir(exist_ok=True)
    (repo / ".git" / "info" / "attributes").write_text("src/* filter=shout\n")
    (repo / ".git" / "info" / "exclude").write_text("*.tmp\n")
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    assert (folder / "a.txt").read_bytes() == b"one\r\n"
    assert (folder / "src" / "app.py").read_bytes() == b"PRINT('HELLO')\r\n"
    assert git("remote", cwd=folder) == ""
    assert not (repo / "hooked").exists()
    (folder / "x.tmp").write_text("ignored")
    assert git("status", "--porcelain", "--untracked-files=all", cwd=folder) == ""


@pytest.mark.parametrize("kind", ["file", "full", "link"])
def test_a_folder_in_use_is_refused_and_kept(
    opened: Repository, folder: Path, index: Path, tmp_path: Path, kind: str
) -> None:
    if kind == "file":
        folder.write_text("x")
    elif kind == "full":
        folder.mkdir()
        (folder / "mine").write_text("x")
    else:
        folder.symlink_to(tmp_path)
    with pytest.raises(OrchestrateError, match="is in use"):
        create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    assert folder.is_symlink() or folder.exists()


def test_what_fails_half_way_leaves_nothing(opened: Repository, folder: Path, index: Path) -> None:
    with pytest.raises(OrchestrateError, match="could not be written"):
        create_workspace(opened, Oid("1" * 40), folder, index=index)
    assert not folder.exists()
    assert not index.exists()


def test_an_empty_folder_and_an_awkward_name_will_do(
    opened: Repository, tmp_path: Path, git: Git
) -> None:
    place = tmp_path / 'a "b"\n#c'
    place.mkdir()
    create_workspace(opened, opened.resolve("HEAD"), place, index=tmp_path / "i")
    assert git("status", "--porcelain", cwd=place) == ""
    assert capture_tree(opened, place, tmp_path / "i") == opened.tree_of(opened.resolve("HEAD"))


# Where the user's repository is not a plain one


def test_of_a_linked_worktree(
    repo: Path, tmp_path: Path, git: Git, folder: Path, index: Path
) -> None:
    git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), cwd=repo)
    opened = Repository.open(tmp_path / "linked")
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    assert git("status", "--porcelain", cwd=folder) == ""
    assert capture_tree(opened, folder, index) == opened.tree_of(opened.resolve("HEAD"))


def test_of_a_shallow_clone(
    repo: Path, tmp_path: Path, git: Git, folder: Path, index: Path
) -> None:
    git("commit", "-q", "--allow-empty", "-m", "second", cwd=repo)
    git("clone", "-q", "--depth", "1", f"file://{repo}", str(tmp_path / "shallow"))
    opened = Repository.open(tmp_path / "shallow")
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    assert git("log", "--format=%s", cwd=folder) == "second"


def test_of_a_clone_that_borrows_from_a_clone_that_borrows(
    repo: Path, tmp_path: Path, git: Git, folder: Path, index: Path
) -> None:
    """The middle one's path is relative, which git follows in a repository of its own only."""
    middle, last = tmp_path / "middle", tmp_path / "last"
    git("clone", "-q", "--shared", str(repo), str(middle))
    alternates = middle / ".git" / "objects" / "info" / "alternates"
    alternates.write_text("# a comment\n../../../repo/.git/objects\n")
    git("clone", "-q", "--shared", str(middle), str(last))
    opened = Repository.open(last)
    assert object_stores(opened.common_dir) == [
        place / ".git" / "objects" for place in (last, middle, repo)
    ]
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    assert git("status", "--porcelain", cwd=folder) == ""
    git("fsck", cwd=folder)


def test_with_a_sparse_checkout_of_the_users_own(
    opened: Repository, repo: Path, git: Git, folder: Path, index: Path, changes: Changes
) -> None:
    git("sparse-checkout", "set", "nothing", cwd=repo)
    assert not (repo / "src").exists()
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    assert (folder / "src" / "app.py").exists()
    assert changes() == {}


def test_settings_of_the_user_that_would_slow_or_run_things_do_not_count(
    opened: Repository, folder: Path, index: Path, fenced: Path, monkeypatch: pytest.MonkeyPatch,
    changes: Changes,
) -> None:  # fmt: skip
    witness = fenced / "ran"
    monitor = fenced / "monitor"
    monitor.write_text(f"#!/bin/sh\ntouch {witness}\n")
    monitor.chmod(0o755)
    (fenced / "config").write_text(
        f"[core]\n\tfsmonitor = {monitor}\n\thooksPath = {fenced}\n\tsparseCheckout = true\n"
        "\ttrustctime = false\n\tcheckStat = minimal\n\tignoreStat = true\n"
        "[submodule]\n\trecurse = true\n[user]\n\tuseConfigOnly = true\n[add]\n\tignoreErrors = 1\n"
    )
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(fenced / "config"))
    (fenced / "post-checkout").write_text(f"#!/bin/sh\ntouch {witness}\n")
    (fenced / "post-checkout").chmod(0o755)
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index)
    before = (folder / "a.txt").stat()
    time.sleep(1.1)  # into another second, in which git trusts what it noted
    (folder / "a.txt").write_text("two\n")
    os.utime(folder / "a.txt", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert changes() == {"a.txt": FILE}  # by its change time, which nobody can set back
    assert not witness.exists()


# Captured


def test_every_kind_of_change_is_captured(made: Path, changes: Changes) -> None:
    assert changes() == {}
    (made / "a.txt").chmod(0o755)
    (made / "src" / "app.py").unlink()
    (made / "new dir").mkdir()
    (made / "new dir" / "line\nbreak").write_text("x")
    (made / os.fsdecode(b"\xff")).write_text("x")
    (made / "link").symlink_to("/etc/passwd")
    (made / "empty").mkdir()
    expected = {
        "a.txt": EXECUTABLE,
        "src/app.py": 0,
        "new dir/line\nbreak": FILE,
        "\udcff": FILE,
        "link": SYMLINK,
    }
    assert changes() == expected
    assert changes() == expected  # and again, through the same index


def test_ignored_files_stay_out(made: Path, changes: Changes) -> None:
    (made / ".gitignore").write_text("*.log\n")
    (made / "x.log").write_text("x")
    assert changes() == {".gitignore": FILE}


def test_a_change_of_the_same_size_in_the_same_second_is_seen(made: Path, changes: Changes) -> None:
    (made / "a.txt").write_text("two\n")
    assert changes() == {"a.txt": FILE}
    (made / "a.txt").write_text("one\n")
    assert changes() == {}


def test_commits_and_an_index_of_the_agent_do_not_matter(
    made: Path, changes: Changes, git: Git
) -> None:
    (made / "a.txt").write_text("two\n")
    git("commit", "-q", "-a", "-m", "x", cwd=made)
    (made / "src" / "app.py").write_text("changed\n")
    git("update-index", "--assume-unchanged", "src/app.py", cwd=made)
    git("update-index", "--skip-worktree", "a.txt", cwd=made)
    assert changes() == {"a.txt": FILE, "src/app.py": FILE}


@pytest.mark.parametrize("damage", ["gone", "a file", "a link", "rubbish"])
def test_what_became_of_dot_git_does_not_matter(
    made: Path, changes: Changes, tmp_path: Path, damage: str
) -> None:
    (made / "a.txt").write_text("two\n")
    shutil.rmtree(made / ".git")
    if damage == "a file":
        (made / ".git").write_text("gitdir: /nowhere\n")
    elif damage == "a link":
        (made / ".git").symlink_to(tmp_path / "repo" / ".git")
    elif damage == "rubbish":
        (made / ".git").mkdir()
        (made / ".git" / "HEAD").write_text("?")
    assert changes() == {"a.txt": FILE}


def test_nothing_the_agent_configured_is_run(made: Path, changes: Changes, tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    with (made / ".git" / "config").open("a") as config:
        config.write(f'[core]\n\tfsmonitor = "touch {witness}"\n\thooksPath = {made}\n')
        config.write(f'[filter "evil"]\n\tclean = touch {witness}\n\tprocess = touch {witness}\n')
    (made / ".gitattributes").write_text("* filter=evil\n")
    (made / "a.txt").write_text("two\n")
    for hook in ("post-index-change", "pre-commit"):
        (made / hook).write_text(f"#!/bin/sh\ntouch {witness}\n")
        (made / hook).chmod(0o755)
    assert set(changes()) == {".gitattributes", "a.txt", "post-index-change", "pre-commit"}
    assert not witness.exists()


def test_a_nested_repository_is_a_submodule_entry(made: Path, changes: Changes, git: Git) -> None:
    (made / "nested").mkdir()
    git("init", "-q", cwd=made / "nested")
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=made / "nested")
    assert changes() == {"nested": SUBMODULE}


def test_a_nested_repository_without_a_commit_is_named(
    opened: Repository, made: Path, index: Path, git: Git
) -> None:
    git("init", "-q", "nested", cwd=made)
    (made / "nested" / "f").write_text("x")
    with pytest.raises(OrchestrateError, match=r"nested/.* does not have a commit"):
        capture_tree(opened, made, index)


def with_submodule(repo: Path, git: Git, tmp_path: Path) -> Oid:
    git("init", "-q", str(tmp_path / "sub"))
    git("commit", "-q", "--allow-empty", "-m", "sub", cwd=tmp_path / "sub")
    add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "sub"))
    git(*add, "lib/sub", cwd=repo)
    git("commit", "-q", "-m", "with a submodule", cwd=repo)
    return Oid(git("rev-parse", "HEAD", cwd=repo))


def test_a_submodule_stays_a_gitlink(
    opened: Repository, repo: Path, git: Git, tmp_path: Path, folder: Path, index: Path,
    changes: Changes,
) -> None:  # fmt: skip
    create_workspace(opened, with_submodule(repo, git, tmp_path), folder, index=index)
    assert list((folder / "lib" / "sub").iterdir()) == []
    assert changes() == {}
    shutil.rmtree(folder / "lib")
    assert changes() == {"lib/sub": 0}


def test_a_submodule_that_the_agent_filled_is_not_entered(
    opened: Repository, repo: Path, git: Git, tmp_path: Path, folder: Path, index: Path,
    changes: Changes,
) -> None:  # fmt: skip
    """Git would run `git status` there, and with it the filters that its configuration names."""
    create_workspace(opened, with_submodule(repo, git, tmp_path), folder, index=index)
    sub, witness = folder / "lib" / "sub", tmp_path / "ran"
    git("init", "-q", str(sub))
    (sub / "f").write_text("x")
    (sub / ".gitattributes").write_text("f filter=evil\n")
    git("add", "-A", cwd=sub)
    git("commit", "-q", "-m", "x", cwd=sub)
    git("config", "filter.evil.clean", f"touch {witness}", cwd=sub)
    (sub / "f").write_text("y")
    (folder / "a.txt").write_text("two\n")
    assert changes() == {"a.txt": FILE}
    assert not witness.exists()


def test_sockets_and_pipes_are_passed_over(made: Path, changes: Changes) -> None:
    os.mkfifo(made / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        here = Path.cwd()
        try:
            os.chdir(made)  # a socket's name is short
            listener.bind("socket")
        finally:
            os.chdir(here)
        (made / "a.txt").write_text("two\n")
        assert changes() == {"a.txt": FILE}


def test_a_tracked_file_that_became_a_pipe_does_not_hang(
    opened: Repository, made: Path, index: Path
) -> None:
    (made / "a.txt").unlink()
    os.mkfifo(made / "a.txt")
    with pytest.raises(OrchestrateError, match=r"a\.txt"):
        capture_tree(opened, made, index)


@pytest.mark.parametrize("kind", ["gone", "a file", "a link"])
def test_a_folder_that_is_gone_or_replaced_is_told(
    opened: Repository, made: Path, index: Path, repo: Path, kind: str
) -> None:
    shutil.rmtree(made)
    if kind == "a file":
        made.write_text("x")
    elif kind == "a link":
        made.symlink_to(repo)
    with pytest.raises(OrchestrateError, match="is gone"):
        capture_tree(opened, made, index)


def test_an_index_of_nothing_is_refused(opened: Repository, made: Path, tmp_path: Path) -> None:
    with pytest.raises(OrchestrateError, match="is not what `create_workspace` made"):
        capture_tree(opened, made, tmp_path)


def test_a_killed_captures_lock_does_not_stop_the_next(
    made: Path, index: Path, changes: Changes
) -> None:
    (index / "index.lock").touch()
    (made / "a.txt").write_text("two\n")
    assert changes() == {"a.txt": FILE}


def test_a_capture_leaves_the_users_repository_alone(
    opened: Repository, made: Path, changes: Changes, repo: Path, git: Git
) -> None:
    before = (repo / ".git" / "index").read_bytes()
    (made / "a.txt").write_text("two\n")
    changes()
    assert (repo / ".git" / "index").read_bytes() == before
    assert git("status", "--porcelain", cwd=repo) == ""
    assert opened.exists(Oid(git("hash-object", "a.txt", cwd=made)))


AS_NOBODY = """
import os, subprocess, sys
from pathlib import Path
from orchestrate.errors import OrchestrateError
from orchestrate.git.repository import Repository
from orchestrate.git.workspace import capture_tree, create_workspace
if os.geteuid() == 0:
    os.setgid(65534); os.setuid(65534)
top = Path(sys.argv[1]) / "mine"
top.mkdir()
for args in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "x"]):
    subprocess.run(["git", *args], cwd=top, check=True)
repo = Repository.open(top)
create_workspace(repo, repo.resolve("HEAD"), top / "work", index=top / "index")
(top / "work" / "secret").write_text("x")
(top / "work" / "secret").chmod(0)
try:
    capture_tree(repo, top / "work", top / "index")
except OrchestrateError as error:
    print(error)
"""


def test_a_file_that_cannot_be_read_is_named() -> None:
    """As somebody whom modes bind, which root is not."""
    with tempfile.TemporaryDirectory() as top:
        Path(top).chmod(0o777)
        script = [sys.executable, "-c", AS_NOBODY, top]
        done = subprocess.run(script, cwd=top, capture_output=True, text=True, check=True)
    assert 'open("secret"): Permission denied' in done.stdout


# Sparse


@pytest.fixture
def monorepo(repo: Path, git: Git) -> Path:
    """Folders a, b and c, each with a folder x and y and a file in each; a.txt at the top."""
    for name in "abc":
        for part in ("", "x/", "y/"):
            path = repo / f"{name}/{part}f.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{name}/{part}\n")
    git("add", "-A", cwd=repo)
    git("commit", "-q", "-m", "many", cwd=repo)
    return repo


@pytest.fixture
def sparse(monorepo: Path, folder: Path, index: Path) -> Path:
    """A workspace of the cone b/x."""
    opened = Repository.open(monorepo)
    create_workspace(opened, opened.resolve("HEAD"), folder, index=index, sparse=["b/x/"])
    return folder


def files_in(folder: Path) -> list[str]:
    paths = (path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts)
    return sorted(str(path.relative_to(folder)) for path in paths)


def test_a_sparse_workspace_holds_the_cone(sparse: Path, git: Git) -> None:
    assert files_in(sparse) == ["a.txt", "b/f.txt", "b/x/f.txt"]
    assert git("status", "--porcelain", cwd=sparse) == ""
    assert "a/" in git("ls-files", "--sparse", cwd=sparse).split("\n")
    assert git("sparse-checkout", "list", cwd=sparse) == "b/x"
    assert git("ls-files", cwd=sparse).count("\n") == 10
    assert git("write-tree", cwd=sparse) == git("rev-parse", "HEAD^{tree}", cwd=sparse)


def test_files_outside_the_cone_are_unchanged(sparse: Path, changes: Changes) -> None:
    assert changes() == {}
    (sparse / "b" / "x" / "f.txt").write_text("new\n")
    (sparse / "b" / "f.txt").unlink()
    (sparse / "new").mkdir()
    (sparse / "new" / "f").write_text("x")
    assert changes() == {"b/x/f.txt": FILE, "b/f.txt": 0, "new/f": FILE}


def test_files_made_outside_the_cone_are_captured(sparse: Path, changes: Changes) -> None:
    (sparse / "a" / "x").mkdir(parents=True)
    (sparse / "a" / "x" / "new.txt").write_text("x")
    (sparse / "a" / "x" / "f.txt").write_text("replaced\n")
    (sparse / "c" / "y").mkdir(parents=True)
    (sparse / "c" / "y" / "f.txt").write_text("c/y/\n")  # as it was
    assert changes() == {"a/x/new.txt": FILE, "a/x/f.txt": FILE}
    shutil.rmtree(sparse / "a")
    assert changes() == {}


def test_an_agent_that_widens_its_checkout_changes_nothing(
    sparse: Path, changes: Changes, git: Git
) -> None:
    git("sparse-checkout", "disable", cwd=sparse)
    assert len(files_in(sparse)) == 11
    assert changes() == {}


def test_cones_may_overlap_miss_or_be_empty(monorepo: Path, tmp_path: Path, git: Git) -> None:
    opened = Repository.open(monorepo)
    head = opened.resolve("HEAD")
    cones = {
        ("b", "b/x", "c/y", "none/at/all"): ["a.txt", "b/f.txt", "b/x/f.txt", "b/y/f.txt",
                                             "c/f.txt", "c/y/f.txt"],
        (): ["a.txt"],
    }  # fmt: skip
    for number, (cone, expected) in enumerate(cones.items()):
        place, index = tmp_path / f"w{number}", tmp_path / f"i{number}"
        create_workspace(opened, head, place, index=index, sparse=cone)
        assert files_in(place) == expected
        assert git("status", "--porcelain", cwd=place) == ""
        assert capture_tree(opened, place, index) == opened.tree_of(head)


def test_a_cone_outside_the_tree_is_refused(opened: Repository, folder: Path, index: Path) -> None:
    with pytest.raises(InvalidInput, match="not a path"):
        create_workspace(opened, opened.resolve("HEAD"), folder, index=index, sparse=["../x"])


def test_configuration_is_quoted(tmp_path: Path, git: Git) -> None:
    settings = [("a.b", 'x "y" \\z'), ("filter.na.me.clean", "run; # not a comment\n\ttab")]
    (tmp_path / "config").write_bytes(config_bytes(settings))
    for key, value in settings:
        assert git("config", "--file", str(tmp_path / "config"), key) == value
