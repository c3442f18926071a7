"""Which branch stands checked out where (gitrepository-layout(5), git-worktree(1))."""

from pathlib import Path


def worktree_on(common_dir: Path, ref: str) -> Path | None:
    """The worktree whose HEAD is the full ref name, or None."""
    if _head(common_dir) == ref and not _is_bare(common_dir):
        return common_dir.parent
    for folder in sorted((common_dir / "worktrees").glob("*")):
        if _head(folder) == ref:
            return _worktree(folder)
    return None


def _head(git_dir: Path) -> str:
    try:
        text = (git_dir / "HEAD").read_text("utf-8", "surrogateescape")
    except OSError:
        return ""
    return text.removeprefix("ref: ").strip()


def _is_bare(common_dir: Path) -> bool:
    # A bare repository's HEAD names a default branch; no files stand there.
    return common_dir.name != ".git"


def _worktree(folder: Path) -> Path:
    try:
        link = (folder / "gitdir").read_text("utf-8", "surrogateescape").strip()
    except OSError:
        return folder
    return Path(link).parent
