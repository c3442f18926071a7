"""What is remembered of a private index between two captures: one small file beside it.

It is a cache: whatever is odd about the file means that nothing is remembered.
"""

import json
from pathlib import Path
from typing import NamedTuple

from orchestrate import whole_file
from orchestrate.git.types import Oid

FORMAT = 1
FILE = "state.json"


class IndexState(NamedTuple):
    """What is known of the published index, which is the file named `file` in the same folder."""

    file: str
    base: Oid
    skipped: str
    age: int
    ignore_key: list[object]
    forced: list[str]  # tracked by the user though ignored, and not in our index
    stale: list[str]  # in our index, ignored now and not tracked by the user
    attributes: bool  # a .gitattributes file was seen


def store(folder: Path, work_tree: Path, state: IndexState) -> None:
    """Remember the state of the index in `folder`, which is of that working tree."""
    document = {"format": FORMAT, "work_tree": str(work_tree), **state._asdict()}
    whole_file.write(folder / FILE, json.dumps(document, sort_keys=True).encode())


def load(folder: Path, work_tree: Path) -> IndexState | None:
    """What was stored, None where that or the index is not there, or is of another tree."""
    try:
        document = json.loads((folder / FILE).read_bytes())
        known = document.pop("format"), document.pop("work_tree")
        state = IndexState(**document)
        there = (folder / state.file).is_file()
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return state if there and known == (FORMAT, str(work_tree)) else None
