"""Puts the hooks where git looks for them, and takes them out again to the byte.

Rules kept here:

* The folder is the one that git reports. `core.hooksPath` is honoured and never set; a folder that
  other repositories share is refused.
* A hook of somebody else's is moved aside whole (`<hook>.before-orchestrate`) and runs first.
  Uninstalling moves it back; nothing of it was ever edited.
* Only a file that is wholly ours is overwritten or removed: one edited since is left, and told.
"""

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from orchestrate.errors import InvalidInput, NoRepository, OrchestrateError, Unsupported
from orchestrate.git.process import run_git
from orchestrate.hooks.cache_file import folder_of
from orchestrate.hooks.stubs import ALL, BEGIN, CHAINED, HOOKS, OPT_IN, PROBE, PROBE_ANSWER, stub

MAX_HOOK = 1024 * 1024  # bytes of a hook file that is read to see whose it is


@dataclass(frozen=True)
class Installed:
    """What happened to a hook: installed, chained, unchanged, or removed, restored, kept."""

    hook: str
    what: str
    path: Path


def install(
    repository: Path,
    *,
    hooks: Sequence[str] = HOOKS,
    python: str = sys.executable,
    dry_run: bool = False,
) -> list[Installed]:
    """What was done for each hook, in order; running it again changes nothing.

    Raises:
        InvalidInput: an unknown hook, or `core.hooksPath` names a folder other repositories share.
        NoRepository: not a git repository.
    """
    if unknown := [hook for hook in hooks if hook not in ALL]:
        raise InvalidInput(f"there is no hook {unknown[0]!r}", hint=f"known: {', '.join(ALL)}")
    folder = hooks_folder(repository)
    _refuse_shared(repository, folder)
    if not dry_run:
        entry = Path(__file__).with_name("main.py")
        for key, value in (("orchestrate.python", python), ("orchestrate.entry", str(entry))):
            run_git(["config", "--local", "--replace-all", key, value], cwd=repository)
        folder.mkdir(parents=True, exist_ok=True)
    return [_install_one(folder, hook, dry_run) for hook in hooks]


def _install_one(folder: Path, hook: str, dry_run: bool) -> Installed:
    path, aside = folder / hook, folder / (hook + CHAINED)
    text = stub(hook).encode()
    there = os.path.lexists(path)
    if there and _is_ours(path):
        if path.read_bytes() == text and os.access(path, os.X_OK):
            return Installed(hook, "unchanged", path)
        there = False  # an older version of ours
    if there and os.path.lexists(aside):
        raise OrchestrateError(
            f"{path} is not ours, and {aside.name} is there already",
            hint="another tool put its hook over ours: remove or merge one of the two files",
        )
    if dry_run:
        return Installed(hook, "chained" if there else "installed", path)
    if there:
        path.rename(aside)
    _write_hook(path, text)
    return Installed(hook, "chained" if there else "installed", path)


def chosen(repository: Path) -> tuple[str, ...]:
    """The hooks that belong here: the usual ones, and those beyond that somebody has installed.

    Raises:
        NoRepository: not a git repository.
    """
    folder = hooks_folder(repository)
    return HOOKS + tuple(hook for hook in OPT_IN if _has_ours(folder / hook))


def uninstall(repository: Path, *, hooks: Iterable[str] = ALL) -> list[Installed]:
    """What was done for each hook that had something of ours; caches and settings go too.

    Raises:
        NoRepository: not a git repository.
    """
    folder = hooks_folder(repository)
    done = [found for hook in hooks if (found := _uninstall_one(folder, hook)) is not None]
    if not any(_has_ours(folder / hook) for hook in ALL):
        run_git(
            ["config", "--local", "--remove-section", "orchestrate"], cwd=repository, check=False
        )
        _remove_cache(common_dir(repository))
    return done


def _uninstall_one(folder: Path, hook: str) -> Installed | None:
    path, aside = folder / hook, folder / (hook + CHAINED)
    if os.path.lexists(path) and not _is_ours(path):
        return Installed(hook, "kept", path) if _has_ours(path) else None
    ours = os.path.lexists(path)
    if ours:
        path.unlink()
    if os.path.lexists(aside):
        aside.rename(path)
        return Installed(hook, "restored", path)
    return Installed(hook, "removed", path) if ours else None


