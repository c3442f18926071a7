"""Puts our hooks into a worktree's settings of a coding client, and takes them out again.

Files are written whole, with the permissions they had, and never through a symlink.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrate.agents.integrations import INTEGRATIONS, add, remove
from orchestrate.errors import OrchestrateError
from orchestrate.git.plain_files import PlainFiles


class Edited(NamedTuple):
    """What happened to a client's settings: installed, unchanged, removed or absent."""

    client: str
    what: str
    path: Path
    note: str = ""


def install_client(top: Path, client: str, *, dry_run: bool = False) -> Edited:
    """What was done, or would be; a second time changes nothing.

    Raises:
        InvalidInput: the file is not what the client reads, or no plain file.
        Conflict: settings that we need are there with other values.
    """
    found = INTEGRATIONS[client]
    hook = Path(__file__).with_name("agent_hook.py")
    argv = (sys.executable, "-I", "-S", str(hook), client)
    files = PlainFiles(top)
    old = _read(files, found.path)
    with _naming(found.path):
        new = add(client, old, argv)
    if new == old:
        return Edited(client, "unchanged", top / found.path)
    if not dry_run:
        files.write(found.path, _bytes(new))
    return Edited(client, "installed", top / found.path, found.note)


def remove_client(top: Path, client: str, *, dry_run: bool = False) -> Edited:
    """What was done, or would be.

    Raises:
        InvalidInput: the file is not what the client reads, or no plain file.
    """
    found = INTEGRATIONS[client]
    files = PlainFiles(top)
    old = _read(files, found.path)
    with _naming(found.path):
        new = None if old is None else remove(client, old)
    if new == old:
        return Edited(client, "absent", top / found.path)
    if dry_run:
        return Edited(client, "removed", top / found.path)
    if new is None:
        files.remove(found.path)
    else:
        files.write(found.path, _bytes(new))
    return Edited(client, "removed", top / found.path)


def _read(files: PlainFiles, path: str) -> str | None:
    data = files.read(path)
    return None if data is None else data.decode("utf-8", "surrogateescape")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """Errors that come out of it name the file."""
    try:
        yield
    except OrchestrateError as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint) from None
