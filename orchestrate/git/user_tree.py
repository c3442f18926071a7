"""The user's own working tree, as far as other rooms need it: what is not committed, what to stage.

Looking never writes the index (`process.clean_environment` keeps git from it).
"""

from collections.abc import Sequence
from pathlib import Path

from orchestrate.errors import InvalidInput
from orchestrate.git.process import QUIET, run_git
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, path_text

IN_A_CLONE = "run it in a clone that has files"


def work_tree_of(repo: Repository) -> Path:
    """The folder of the repository's files.

    Raises:
        InvalidInput: it is bare.
    """
    if repo.work_tree is None:
        raise InvalidInput("a bare repository has no working tree", hint=IN_A_CLONE)
    return repo.work_tree


def uncommitted(repo: Repository) -> list[str]:
    """The paths that differ from HEAD in the index or on disk, untracked ones too, sorted."""
    folder = work_tree_of(repo)
    args = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"]
    found = run_git([*QUIET, *args], cwd=folder, git_dir=repo.git_dir, work_tree=folder).stdout
    # Each entry is two letters, a space and the path.
    return sorted(path_text(entry[3:]) for entry in found.split(b"\0") if entry)


def stage(repo: Repository, paths: Sequence[str]) -> None:
    """Add the files as they are on disk to the index.

    Raises:
        GitFailed: git did not take one, because it is ignored for example.
    """
    folder = work_tree_of(repo)
    run_git(
        [*QUIET, "add", "--", *paths],
        cwd=folder,
        git_dir=repo.git_dir,
        work_tree=folder,
        env={"GIT_LITERAL_PATHSPECS": "1"},
    )


def fast_forward(repo: Repository, commit: Oid) -> str | None:
    """What git says when it does not move the branch and its files on to `commit`; None if it did.

    Files in the way stop it, ignored ones as well.
    """
    folder = work_tree_of(repo)
    args = ["merge", "--ff-only", "--no-overwrite-ignore", "--no-stat", "--quiet", commit]
    done = run_git([*QUIET, *args], cwd=folder, git_dir=repo.git_dir, work_tree=folder, check=False)
    return " ".join(done.stderr.split()) if done.code else None


def move_head(repo: Repository, old: Oid, new: Oid, *, message: str) -> None:
    """Move HEAD itself, which names no branch, if it still stands at `old`.

    Raises:
        GitFailed: it does not.
    """
    command = ["update-ref", "--no-deref", "-m", message, "HEAD", new, old]
    run_git([*QUIET, *command], git_dir=repo.git_dir)
