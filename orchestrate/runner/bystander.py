"""Notices when the user's own repository changes while an agent works elsewhere.

An agent without a sandbox can write wherever its user can. Nothing here prevents or undoes that,
and the user may have been the one: what changed is told and kept with the attempt, no more.
"""

from pathlib import Path

from orchestrate.git.repository import Repository
from orchestrate.git.user_tree import uncommitted

Seen = dict[str, str]  # what can be seen -> a text that changes when it does


def look(repo: Repository, ours: tuple[str, ...]) -> Seen:
    """The user's files that are not committed, refs, configuration and hooks, as they are now.

    `ours` are the prefixes of refs that the runner itself moves.
    """
    seen: Seen = {
        name: str(oid)
        for prefix in ("refs/heads/", "refs/tags/")
        for name, oid in repo.refs(prefix).items()
        if not name.startswith(ours)
    }
    seen["HEAD"] = str(repo.head_branch() or repo.head_commit())
    common = repo.common_dir
    for path in (common / "config", *sorted((common / "hooks").glob("*"))):
        seen[f".git/{path.relative_to(common)}"] = _stamp(path)
    if repo.work_tree is not None:
        seen |= {path: _stamp(repo.work_tree / path) for path in uncommitted(repo)}
    return seen


def changed(before: Seen, after: Seen) -> tuple[str, ...]:
    """What is not as it was, sorted."""
    return tuple(sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n)))


def _stamp(path: Path) -> str:
    try:
        about = path.lstat()
    except OSError:
        return "gone"
    return f"{about.st_mode:o} {about.st_size} {about.st_mtime_ns}"
