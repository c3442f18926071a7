"""Where a hook's repository keeps things, found without starting git. Imports nothing slow.

Git tells a hook its repository by GIT_DIR, or by the folder it starts it in.
"""

from __future__ import annotations

import os

TASK_FILE = "orchestrate-task.json"  # in each worktree's own git directory


def find_git_dir(start: str) -> str | None:
    """The git directory of the worktree at or above `start`, or None."""
    named = os.environ.get("GIT_DIR")
    if named:
        return os.path.join(start, named)
    folder = os.path.abspath(start)
    while True:
        found = _git_dir_of(folder)
        if found is not None:
            return found
        above = os.path.dirname(folder)
        if above == folder:
            return None
        folder = above


def _git_dir_of(folder: str) -> str | None:
    dot_git = os.path.join(folder, ".git")
    if os.path.isdir(dot_git):
        return dot_git
    try:
        with open(dot_git, encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(4200)
    except (FileNotFoundError, NotADirectoryError):
        bare = os.path.join(folder, "HEAD")
        return folder if os.path.isfile(bare) and os.path.isdir(f"{folder}/objects") else None
    if not text.startswith("gitdir: "):
        return None
    return os.path.join(folder, text[8:].rstrip("\n"))


def common_dir(git_dir: str) -> str:
    """The directory that all worktrees of the repository share."""
    named = os.environ.get("GIT_COMMON_DIR")
    if named:
        return named
    try:
        with open(
            os.path.join(git_dir, "commondir"), encoding="utf-8", errors="surrogateescape"
        ) as file:
            return os.path.join(git_dir, file.read().rstrip("\n"))
    except FileNotFoundError:
        return git_dir


def read_task(git_dir: str) -> bytes | None:
    """The task file of a worktree as it stands, or None."""
    try:
        with open(os.path.join(git_dir, TASK_FILE), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None
