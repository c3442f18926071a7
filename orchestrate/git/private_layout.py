"""The git directory of our own in which a private index stands: its files and configuration.

The user's configuration is included, and what would convert, run or share anything is overruled.
`info/attributes` outranks every `.gitattributes` (gitattributes(5)) and switches conversion off.
"""

import os
from contextlib import suppress
from pathlib import Path

from orchestrate.git.index_file import SKIP_WORKTREE
from orchestrate.git.repository import Repository
from orchestrate.git.user_index import UserIndex, is_true

NO_CONVERSION = "* -text -crlf -filter -ident !eol !working-tree-encoding\n"
CONFIG = """\
[core]
\tbare = false
\trepositoryFormatVersion = 0
[include]
\tpath = {config}
\tpath = {worktree_config}
[core]
\tbare = false
\tautocrlf = false
\tsafecrlf = false
\thooksPath = /dev/null
\tignoreStat = false
\tsplitIndex = false
\tsparseCheckout = {sparse}
\tuntrackedCache = {untracked_cache}
\tfsmonitor = {fsmonitor}
[index]
\tversion = 2
\tsparse = false
\tskipHash = false
[status]
\tshowUntrackedFiles = all
[gc]
\tauto = 0
[maintenance]
\tauto = false
"""


def prepare(folder: Path, repo: Repository, settings: dict[str, str], user: UserIndex) -> None:
    """Make the folder a git directory, or renew what it says."""
    for name in ("refs", "info"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "info" / "attributes").write_text(NO_CONVERSION)
    with suppress(FileExistsError):
        (folder / "info" / "exclude").symlink_to(repo.common_dir / "info" / "exclude")
    (folder / "config").write_text(_config(repo, settings, user))
    (folder / "HEAD").write_text("ref: refs/heads/none\n")


def _config(repo: Repository, settings: dict[str, str], user: UserIndex) -> str:
    monitor = settings.get("core.fsmonitor", "")
    is_hook = monitor.lower() not in ("", "true", "false", "yes", "no", "on", "off", "0", "1")
    return CONFIG.format(
        config=_quoted(str(repo.common_dir / "config")),
        worktree_config=_quoted(str(repo.git_dir / "config.worktree")),
        # so that git looks for files that stand although they are outside the sparse part
        sparse=_word(any(row.flags & SKIP_WORKTREE for row in user.specials)),
        untracked_cache=_word(is_true(settings, "core.untrackedcache", "true")),
        # git's own daemon belongs to one git directory: ours would start a second one.
        fsmonitor=_quoted(monitor) if is_hook else "false",
    )


def worktree_id(repo: Repository) -> str:
    """`main`, or `linked-<name>` for a worktree that `git worktree add` made."""
    return "main" if repo.git_dir == repo.common_dir else f"linked-{repo.git_dir.name}"


def global_excludes(settings: dict[str, str]) -> Path:
    """The person's own ignore file, whether it is there or not (gitignore(5))."""
    configured = settings.get("core.excludesfile")
    if configured:
        return Path(configured).expanduser()
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "git" / "ignore"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _word(value: bool) -> str:
    return "true" if value else "false"
