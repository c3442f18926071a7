"""Removing a folder that others filled: first out of the way, then for good.

The rename frees the name at once, and what a kill leaves behind is plainly rubbish. Links are
removed, never followed; folders made read-only are opened first.
"""

import os
import secrets
import shutil
import stat
from pathlib import Path

from orchestrate.errors import OrchestrateError

MARK = ".removing-"  # in the names of folders on their way out


def remove_tree(folder: Path) -> None:
    """Nothing is at `folder` any more, whatever it was.

    Raises:
        OrchestrateError: something in it cannot be removed; it lies beside, under another name.
    """
    aside = folder.with_name(f"{folder.name[:100]}{MARK}{secrets.token_hex(4)}")
    try:
        folder.rename(aside)
    except FileNotFoundError:
        return
    except OSError:  # the folder above is read-only, or `folder` is a mount point
        aside = folder
    try:
        _delete(aside)
    except OSError as error:
        raise OrchestrateError(
            f"{aside} cannot be removed: {error.strerror}: {error.filename}",
            hint="remove it by hand; nothing uses it any more",
        ) from None


def remove_rubbish(parent: Path) -> None:
    """Removes what an interrupted `remove_tree` left directly in `parent`.

    Raises:
        OSError: something in it cannot be removed.
    """
    for path in parent.glob(f"*{MARK}*"):
        _delete(path)


def _delete(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        shutil.rmtree(path)
    except PermissionError:
        _open_folders(path)
        shutil.rmtree(path)


def _open_folders(top: Path) -> None:
    """Lets the owner list, enter and change every folder; a link is left alone."""
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        folder.chmod(stat.S_IRWXU)
        with os.scandir(folder) as entries:
            waiting += [Path(e.path) for e in entries if e.is_dir(follow_symlinks=False)]
