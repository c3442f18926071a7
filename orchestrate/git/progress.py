"""A merge, rebase, cherry-pick or revert in progress: the files by which git remembers it.

They are read and put back as bytes. A bisect is left alone: it is about refs, not about files.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from orchestrate.git.errors import ObjectMissing
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid

# gitrepository-layout(5) and git's wt-status.c, path.c: what `git status` looks at.
FILES = (
    "MERGE_HEAD", "MERGE_MODE", "MERGE_MSG", "MERGE_RR", "AUTO_MERGE", "SQUASH_MSG",
    "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD",
)  # fmt: skip
FOLDERS = ("rebase-merge", "rebase-apply", "sequencer")
_MARKS = (  # the first that is there names what is in progress
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("MERGE_HEAD", "merge"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "sequence of picks"),
)
_OID = re.compile(rb"\b[0-9a-f]{40}(?:[0-9a-f]{24})?\b")
MAX_FILE = 16 * 1024 * 1024  # bytes; a rebase keeps patches there


def read_progress(git_dir: Path) -> dict[str, bytes]:
    """The files (path below the git directory -> bytes), empty when nothing is in progress."""
    found = {name: git_dir / name for name in FILES}
    for folder in FOLDERS:
        for file in (git_dir / folder).rglob("*"):
            found[str(file.relative_to(git_dir))] = file
    contents: dict[str, bytes] = {}
    for name, file in found.items():
        try:
            if file.is_file() and file.stat().st_size <= MAX_FILE:
                contents[name] = file.read_bytes()
        except FileNotFoundError:  # git finished it meanwhile
            continue
    # A message that an aborted command left behind means nothing by itself.
    return contents if in_progress(contents) else {}


def in_progress(files: Mapping[str, bytes]) -> str:
    """What is in progress: merge, rebase, cherry-pick, ... or "" when nothing is."""
    tops = {name.partition("/")[0] for name in files}
    return next((word for mark, word in _MARKS if mark in tops), "")


def write_progress(git_dir: Path, files: Mapping[str, bytes]) -> None:
    """Make git's memory of what is in progress exactly these files."""
    for name in read_progress(git_dir):
        if name not in files:
            (git_dir / name).unlink(missing_ok=True)
    for name, data in files.items():
        path = git_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".orchestrate")
        temporary.write_bytes(data)
        temporary.replace(path)
    for folder in FOLDERS:
        _remove_empty(git_dir / folder)


def _remove_empty(folder: Path) -> None:
    for below, _, _ in os.walk(folder, topdown=False):
        try:
            Path(below).rmdir()
        except OSError:  # not empty, so still in use
            continue


def commits_in(repo: Repository, files: Mapping[str, bytes]) -> list[Oid]:
    """The commits that these files name and the repository has, in order, each once."""
    named = dict.fromkeys(
        Oid(match.decode("ascii"))
        for name in sorted(files)
        if len(files[name]) < 65536
        for match in _OID.findall(files[name])
    )
    return [oid for oid in named if _is_commit(repo, oid)]


def _is_commit(repo: Repository, oid: Oid) -> bool:
    try:
        repo.read_commit(oid)
    except ObjectMissing:
        return False
    return True