def _remove_cache(common: Path) -> None:
    cache = Path(folder_of(str(common)))
    for file in cache.glob("*") if cache.is_dir() else ():
        file.unlink(missing_ok=True)
    if cache.is_dir():
        cache.rmdir()
    if cache.parent.is_dir() and not any(cache.parent.iterdir()):
        cache.parent.rmdir()


def hooks_folder(repository: Path) -> Path:
    """The folder that git takes hooks from in the worktree at `repository`.

    Raises:
        NoRepository: not a git repository.
    """
    return _git_path(repository, "--git-path", "hooks")


def common_dir(repository: Path) -> Path:
    """The git directory that all worktrees share. Raises: NoRepository."""
    return _git_path(repository, "--git-common-dir")


def _git_path(repository: Path, *question: str) -> Path:
    found = run_git(["rev-parse", *question], cwd=repository, check=False)
    if "not a git repository" in found.stderr:
        raise NoRepository(repository)
    if found.code:
        raise Unsupported(f"git cannot use {repository}: {found.stderr.strip()}")
    return (repository / os.fsdecode(found.stdout.rstrip(b"\n"))).absolute()


def _refuse_shared(repository: Path, folder: Path) -> None:
    """Accept a hooks folder that belongs to this repository alone."""
    scope = run_git(
        ["config", "--show-scope", "--get", "core.hooksPath"], cwd=repository, check=False
    )
    if scope.code == 0 and not scope.stdout.startswith((b"local", b"worktree")):
        raise InvalidInput(
            f"core.hooksPath is set for all your repositories, to {folder}",
            hint="give this repository a folder of its own first: "
            "`git config --local core.hooksPath .githooks`",
        )


def _write_hook(path: Path, text: bytes) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}.new")
    temporary.write_bytes(text)
    temporary.chmod(0o755)
    temporary.replace(path)


def _is_ours(path: Path) -> bool:
    """Whether the hook at `path` is a stub of ours and nothing else, of any version."""
    text = _read(path)
    return (
        text.startswith(f"#!/bin/sh\n{BEGIN}\n".encode())
        and text.count(b"\n# <<<") == 1
        and (text.rstrip().endswith(b"# <<< orchestrate <<<"))
    )


def _has_ours(path: Path) -> bool:
    return BEGIN.encode() in _read(path)


def _read(path: Path) -> bytes:
    try:
        about = path.lstat()
    except FileNotFoundError:
        return b""
    if not stat.S_ISREG(about.st_mode) or about.st_size > MAX_HOOK:
        return b""
    return path.read_bytes()


@dataclass(frozen=True)
class Fires:
    """Whether one hook fires in one worktree; `reason` says why not."""

    worktree: Path
    hook: str
    fires: bool
    reason: str = ""


def doctor(repository: Path) -> list[Fires]:
    """For each worktree and hook, whether git really starts ours there: it is started to see.

    Raises:
        NoRepository: not a git repository.
    """
    hooks = chosen(repository)
    return [_probe(tree, hook) for tree in worktrees(repository) for hook in hooks]


def worktrees(repository: Path) -> list[Path]:
    """Every worktree of the repository that is there and has files."""
    _git_path(repository, "--git-common-dir")
    listed = run_git(["worktree", "list", "--porcelain", "-z"], cwd=repository).stdout
    found = []
    for record in listed.split(b"\0\0"):
        fields = record.split(b"\0")
        if fields[0].startswith(b"worktree ") and b"bare" not in fields:
            found.append(Path(os.fsdecode(fields[0][9:])))
    return [tree for tree in found if tree.is_dir()]


def _probe(tree: Path, hook: str) -> Fires:
    path = hooks_folder(tree) / hook
    if not path.exists():
        return Fires(tree, hook, False, f"{path} is not there; run `orchestrate init`")
    if not os.access(path, os.X_OK):
        return Fires(tree, hook, False, f"{path} is not executable, so git skips it")
    if not _has_ours(path):
        return Fires(tree, hook, False, f"{path} does not call orchestrate")
    ran = run_git(["hook", "run", hook, "--", PROBE], cwd=tree, check=False, timeout=30)
    if ran.code == 0 and PROBE_ANSWER in ran.stderr + ran.stdout.decode("utf-8", "replace"):
        return Fires(tree, hook, True)
    said = ran.stderr.strip().partition("\n")[0]
    return Fires(tree, hook, False, f"it ended with code {ran.code}: {said or 'it said nothing'}")
