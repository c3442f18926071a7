"""Objects kept apart until it is known that they may join the repository.

Git does the same with what is pushed to it (git-receive-pack(1), QUARANTINE ENVIRONMENT): new
objects go to a folder of their own, are looked at there, and are moved in or thrown away.
"""

import errno
import os
import shutil
from pathlib import Path

import pygit2

from orchestrate.git.repository import Repository


def view(repo: Repository, folder: Path) -> Repository:
    """The repository as if the objects in the folder were in it."""
    handle = pygit2.Repository(str(repo.git_dir))
    folder.mkdir(parents=True, exist_ok=True)
    handle.odb.add_disk_alternate(str(folder))
    return Repository(handle)


def admit(repo: Repository, folder: Path) -> None:
    """Move the folder's objects into the repository; an object that is there already stays.

    Blobs before trees would do no good: nothing names any of them until a ref does.
    """
    target = repo.common_dir / "objects"
    for path in sorted(folder.glob("**/*")):
        if path.is_file():
            _move(path, target / path.relative_to(folder))


def _move(source: Path, target: Path) -> None:
    if target.exists():
        return
    target.parent.mkdir(exist_ok=True)
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # Another file system: a complete copy beside it first, so that nobody reads a half.
        aside = target.with_name(f"tmp_obj_{os.getpid()}_{target.name}")
        shutil.copy2(source, aside)
        aside.rename(target)
