"""What the git command says of a folder: it knows every repository format, pygit2 does not."""

import os
from pathlib import Path

from orchestrate.git.process import hook_environment, run_git


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
