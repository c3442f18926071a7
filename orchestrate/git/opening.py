"""Finding and opening a repository, or saying why it cannot be opened.

libgit2 reads the repository's own configuration only. What a person sets for all repositories is
asked of git, so that both follow one rule (GIT_CONFIG_GLOBAL, includes, safe.directory).
"""

from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel

from orchestrate.errors import NoRepository, OrchestrateError, Unsupported
from orchestrate.git.process import run_git

# What pygit2 1.21 with libgit2 1.9 answers, and what that means in a user's words.
_REASONS = {
    "object format": "it stores SHA-256 objects",
    "refstorage": "it stores its refs as a reftable",
    "partialclone": "it is a partial clone (objects stay on the remote)",
    "unsupported extension": "it uses a repository extension that libgit2 does not know",
    "unsupported repository version": "its format is newer than libgit2 knows",
}


def _read_no_user_config() -> None:
    for level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL, ConfigLevel.PROGRAMDATA):
        pygit2.settings.search_path[level] = ""


_read_no_user_config()


def open_repository(path: Path) -> pygit2.Repository:
    """The repository that holds `path`, found upward.

    Raises:
        NoRepository: there is none.
        Unsupported: libgit2 cannot open it, or git does not trust its owner; says why.
    """
    try:
        found = pygit2.discover_repository(str(path))
        if found is None:
            raise NoRepository(path)
        return _whole(pygit2.Repository(found), path)
    except (pygit2.GitError, OSError) as error:
        if "not owned by current user" in str(error):
            return _open_if_git_trusts(path)
        if "Repository not found" in str(error):
            raise NoRepository(path) from None
        raise _refusal(path, error) from None


def _whole(handle: pygit2.Repository, path: Path) -> pygit2.Repository:
    """The repository itself; git marks a partial clone's remote, which libgit2 does not heed."""
    if any(
        entry.name.startswith("remote.") and entry.name.endswith(".promisor")
        for entry in handle.config_snapshot
    ):
        raise _refusal(path, ValueError("partialclone"))
    return handle


def _refusal(path: Path, error: Exception) -> OrchestrateError:
    text = str(error)
    for sign, reason in _REASONS.items():
        if sign in text:
            return Unsupported(
                f"the repository at {path} cannot be used: {reason}",
                hint="hooks and `orchestrate verify` work there; plans and runs need a plain clone",
            )
    return OrchestrateError(f"the repository at {path} cannot be opened: {text}")


def _open_if_git_trusts(path: Path) -> pygit2.Repository:
    """The repository of another owner, when the user told git that it is safe."""
    answer = run_git(["rev-parse", "--absolute-git-dir"], cwd=path, check=False)
    if answer.code != 0:
        raise Unsupported(
            f"the repository at {path} belongs to another user",
            hint=f"if you trust it: git config --global --add safe.directory {path}",
        )
    pygit2.settings.owner_validation = False
    try:
        return pygit2.Repository(answer.stdout.rstrip(b"\n").decode("utf-8", "surrogateescape"))
    finally:
        pygit2.settings.owner_validation = True


def common_dir(git_dir: Path) -> Path:
    """Where objects and refs are: a linked worktree's git directory names another one."""
    try:
        named = (git_dir / "commondir").read_text("utf-8", "surrogateescape").strip()
    except FileNotFoundError:
        return git_dir
    return (git_dir / named).resolve()
