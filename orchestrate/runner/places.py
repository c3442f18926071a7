"""Where the runner keeps what is not in git: below the user's cache folder, all disposable.

Not inside `.git`: many tools ignore paths below it, so an agent would not see its own files.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

from platformdirs import user_cache_path

from orchestrate.agents.process import end_leftovers
from orchestrate.git.workspace import remove_tree
from orchestrate.runner.owner import dead_owners

_OWNER_FILE = "owner.json"


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

    @classmethod
    def make(cls, cache: Path, name: str, owner: str) -> "AttemptPlace":
        """A new, empty place; what stood there before is removed."""
        place = cls(cache / "workspaces" / name)
        if place.folder.exists():
            place.remove()
        place.scratch.mkdir(parents=True, mode=0o700)
        (place.folder / _OWNER_FILE).write_text(json.dumps({"owner": owner}))
        return place

    def remove(self) -> None:
        """Remove the folder and end whatever still runs in it."""
        if self.scratch.is_dir():
            end_leftovers(self.scratch)
        remove_tree(self.folder)

    def keep(self) -> None:
        """Leave the folder for people to look at: no later run removes it."""
        (self.folder / _OWNER_FILE).unlink(missing_ok=True)


def abandoned(cache: Path) -> Iterator[AttemptPlace]:
    """The places whose owner is gone: a killed run's."""
    for owner_file in sorted((cache / "workspaces").glob(f"*/*/{_OWNER_FILE}")):
        try:
            owner = json.loads(owner_file.read_text())["owner"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if dead_owners([owner]):
            yield AttemptPlace(owner_file.parent)


def free_bytes(folder: Path) -> int:
    """How many bytes the file system of the folder still takes."""
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
