"""Paths that people type, in the folder where they are."""

import os
from pathlib import Path

from orchestrate.errors import InvalidInput


def repo_paths(directory: str, work_tree: Path, words: tuple[str, ...]) -> tuple[str, ...]:
    """The paths that a person typed in `directory`, relative to the working tree's top.

    Raises:
        InvalidInput: one is outside of the working tree.
    """
    top, here = work_tree.resolve(), Path(directory).resolve()
    found = []
    for word in words:
        named = here / word
        # A link at the end is meant itself, those above it are followed.
        path = named.resolve() if named.name == ".." else named.parent.resolve() / named.name
        if path != top and top not in path.parents:
            raise InvalidInput(f"{word!r} is outside of the working tree {work_tree}")
        found.append("" if path == top else path.relative_to(top).as_posix())
    return tuple(found)


def existing_paths(directory: str, work_tree: Path, words: tuple[str, ...]) -> tuple[str, ...]:
    """The same, of files and folders that are there and no git's own.

    Raises:
        InvalidInput: one is outside of the working tree, in git's folder, or not there.
    """
    found = repo_paths(directory, work_tree, words)
    for word, path in zip(words, found, strict=True):
        if ".git" in path.split("/"):
            raise InvalidInput(f"{word!r} is in git's own folder")
        if not os.path.lexists(work_tree / path):
            raise InvalidInput(f"there is nothing at {word!r}")
    return found
