"""The defaults that ship: rules, plan templates, schemas and hook stubs.

They stand at the top of a checkout and below `orchestrate/_data` in an installed wheel.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable


def folder(name: str) -> "Traversable":
    """The shipped folder `rules`, `plan-templates`, `schemas` or `githooks`."""
    from importlib.resources import files  # brings tempfile; a hook reads nothing that ships

    installed = files("orchestrate") / "_data" / name
    if installed.is_dir():
        return installed
    return Path(__file__).parent.parent / (".githooks" if name == "githooks" else name)


def read(name: str, *parts: str) -> bytes:
    """The bytes of one shipped file.

    Raises:
        FileNotFoundError: nothing of that name ships.
    """
    return folder(name).joinpath(*parts).read_bytes()


def walk(name: str) -> Iterator[tuple[str, bytes]]:
    """Each file below a shipped folder as (path relative to it, bytes), sorted."""

    def below(at: "Traversable", prefix: str) -> Iterator[tuple[str, bytes]]:
        for child in sorted(at.iterdir(), key=lambda c: c.name):
            if child.is_dir():
                yield from below(child, f"{prefix}{child.name}/")
            else:
                yield f"{prefix}{child.name}", child.read_bytes()

    yield from below(folder(name), "")
