"""Running the git command: never through a shell, in an environment that is ours.

A hook inherits GIT_DIR, GIT_INDEX_FILE and more, which would send our git to another repository or
index. Every GIT_* variable is dropped but those in `KEPT`, which say how to reach and read things,
never which repository. Who needs the hook's own view passes `env=hook_environment()`.

No pygit2 here: hooks import this.
"""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from orchestrate.errors import OrchestrateError, Unsupported

# Git that runs for us alone: no hooks, no file-system monitor of the user's, no sudden repacking,
# no submodules.
QUIET = (
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
    "-c",
    "maintenance.auto=false",
    "-c",
    "submodule.recurse=false",
)

KEPT = re.compile(
    r"GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM|COUNT|KEY_\d+|VALUE_\d+)|EXEC_PATH|SSH.*|SSL_.*|HTTP_.*"
    r"|PROXY_.*|ASKPASS|ALLOW_PROTOCOL|TRACE.*|(AUTHOR|COMMITTER)_(NAME|EMAIL))"
)

# What git tells a hook about the repository, index and object store it works on
# (git rev-parse --local-env-vars, and the quarantine of receive-pack).
HOOK_VIEW = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_PREFIX",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_QUARANTINE_PATH",
    "GIT_CONFIG_PARAMETERS",
    "GIT_SHALLOW_FILE",
)


class GitResult(NamedTuple):
    """What one git command left: its output as bytes, its complaints as text, its exit code."""

    stdout: bytes
    stderr: str
    code: int


class GitFailed(OrchestrateError):
    """A git command ended with a code that was not expected. Exit code 5."""

    exit_code = Unsupported.exit_code

    def __init__(self, command: Sequence[str], code: int, stderr: str) -> None:
        said = stderr.strip() or "it said nothing"
        super().__init__(f"git {_subcommand(command)} failed with code {code}: {said}")
        self.command = tuple(command)
        self.code = code
        self.stderr = stderr


def run_git(
    args: Sequence[str],
    *,
    cwd: Path | None = None,
    git_dir: Path | None = None,
    work_tree: Path | None = None,
    input: bytes | BinaryIO = b"",
    env: Mapping[str, str] | None = None,
    check: bool = True,
    timeout: float | None = None,
    keep_fd: int | None = None,
) -> GitResult:
    """What `git ARGS` printed; `env` is added to the scrubbed environment, `timeout` in seconds.

    `input` may be an open file; `keep_fd` is a file descriptor that stays open in the child.

    Raises:
        GitFailed: it ended with a code other than 0 and `check` is set.
        OrchestrateError: it took longer than `timeout`, or `cwd` is not a folder.
        Unsupported: there is no git command.
    """
    command = _command(args, git_dir, work_tree)
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            input=input if isinstance(input, bytes) else None,
            stdin=None if isinstance(input, bytes) else input,
            env=clean_environment() | dict(env or {}),
            capture_output=True,
            timeout=timeout,
            check=False,
            pass_fds=() if keep_fd is None else (keep_fd,),
        )
    except subprocess.TimeoutExpired:
        raise OrchestrateError(
            f"git {_subcommand(args)} did not end within {timeout:g} s"
        ) from None
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _cannot_start(error, cwd) from None
    stderr = done.stderr.decode("utf-8", "replace")
    if check and done.returncode != 0:
        raise GitFailed(command[1:], done.returncode, stderr)
    return GitResult(done.stdout, stderr, done.returncode)


def read_start(args: Sequence[str], limit: int, *, git_dir: Path) -> bytes:
    """The first `limit` bytes that `git ARGS` prints; the command is stopped there.

    For objects that must not be held in memory whole.
    """
    process = subprocess.Popen(
        _command(args, git_dir, None),
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        data = process.stdout.read(limit) if process.stdout else b""
        process.kill()
    return data


def _command(args: Sequence[str], git_dir: Path | None, work_tree: Path | None) -> list[str]:
    command = ["git"]
    if git_dir is not None:
        command.append(f"--git-dir={git_dir}")
    if work_tree is not None:
        command.append(f"--work-tree={work_tree}")
    return [*command, *args]


def clean_environment() -> dict[str, str]:
    """This process's environment for a git that nothing outside redirects and nobody answers."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or KEPT.fullmatch(name)
    }
    # Messages are read by programs; `git status` and the like must not write the index.
    ours = {"LC_ALL": "C", "LANGUAGE": "", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    # Replaced objects and grafts would show what is neither committed nor pushed.
    ours |= {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_GRAFT_FILE": "/dev/null/none"}
    return kept | ours


def hook_environment() -> dict[str, str]:
    """The variables by which git tells a hook its repository, index and object store."""
    return {name: os.environ[name] for name in HOOK_VIEW if name in os.environ}


@cache
def git_version() -> tuple[int, ...]:
    """The version of the git command, such as (2, 39, 5)."""
    text = run_git(["version"]).stdout.decode("ascii", "replace")
    found = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part or 0) for part in found.groups()) if found else (0, 0, 0)


def require_git(minimum: tuple[int, int], purpose: str) -> None:
    """Nothing, when the git command is at least `minimum`.

    Raises:
        Unsupported: it is older; says what needs it.
    """
    version = git_version()
    if version < minimum:
        raise Unsupported(
            f"{purpose} needs git {_dotted(minimum)} or newer, found {_dotted(version)}",
            hint="install a newer git and put it first on PATH",
        )


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))


def _subcommand(args: Sequence[str]) -> str:
    """The verb among the arguments, after the options that stand before it."""
    rest = list(args)
    while rest and rest[0].startswith("-"):
        del rest[: 2 if rest[0] in ("-c", "-C") else 1]
    return rest[0] if rest else ""


def _cannot_start(error: OSError, cwd: Path | None) -> OrchestrateError:
    if cwd is not None and not cwd.is_dir():
        return OrchestrateError(f"{cwd} is not a folder (any more)")
    return Unsupported(
        f"the git command cannot be started: {error.strerror}",
        hint="install git 2.38 or newer and put it on PATH",
    )
