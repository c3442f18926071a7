"""Ways round the hooks that are closed: what is taken back, chains of commits, variables."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestrate.checks.secrets import samples
from orchestrate.git.changes import Objects
from orchestrate.git.types import Oid
from orchestrate.hooks.install import install
from orchestrate.hooks.place import Place
from orchestrate.hooks.ranges import range_findings
from tests.hooks.making import git
from tests.hooks.test_hooks import BAD, task

Commit = Callable[..., tuple[int, str]]


def secret() -> bytes:
    return f'key = "{samples.expand("{{github:ghp}}")}"\n'.encode()


def head(folder: Path, name: str = "HEAD") -> Oid:
    return Oid(git(folder, "rev-parse", name).stdout.decode().strip())


def of_range(folder: Path, base: str, **options: object) -> list[tuple[str, str]]:
    """Id and path of what a push, `verify` and `check RANGE` say to `base`..HEAD."""
    with Objects(str(folder)) as objects:
        place = Place(objects, folder)
        found = range_findings(place, head(folder, base), place.head, None, **options)
    return [(one.id, one.path) for one in found if one.id != "unconventional-subject"]


@pytest.fixture
def published(guarded: Path, tmp_path: Path) -> Path:
    """The same repository with a remote that has its first commit."""
    git(tmp_path, "init", "-q", "--bare", "remote.git")
    git(guarded, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(guarded, "push", "-q", "origin", "main")
    return guarded


def test_a_secret_that_the_next_commit_takes_out_is_seen_by_push_and_ci(
    commit: Commit, published: Path
) -> None:
    commit({"b.py": secret()}, "feat: b", "--no-verify")
    bad = head(published)
    assert commit({"b.py": b"x = 1\n"}, "fix: without it")[0] == 0
    done = git(published, "push", "-q", "origin", "main", check=False)
    assert done.returncode == 1
    assert f"b.py:1:8: block github-token: commit {bad[:12]}: ".encode() in done.stderr
    assert of_range(published, "HEAD~2") == [("github-token", "b.py")]
    assert of_range(published, "HEAD~2", only=frozenset(["paths"])) == []
    assert of_range(published, "HEAD~1") == []


def test_a_mark_that_comes_in_a_later_commit_holds_for_those_before(
    commit: Commit, published: Path
) -> None:
    commit({"b.py": secret()}, "feat: b", "--no-verify")
    mark = b"# orchestrate: allow github-token no real one\n"
    assert commit({"b.py": mark + secret(), "c.py": b"x = 1\n"}, "fix: say so")[0] == 0
    assert of_range(published, "HEAD~2") == []
    assert git(published, "push", "-q", "origin", "main").returncode == 0


def test_what_is_no_harm_in_history_may_be_taken_back(commit: Commit, published: Path) -> None:
    commit({"b.py": BAD}, "feat: b", "--no-verify")
    assert commit({"b.py": None}, "fix: without it")[0] == 0
    assert git(published, "push", "-q", "origin", "main").returncode == 0


def test_a_link_and_a_large_file_that_are_gone_are_told_once_each(
    commit: Commit, published: Path
) -> None:
    os.symlink("/etc/passwd", published / "link")
    commit({"big.bin": b"\0" * 2_000_000}, "feat: both", "--no-verify")
    commit({"big.bin": b"\0" * 2_000_001}, "feat: again", "--no-verify")
    os.unlink(published / "link")
    commit({"big.bin": None}, "fix: neither")
    assert of_range(published, "HEAD~3") == [("huge-file", "big.bin"), ("unsafe-symlink", "link")]


def test_what_the_base_has_is_not_new_when_it_comes_back(commit: Commit, published: Path) -> None:
    commit({"b.py": secret(), "c.py": secret()}, "feat: known", "--no-verify")
    commit({"b.py": None, "c.py": b"x = 1\n"}, "feat: away")
    commit({"b.py": secret(), "c.py": secret() + b"x = 2\n"}, "feat: back", "--no-verify")
    commit({"b.py": secret() + b"x = 3\n", "c.py": b"x = 1\n"}, "feat: on", "--no-verify")
    assert of_range(published, "HEAD~3") == []


def test_a_secret_in_a_merge_that_is_taken_out_again_is_seen(
    commit: Commit, published: Path
) -> None:
    git(published, "checkout", "-q", "-b", "side")
    commit({"b.py": b"x = 1\n"})
    git(published, "checkout", "-q", "main")
    commit({"c.py": b"x = 1\n"})
    git(published, "merge", "-q", "--no-commit", "side")
    commit({"d.py": secret()}, "feat: merged", "--no-verify")
    commit({"d.py": None}, "fix: without it")
    assert of_range(published, "origin/main") == [("github-token", "d.py")]


def guard_refs(folder: Path) -> None:
    install(folder, hooks=["reference-transaction"])


def made(folder: Path, parent: str, files: dict[str, bytes]) -> str:
    """A commit that no hook saw, on no branch."""
    env = {**os.environ, "GIT_INDEX_FILE": str(folder / ".git" / "other")}
    git(folder, "read-tree", parent, env=env)
    for name, data in files.items():
        blob = git(folder, "hash-object", "-w", "--stdin", input=data).stdout.decode().strip()
        git(folder, "update-index", "--add", "--cacheinfo", f"100644,{blob},{name}", env=env)
    tree = git(folder, "write-tree", env=env).stdout.decode().strip()
    done = git(folder, "commit-tree", "-p", parent, "-m", "feat: x", tree)
    return done.stdout.decode().strip()


def test_a_chain_of_commits_is_judged_whole_when_a_branch_moves_to_it(guarded: Path) -> None:
    guard_refs(guarded)
    bad = made(guarded, "HEAD", {"b.py": BAD})
    tip = made(guarded, bad, {"c.py": b"x = 1\n"})
    for command in (("branch", "new", tip), ("update-ref", "refs/heads/main", tip)):
        done = git(guarded, *command, check=False)
        assert done.returncode != 0
        assert b"merge-conflict" in done.stderr


def test_no_number_of_other_refs_hides_one(guarded: Path) -> None:
    guard_refs(guarded)
    bad, known = made(guarded, "HEAD", {"b.py": BAD}), head(guarded)
    lines = [f"create refs/heads/a{number} {known}\n" for number in range(30)]
    said = "".join([*lines, f"create refs/heads/z {bad}\n"]).encode()
    done = git(guarded, "update-ref", "--stdin", input=said, check=False)
    assert done.returncode != 0
    assert b"merge-conflict" in done.stderr


def test_on_a_task_a_branch_in_the_same_transaction_does_not_hide_head(guarded: Path) -> None:
    guard_refs(guarded)
    task(guarded)
    git(guarded, "checkout", "-q", "--detach")
    outside, known = made(guarded, "HEAD", {"b.py": b"x = 1\n"}), head(guarded)
    said = f"create refs/heads/a {known}\noption no-deref\nupdate HEAD {outside}\n".encode()
    done = git(guarded, "update-ref", "--stdin", input=said, check=False)
    assert done.returncode != 0
    assert b"outside-allowed" in done.stderr


def test_a_message_with_a_secret_ends_there_too(commit: Commit, guarded: Path) -> None:
    guard_refs(guarded)
    message = f"feat: b\n\n{secret().decode()}"
    code, said = commit({"b.py": b"x = 1\n"}, message, "--no-verify")
    assert (code != 0, "github-token" in said) == (True, True)


def test_no_variable_makes_a_commit_a_merge(
    commit: Commit, guarded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = made(guarded, "HEAD", {"b.py": secret()})
    monkeypatch.setenv(f"GITHEAD_{same}", "side")
    code, said = commit({"b.py": secret()})
    assert (code, "github-token" in said) == (1, True)


def test_a_push_does_not_unlock_the_branch_that_the_remote_guards(
    commit: Commit, published: Path
) -> None:
    git(published, "checkout", "-q", "-b", "develop")
    commit({".orchestrate/config.yaml": b"schema_version: 1\nbase_branch: develop\n"})
    assert git(published, "push", "-q", "origin", "develop").returncode == 0
    commit({".orchestrate/config.yaml": b"schema_version: 1\n"})
    done = git(published, "push", "-q", "origin", ":develop", check=False)
    assert (done.returncode, b"push-deletes-protected" in done.stderr) == (1, True)
