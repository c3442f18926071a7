"""Changes that try to pass unseen: hook, runner and CI see each of them, and say the same."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestrate.checks.change import between
from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding
from orchestrate.git.changes import Objects
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.hooks.full import staged_findings
from orchestrate.hooks.install import install
from orchestrate.hooks.place import Place
from orchestrate.hooks.ranges import range_findings
from tests.hooks.making import git, shipped_policy

BAD = b"<<<<<<< HEAD\n"


class Evil(NamedTuple):
    """`before` is committed, then `change` is made and staged; `ids` must all be found."""

    change: Callable[[Path], object]
    ids: frozenset[str]
    before: Callable[[Path], object] | None = None
    adds: bool = True  # whether the files on disk are to be staged, or `change` did it


def put(name: str | bytes, data: bytes = BAD, mode: int = 0o644) -> Callable[[Path], None]:
    """Write a file."""

    def write(repo: Path) -> None:
        path = os.path.join(os.fsencode(repo), os.fsencode(name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data)
        os.chmod(path, mode)

    return write


def link(name: str, target: str) -> Callable[[Path], None]:
    """Put a symlink where a file, a folder or nothing was."""

    def make(repo: Path) -> None:
        path = repo / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        path.unlink(missing_ok=True)
        path.symlink_to(target)

    return make


def both(*steps: Callable[[Path], object]) -> Callable[[Path], None]:
    def do(repo: Path) -> None:
        for step in steps:
            step(repo)

    return do


def run(*args: str) -> Callable[[Path], object]:
    return lambda repo: git(repo, *args)


def moved(old: str, new: str) -> Callable[[Path], None]:
    """Rename without any other change, as `git mv` does."""

    def move(repo: Path) -> None:
        (repo / new).parent.mkdir(parents=True, exist_ok=True)
        git(repo, "mv", old, new)

    return move


def submodule(name: str, commit: str = "1" * 40) -> Callable[[Path], None]:
    """A submodule in the index; no repository stands behind it."""

    def stage(repo: Path) -> None:
        git(repo, "rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", name)
        git(repo, "update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")

    return stage


def attributes(text: str) -> Callable[[Path], None]:
    return both(put(".gitattributes", text.encode()), put("b.py"))


def ids(*names: str) -> frozenset[str]:
    return frozenset(names)


CONFLICT = ids("merge-conflict")
HOSTILE = [
    b"new\nline", b"tab\t", b'quo"te', b"back\\slash", b"-rf", b"\xff\xfe", b"cr\r", b"esc\x1b[2J",
    b":(icase)x", b"--", b"$(id)", b"\xe2\x80\xae.py",
]  # fmt: skip
EVIL = {
    **{f"name {name!a}": Evil(put(name), CONFLICT) for name in HOSTILE},
    "control characters in a name": Evil(put(b"a\nb\tc", b"x\n"), ids("unprintable-path")),
    "a name that is not UTF-8": Evil(put(b"\xff", b"x\n"), ids("unprintable-path")),
    "a rename into CI": Evil(moved("a.txt", ".github/workflows/a.yml"), ids("ci-changed")),
    "a rename into the policy": Evil(
        moved("a.txt", ".orchestrate/rules/a.md"), ids("policy-changed")
    ),
    "a rename out of the policy": Evil(
        moved(".orchestrate/rules/x.txt", "x.txt"),
        ids("policy-changed"),
        put(".orchestrate/rules/x.txt", b"x\n"),
    ),
    "a rename of a folder into the hooks": Evil(moved("src", ".githooks"), ids("hooks-changed")),
    "a mode alone": Evil(put("a.txt", b"one\n", 0o755), ids("new-executable")),
    "a file becomes a link outside": Evil(link("a.txt", "/etc/passwd"), ids("unsafe-symlink")),
    "a folder becomes a link outside": Evil(link("src", "../other"), ids("unsafe-symlink")),
    "a link into git's folder": Evil(link("config", ".git/config"), ids("unsafe-symlink")),
    "a link changes its target": Evil(
        link("l", "../../x"), ids("unsafe-symlink"), link("l", "a.txt")
    ),
    "a link becomes a file": Evil(
        both(run("rm", "-q", "l"), put("l")), CONFLICT, link("l", "a.txt")
    ),
    "a new submodule": Evil(submodule("sub"), ids("submodule-changed"), adds=False),
    "a submodule in a file's place": Evil(submodule("a.txt"), ids("submodule-changed"), adds=False),
    "a submodule in a folder's place": Evil(submodule("src"), ids("submodule-changed"), adds=False),
    "a submodule moves, and is to be ignored": Evil(
        submodule("sub", "2" * 40),
        ids("submodule-changed"),
        both(
            submodule("sub"),
            put(".gitmodules", b'[submodule "sub"]\n\tpath = sub\n\turl = ./x\n\tignore = all\n'),
            run("config", "diff.ignoreSubmodules", "all"),
            run("add", ".gitmodules"),
        ),
        adds=False,
    ),
    "a submodule comes from elsewhere": Evil(
        put(".gitmodules", b'[submodule "sub"]\n\tpath = sub\n\turl = https://example.org/x\n'),
        ids("submodule-changed"),
    ),
    "a submodule becomes a folder": Evil(
        both(run("rm", "-q", "--cached", "sub"), put("sub/b.py"), run("add", "sub/b.py")),
        ids("submodule-changed", "merge-conflict"),
        submodule("sub"),
        adds=False,
    ),
    **{
        f"attributes {text!r}": Evil(attributes(text), ids("merge-conflict", "hooks-changed"))
        for text in (
            "* -diff\n",
            "* binary\n",
            "* diff=hide\n",
            "* export-ignore\n",
            "* -text\n",
            "* linguist-generated\n",
            "* merge=ours\n",
            "* eol=crlf\n",
            "* ident\n",
        )
    },
    "attributes of an earlier commit": Evil(
        put("b.py"), CONFLICT, put(".gitattributes", b"* binary export-ignore diff=hide\n")
    ),
    "assume-unchanged": Evil(
        both(put("a.txt"), run("add", "a.txt"), run("update-index", "--assume-unchanged", "a.txt")),
        CONFLICT,
        adds=False,
    ),
    "skip-worktree": Evil(
        both(put("a.txt"), run("add", "a.txt"), run("update-index", "--skip-worktree", "a.txt")),
        CONFLICT,
        adds=False,
    ),
    "CRLF": Evil(put("b.py", b"x = 1\r\n<<<<<<< HEAD\r\n"), CONFLICT),
    "lone CR": Evil(put("b.py", b"x = 1\r<<<<<<< HEAD\ry = 2\n"), CONFLICT),
    "autocrlf": Evil(
        both(run("config", "core.autocrlf", "input"), put("b.py", b"x = 1\r\n" + BAD)), CONFLICT
    ),
    "UTF-16": Evil(
        put("b.py", "x = 1\n# TODO\n<<<<<<< HEAD\n".encode("utf-16")), CONFLICT | {"bare-todo"}
    ),
    "behind a NUL": Evil(put("b.py", b"\0\0\0\n" + BAD), CONFLICT),
    "a blob that is replaced": Evil(
        both(put("b.py"), run("add", "b.py"), run("replace", ":b.py", ":a.txt")), CONFLICT
    ),
}


@pytest.mark.parametrize("name", EVIL)
def test_it_is_seen_from_everywhere(name: str, repo: Path) -> None:
    evil = EVIL[name]
    if evil.before is not None:
        evil.before(repo)
        if evil.adds:
            git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "feat: before")
    base = Oid(git(repo, "rev-parse", "HEAD").stdout.decode().strip())
    evil.change(repo)
    if evil.adds:
        git(repo, "add", "-A")
    by_hook = staged_findings(repo)
    assert {f.id for f in by_hook} >= evil.ids
    assert by_hook == by_runner(repo, base)
    by_git(repo, by_hook)
    with Objects(str(repo)) as objects:
        place = Place(objects, repo)
        assert place.head is not None
        assert by_hook == range_findings(place, base, place.head, None)


def by_runner(repo: Path, base: Oid) -> list[Finding]:
    """The findings as the runner gets them: libgit2 and two trees."""
    repository = Repository.open(repo)
    tree = Oid(git(repo, "write-tree").stdout.decode().strip())
    return run_checks(between(repository, repository.tree_of(base), tree), shipped_policy(), None)


def by_git(repo: Path, found: list[Finding]) -> None:
    """Git refuses the commit with these findings exactly when one blocks, and is then overruled.

    Empty commits are allowed: git takes a submodule that is to be ignored for no change.
    """
    install(repo)
    done = git(repo, "commit", "-q", "--allow-empty", "-m", "feat: evil", check=False)
    said = done.stderr.decode("utf-8", "replace")
    assert all(f.id in said for f in found)
    assert done.returncode == any(f.severity == "block" for f in found), said
    if done.returncode:
        git(repo, "commit", "-q", "--allow-empty", "--no-verify", "-m", "feat: evil")
