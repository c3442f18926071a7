"""Where the runner keeps what is not in git: below the user's cache folder, all disposable.

Not inside `.git`: many tools ignore paths below it, so an agent would not see its own files.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

from orchestrate.agents.process import end_leftovers
from orchestrate.git.workspace import remove_tree
from orchestrate.runner.owner import dead_owners

_OWNER_FILE = "owner.json"
FRESH_SEC = 5.0
KEPT = "kept"  # the owner of a folder that was left for people


def repository_cache(common_dir: Path) -> Path:
    """The cache folder of one repository; worktrees of one repository share it."""
    key = hashlib.sha256(str(common_dir.resolve()).encode("utf-8", "surrogateescape")).hexdigest()
    name = common_dir.parent.name if common_dir.name == ".git" else common_dir.name
    safe = "".join(c if c.isalnum() or c in "-_." else "-" for c in name)[:40]
    return user_cache_path("orchestrate") / "repositories" / f"{safe}-{key[:12]}"


class AttemptPlace:
    """The folder of one attempt: `work` is the agent's tree, the rest is outside its reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work = folder / "work"
        self.scratch = folder / "scratch"
        self.index = folder / "index"
        self.objects = folder / "objects"  # what was captured, until it may join the repository

    @classmethod
    def make(cls, cache: Path, name: str, owner: str) -> "AttemptPlace":
        """A new, empty place; what stood there before is removed."""
        place = cls(cache / "workspaces" / name)
        if place.folder.exists():
            place.remove()
        # The owner stands there before anything else, so that a killed run's folder is recognised.
        place.folder.mkdir(parents=True, mode=0o700)
        (place.folder / _OWNER_FILE).write_text(json.dumps({"owner": owner}))
        place.scratch.mkdir(mode=0o700)
        return place

    def remove(self) -> None:
        """Remove the folder and end whatever still runs in it."""
        if self.scratch.is_dir():
            end_leftovers(self.scratch)
        # The owner's file goes last: what a kill leaves behind still says whose it was.
        for path in list(self.folder.iterdir()) if self.folder.is_dir() else ():
            if path.name != _OWNER_FILE:
                remove_tree(path)
        remove_tree(self.folder)

    def keep(self) -> None:
        """Leave the folder for people to look at: no later run removes it."""
        (self.folder / _OWNER_FILE).write_text(json.dumps({"owner": KEPT}))


def abandoned(cache: Path) -> Iterator[AttemptPlace]:
    """The places whose owner is gone: a killed run's."""
    for folder in sorted((cache / "workspaces").glob("*/*")):
        owner = _owner(folder)
        if owner is None or dead_owners([owner]):
            yield AttemptPlace(folder)


def _owner(folder: Path) -> str | None:
    """Who owns the folder; None when nobody does: killed while it was made or removed."""
    try:
        return str(json.loads((folder / _OWNER_FILE).read_text())["owner"])
    except FileNotFoundError:
        # One being made right now has no owner for an instant either.
        return None if time.time() - _changed(folder) > FRESH_SEC else KEPT
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _changed(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return time.time()
