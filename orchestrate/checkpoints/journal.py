"""The rollback that is under way in a worktree, written down before its first change.

`<git dir>/orchestrate/rollback.json` stands from before the first change to after the last one;
finishing renames it to `last-rollback.json`, which `rollback --undo` reads. So one that is there
when a rollback begins was interrupted. Checkpoints are named by number: pruning gives commits new
ids.
"""

import fcntl
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrate import whole_file
from orchestrate.errors import FileError
from orchestrate.git.types import Oid
from orchestrate.machine_json import to_json

FORMAT = 1


class Journal(NamedTuple):
    """One rollback: from `before` to the tree `goal`.

    `target` names the checkpoint whose index is wanted, for `paths` only if these are not None.
    `move` is the ref that moves, its value before and after. `since` is when `before` was read (s).
    """

    token: str
    mode: str
    target: str
    before: str
    goal: Oid
    paths: tuple[str, ...] | None
    move: tuple[str, Oid, Oid] | None
    since: float


def folder(git_dir: Path) -> Path:
    """Where a worktree's small files stand."""
    return git_dir / "orchestrate"


@contextmanager
def alone(git_dir: Path, *, shared: bool = False) -> Iterator[None]:
    """No rollback runs meanwhile in this worktree; `shared` lets others of that kind in."""
    folder(git_dir).mkdir(parents=True, exist_ok=True)
    with (folder(git_dir) / "rollback.lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
        yield


def begin(git_dir: Path, journal: Journal) -> None:
    """Write the journal down; from here on an interruption shows."""
    path = folder(git_dir) / "rollback.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"format": FORMAT, **journal._asdict()}
    # Not synced to disk: a killed process is what this is for. After a power cut git's own refs and
    # objects, which are not synced either by default, decide what is left.
    whole_file.write(path, to_json(document))


def finish(git_dir: Path) -> None:
    """The rollback is done: the journal becomes what `--undo` reads."""
    path = folder(git_dir) / "rollback.json"
    path.replace(path.with_name("last-rollback.json"))


def drop(git_dir: Path) -> None:
    """The rollback was taken back: there is nothing to undo."""
    (folder(git_dir) / "rollback.json").unlink(missing_ok=True)


def pending(git_dir: Path) -> Journal | None:
    """The rollback that was interrupted, None without one. Raises: FileError."""
    return _read(folder(git_dir) / "rollback.json")


def last(git_dir: Path) -> Journal | None:
    """The rollback that was finished last, None without one. Raises: FileError."""
    return _read(folder(git_dir) / "last-rollback.json")


def _read(path: Path) -> Journal | None:
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise _damaged(path, str(error)) from None
    if document.pop("format", None) != FORMAT:
        raise _damaged(path, "not of the format that this version writes")
    paths, move = document["paths"], document["move"]
    return Journal(
        **document
        | {
            "paths": None if paths is None else tuple(paths),
            "move": None if move is None else (move[0], Oid(move[1]), Oid(move[2])),
        }
    )


def _damaged(path: Path, why: str) -> FileError:
    return FileError(
        str(path),
        why,
        hint="`orchestrate checkpoint list` shows what was saved; move the file away to go on",
    )
