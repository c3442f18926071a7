"""After `commit --amend` and `rebase`: the notes of the old commits follow to the new ones."""

from pathlib import Path

from orchestrate.errors import OrchestrateError
from orchestrate.git.names import is_oid
from orchestrate.git.notes import NOTES, append_notes, read_notes
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, Signature


def copy_notes(folder: Path, said: bytes, *, now: int) -> int:
    """How many commits got notes; `said` is what git says to post-rewrite: `old new` a line.

    Raises:
        Unsupported: libgit2 cannot open the repository.
    """
    pairs = [line.split()[:2] for line in said.decode("ascii", "replace").splitlines() if line]
    repository = Repository.open(folder)
    lines: dict[Oid, list[str]] = {}
    for pair in pairs:
        if len(pair) == 2 and all(map(is_oid, pair)):
            found = read_notes(repository, NOTES, Oid(pair[0]))
            if found:
                lines.setdefault(Oid(pair[1]), []).extend(found)
    if lines:
        append_notes(repository, NOTES, lines, _author(repository, now))
    return len(lines)


def _author(repository: Repository, now: int) -> Signature:
    try:
        return Signature(*repository.identity(), now)
    except OrchestrateError:
        return Signature("orchestrate", "orchestrate@localhost", now)
