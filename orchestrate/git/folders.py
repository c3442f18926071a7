"""What the git command says of a folder: it knows every repository format, pygit2 does not."""

import os
from pathlib import Path

from orchestrate.errors import InvalidInput, NoRepository, Unsupported
from orchestrate.git.process import hook_environment, run_git
from orchestrate.git.types import path_text


def work_tree(folder: Path) -> Path:
    """The top of the work tree that holds `folder`; git itself is asked, so any format will do.

    Raises:
        InvalidInput: there is no repository, or it has no work tree.
        Unsupported: git refuses to use it.
    """
    found = run_git(["rev-parse", "--show-toplevel"], cwd=folder, check=False)
    if found.code == 0:
        return Path(path_text(found.stdout.removesuffix(b"\n")))
    if "must be run in a work tree" in found.stderr:
        raise InvalidInput(
            f"{folder} is in a repository without a work tree",
            hint="run it in a clone that has files",
        )
    if "not a git repository" in found.stderr:
        raise NoRepository(folder)
    raise Unsupported(f"git cannot use {folder}: {found.stderr.strip()}")


def files_of(top: Path) -> list[str]:
    """The files of the work tree, tracked or not, without ignored ones."""
    listed = run_git(["ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=top)
    return [path_text(path) for path in listed.stdout.split(b"\0") if path]


def top_of(folder: str) -> str:
    """The top of the work tree that holds `folder`, or the repository itself when it is bare."""
    found = _bare_and_top(folder)
    if len(found) < 2 or found[0] == b"true":
        return str(Path(folder).absolute())
    return os.fsdecode(found[1])


def is_bare(folder: str) -> bool:
    """Whether `folder` is in a repository without a work tree."""
    return _bare_and_top(folder)[:1] == [b"true"]


def _bare_and_top(folder: str) -> list[bytes]:
    args = ["rev-parse", "--is-bare-repository", "--show-toplevel"]
    done = run_git(args, cwd=Path(folder), env=hook_environment(), check=False)
    return done.stdout.split(b"\n")[:-1]
