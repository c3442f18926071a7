"""What git's configuration says, as git itself reads it: includes, GIT_CONFIG_* and all."""

import re
from pathlib import Path

from orchestrate.errors import InvalidInput, Unsupported
from orchestrate.git.process import run_git
from orchestrate.git.types import path_text

_KEY = re.compile(r"[A-Za-z][A-Za-z0-9-]*(\.[^\0\n]*)?\.[A-Za-z][A-Za-z0-9-]*")  # git-config(1)
_IDENTITY = re.compile(r"(.*) <(.*)> \d+ [+-]\d{4}")


def read_config(git_dir: Path, key: str) -> str | None:
    """The last value of `key`, None when it is not set.

    Raises:
        InvalidInput: this is not the form of a key.
    """
    if not _KEY.fullmatch(key):
        raise InvalidInput(f"{key!r} is not a configuration key; expected section.name")
    done = run_git(["config", "-z", "--get", key], git_dir=git_dir, check=False)
    return path_text(done.stdout[:-1]) if done.code == 0 else None


def read_identity(git_dir: Path) -> tuple[str, str]:
    """Name and email that git would commit with; a guess from the host's name does not count.

    Raises:
        Unsupported: neither environment nor configuration has them.
    """
    args = ["-c", "user.useConfigOnly=true", "var", "GIT_COMMITTER_IDENT"]
    done = run_git(args, git_dir=git_dir, check=False)
    found = _IDENTITY.fullmatch(path_text(done.stdout).strip())
    if done.code != 0 or found is None:
        raise Unsupported(
            "git does not know your name and email",
            hint="git config --global user.name 'Your Name';"
            " git config --global user.email you@example.org",
        )
    return found[1], found[2]
