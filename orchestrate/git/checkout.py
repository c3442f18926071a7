"""Clean checkouts for gates, used again and again: exactly one tree, and nothing else.

A slot is one checkout and belongs to one user at a time, by a flock that ends with its holder. The
git directory that resets it stands beside it, where no gate works; the `.git` inside is for the
gate's own use and made anew each time. Anything odd (another configuration, other attributes, a
reset that fails) and the slot is filled from nothing.
"""

import hashlib
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from orchestrate.errors import OrchestrateError
from orchestrate.git import file_lock
from orchestrate.git.gitdirs import make_git_dir
from orchestrate.git.process import QUIET, run_git
from orchestrate.git.removal import remove_rubbish, remove_tree
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, Signature
from orchestrate.git.workspace import check_out, make_private

_NOBODY = Signature("orchestrate", "orchestrate@localhost", 0)


class CheckoutPool:
    """Checkouts of one repository below `folder`; processes share them."""

    def __init__(self, repo: Repository, folder: Path) -> None:
        self._repo = repo
        self._folder = folder

    @contextmanager
    def use(self, oid: Oid) -> Iterator[Path]:
        """A folder with exactly the files of the commit or tree, exclusively until the end.

        It is a git repository with HEAD at the commit; a tree gets a commit without parents.

        Raises:
            OrchestrateError: the files cannot be written.
        """
        with self._free_slot() as slot:
            yield _fill(self._repo, slot, _commit(self._repo, oid))

    @contextmanager
    def _free_slot(self) -> Iterator[Path]:
        for number in itertools.count():
            slot = self._folder / str(number)
            slot.mkdir(parents=True, exist_ok=True)
            with (slot / "lock").open("ab") as lock:
                if file_lock.take(lock.fileno()):
                    yield slot
                    return


def _commit(repo: Repository, oid: Oid) -> Oid:
    if repo.has_commit(oid):
        return oid
    return repo.commit(oid, [], "checkout\n", author=_NOBODY, committer=_NOBODY)


def _fill(repo: Repository, slot: Path, commit: Oid) -> Path:
    """Puts the commit's files into the slot, from what it holds or from nothing."""
    folder, private = slot / "files", slot / "git"
    filled = slot / "filled"  # there only while the slot is known to hold what it says
    before = filled.read_text().split() if filled.is_file() else []
    filled.unlink(missing_ok=True)
    make_private(repo, commit, private)
    conversion = _conversion(private)
    if not (before[1:] == [conversion] and _reset(repo, slot, Oid(before[0]), commit)):
        remove_tree(folder)
        remove_rubbish(slot)  # of a holder that was killed
        (private / "index").unlink(missing_ok=True)
        folder.mkdir()
        check_out(private, folder, commit)
    make_git_dir(folder / ".git", repo, commit)
    shutil.copyfile(private / "index", folder / ".git" / "index")
    filled.write_text(f"{commit} {conversion}\n")
    return folder


def _conversion(git_dir: Path) -> str:
    """A digest of what decides how blobs become files, attributes in trees left out."""
    files = (git_dir / "config", git_dir / "info" / "attributes")
    parts = [file.read_bytes() if file.is_file() else b"" for file in files]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _reset(repo: Repository, slot: Path, before: Oid, commit: Oid) -> bool:
    """Whether the used slot now holds the commit's files and no others."""
    folder, private = slot / "files", slot / "git"
    if folder.is_symlink() or not folder.is_dir() or _converts_otherwise(repo, before, commit):
        return False
    (private / "index.lock").unlink(missing_ok=True)  # of a killed holder: the slot is ours now
    try:
        remove_tree(folder / ".git")
        check_out(private, folder, commit)
        clean = [*QUIET, "clean", "-ffdxq"]
        run_git(clean, git_dir=private, work_tree=folder, cwd=folder)
        _remove_specials(folder)
    except (OrchestrateError, OSError):
        return False
    return True


def _remove_specials(top: Path) -> None:
    """Removes sockets and pipes, which git neither sees nor cleans."""
    folders = [str(top)]
    while folders:
        with os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif not entry.is_file(follow_symlinks=False) and not entry.is_symlink():
                    Path(entry.path).unlink()


def _converts_otherwise(repo: Repository, before: Oid, after: Oid) -> bool:
    """Whether attributes differ: git rewrites no file for that alone."""
    if not repo.has_commit(before):
        return True
    changes = repo.diff(repo.tree_of(before), repo.tree_of(after))
    return any(change.path.rpartition("/")[2] == ".gitattributes" for change in changes)
