"""Paths that people type, in the folder where they are."""

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
        path = (here / word).parent.resolve() / Path(word).name if word not in (".", "..") else here
        if path != top and top not in path.parents:
            raise InvalidInput(f"{word!r} is outside of the working tree {work_tree}")
        found.append("" if path == top else path.relative_to(top).as_posix())
    return tuple(found)
