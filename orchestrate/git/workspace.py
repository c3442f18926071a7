"""An agent's own clone, and taking its tree back without believing anything in its `.git`.

The clone has its own refs, configuration, hooks and index and borrows the user's objects. Beside
it, out of the agent's reach, stands a second git directory with a copy of the first index: through
it the folder is captured later. The agent may do with its `.git` what it likes; it is never read.
"""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from orchestrate.errors import OrchestrateError
from orchestrate.git.gitdirs import make_git_dir
from orchestrate.git.process import QUIET, GitFailed, run_git
from orchestrate.git.removal import remove_tree
from orchestrate.git.repository import Repository
from orchestrate.git.sparse import SETTINGS, cone_patterns, normal_cone, sparse_index
from orchestrate.git.types import SUBMODULE, Oid, TreeEntry, path_bytes, path_text

__all__ = ["capture_tree", "create_workspace", "remove_tree"]

_START = "index.start"  # the index as it was when the agent got the folder
_GITLINK = bytes.fromhex("0000e000")  # a submodule's mode in an index entry


def create_workspace(
    repo: Repository,
    commit: Oid,
    folder: Path,
    *,
    index: Path,
    sparse: Sequence[str] | None = None,
    identity: tuple[str, str] | None = None,
) -> None:
    """Makes a clone at `folder` with the commit's files and HEAD detached there.

    `index` becomes a folder that `capture_tree` needs; it must be out of the agent's reach.
    `sparse` names the folders of a cone, whose files alone are written out. `identity` is whom the
    agent commits as, by default the user. Submodules stay empty folders.

    Raises:
        OrchestrateError: the folder is in use, or the files cannot be written; nothing is left.
    """
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise OrchestrateError(f"{folder} is in use; a workspace needs a new or empty folder")
    cone = None if sparse is None else normal_cone(sparse)
    try:
        _clone(repo, commit, folder, cone, identity or repo.identity())
        make_private(repo, commit, index, cone)
        shutil.copyfile(folder / ".git" / "index", index / _START)
        shutil.copy2(index / _START, index / "index")
    except BaseException:
        remove_tree(folder)
        remove_tree(index)
        raise


def _clone(
    repo: Repository,
    commit: Oid,
    folder: Path,
    cone: Sequence[str] | None,
    identity: tuple[str, str],
) -> None:
    git_dir = folder / ".git"
    make_git_dir(
        git_dir, repo, commit, settings=SETTINGS if cone is not None else (), identity=identity
    )
    if cone is not None:
        (git_dir / "info" / "sparse-checkout").write_bytes(path_bytes(cone_patterns(cone)))
        (git_dir / "index").write_bytes(sparse_index(repo, repo.tree_of(commit), cone))
    check_out(git_dir, folder, commit)


def check_out(git_dir: Path, folder: Path, commit: Oid) -> None:
    """Makes index and files those of the commit; files that git does not know stay.

    Raises:
        OrchestrateError: they cannot be written, as on a full disk.
    """
    # A forced checkout looks at each file once; `read-tree --reset -u` and `reset --hard` do twice.
    args = [
        *QUIET,
        *_writers(),
        "-c",
        "core.logAllRefUpdates=false",
        "checkout",
        "--quiet",
        "--force",
        "--detach",
        commit,
        "--",
    ]
    try:
        run_git(args, git_dir=git_dir, work_tree=folder, cwd=folder)
    except GitFailed as failed:
        raise OrchestrateError(
            f"the files of {commit} could not be written to {folder}: {failed.stderr.strip()}"
        ) from None


def _writers() -> list[str]:
    """Settings by which git writes many files with a process for each idle core.

    Together they take 40% more CPU time than one does: worth it on idle cores only.
    """
    idle = round((os.cpu_count() or 1) - os.getloadavg()[0])
    workers = max(1, min(idle, 8))
    return ["-c", f"checkout.workers={workers}", "-c", "checkout.thresholdForParallelism=2000"]


def make_private(
    repo: Repository, commit: Oid, git_dir: Path, cone: Sequence[str] | None = None
) -> None:
    """Makes a git directory that is kept out of a folder's reach, to look at the folder with."""
    make_git_dir(git_dir, repo, commit, settings=SETTINGS if cone is not None else ())
    if cone is not None:
        (git_dir / "info" / "sparse-checkout").write_bytes(path_bytes(cone_patterns(cone)))


def capture_tree(
    repo: Repository, folder: Path, index: Path, *, objects: Path | None = None
) -> Oid:
    """The tree of everything in the folder but ignored files.

    New objects are written to the user's object store, or to the folder `objects` (see
    quarantine.py); the trees of a sparse workspace always to the user's.

    Nothing of the folder's own `.git` is read. Files outside a sparse cone count as unchanged
    unless they are there. Nested repositories become submodule entries.

    Raises:
        OrchestrateError: the folder is gone, or something in it cannot be read.
    """
    if folder.is_symlink() or not folder.is_dir():
        raise OrchestrateError(
            f"the workspace {folder} is gone", hint="its agent removed or replaced it"
        )
    if not (index / _START).is_file():
        raise OrchestrateError(f"{index} is not what `create_workspace` made for {folder}")
    (index / "index.lock").unlink(missing_ok=True)  # of a capture that was killed: one user only
    if (index / "info" / "sparse-checkout").exists():
        # What an earlier capture found outside the cone may be gone, which must not be a deletion.
        # The time stamp comes along: by it git knows which files it must look into.
        shutil.copy2(index / _START, index / "index")
        _add_all(repo, folder, index, objects)
        return _sparse_tree(repo, folder, index)
    _add_all(repo, folder, index, objects)
    tree = _private_git(repo, folder, index, "write-tree", objects=objects)
    return Oid(tree.strip().decode("ascii"))


def _sparse_tree(repo: Repository, folder: Path, index: Path) -> Oid:
    """The tree of a sparse index; git's `write-tree` would read in all that it leaves out."""
    rows = _index_rows(repo, folder, index)
    return repo.edit_tree(None, {path.rstrip("/"): (mode, oid) for path, mode, oid in rows})


def _index_rows(repo: Repository, folder: Path, index: Path) -> list[TreeEntry]:
    """The entries of the private index; a folder that it leaves out is one, ending in a slash."""
    args = ("ls-files", "--stage", "--sparse", "-z")
    rows = _private_git(repo, folder, index, *args).split(b"\0")[:-1]
    found = []
    for head, _, path in (row.partition(b"\t") for row in rows):
        mode, oid, _ = head.decode("ascii").split(" ")
        found.append(TreeEntry(path_text(path), int(mode, 8), Oid(oid)))
    return found


def _add_all(repo: Repository, folder: Path, index: Path, objects: Path | None) -> None:
    args = ["-c", "add.ignoreErrors=false", "-c", "advice.addEmbeddedRepo=false", "add", "-A"]
    args += ["--sparse", "--", ".", *_own_submodules(repo, folder, index)]
    try:
        _private_git(repo, folder, index, *args, objects=objects)
    except GitFailed as failed:
        lines = [line for line in failed.stderr.splitlines() if line.startswith(("error", "fatal"))]
        raise OrchestrateError(
            f"the files in {folder} cannot be captured: {'; '.join(lines) or failed.stderr}",
            hint="remove what git cannot read, or make it readable",
        ) from None


def _own_submodules(repo: Repository, folder: Path, index: Path) -> list[str]:
    """Pathspecs that leave out submodules which the agent filled in.

    Git would run `git status` in them, under a configuration that the agent wrote.
    """
    if _GITLINK not in (index / "index").read_bytes():
        return []
    rows = _index_rows(repo, folder, index)
    links = [row.path for row in rows if row.mode == SUBMODULE]
    return [
        f":(top,exclude,literal){path}" for path in links if os.path.lexists(folder / path / ".git")
    ]


def _private_git(
    repo: Repository, folder: Path, index: Path, *args: str, objects: Path | None = None
) -> bytes:
    store = str(repo.common_dir / "objects")
    env = {"GIT_OBJECT_DIRECTORY": store}
    if objects is not None:
        objects.mkdir(parents=True, exist_ok=True)
        env = {"GIT_OBJECT_DIRECTORY": str(objects), "GIT_ALTERNATE_OBJECT_DIRECTORIES": store}
    return run_git(
        [*QUIET, *args],
        git_dir=index,
        work_tree=folder,
        cwd=folder,
        env=env,
    ).stdout
