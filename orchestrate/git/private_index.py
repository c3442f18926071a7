"""A git directory and index of our own over somebody's working tree.

Rules this file keeps:
- Git does the looking (`git status` with parallel lstat, untracked cache and fsmonitor), but with
  our git directory: the user's index, its lock and its stat data are never touched.
- The index there holds files as they are on disk. `info/attributes` outranks every `.gitattributes`
  (gitattributes(5)) and switches off all conversion, so a blob is the file, byte for byte.
- What stands in the folder is a cache. It is published by renaming one small file, and thrown away
  whole when anything about it is odd.
- Nothing is trusted by its time alone: the index is dated back, so that git reads again what was
  written in the same tick of the file system's clock (git's "racy git" rule does the rest).
"""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrate import whole_file
from orchestrate.git import private_state
from orchestrate.git.private_layout import global_excludes, prepare, worktree_id
from orchestrate.git.private_state import IndexState
from orchestrate.git.process import GitFailed, GitResult, run_git
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, Signature, path_bytes, path_text
from orchestrate.git.user_index import (
    UserIndex,
    ignored_but_tracked,
    without_conversions,
)

FOLD_AT = 32  # changed paths beyond which the index itself is brought up to date
REFRESH_AFTER = 8  # captures after which git may store the stat data that it refreshed
FINE_SETBACK = 30_000_000  # ns; three ticks of the slowest kernel clock (100 Hz)
COARSE_SETBACK = 2_000_000_000  # ns; FAT, and others that keep whole seconds


class Scan(NamedTuple):
    """What differs between the working tree and `base`, the tree that the index holds.

    `changed` are paths to look at, `gone` entries that no longer count (deleted, or ignored now),
    `nested` folders that are repositories of their own and not recorded in `base`.
    """

    base: Oid
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    nested: tuple[str, ...]


class PrivateIndex:
    """The cache of one working tree. Use it only inside `locked()`."""

    def __init__(self, repo: Repository, work_tree: Path, settings: dict[str, str]) -> None:
        self.repo = repo
        self.settings = settings
        self.work_tree = work_tree
        self.folder = repo.common_dir / "orchestrate" / "worktrees" / worktree_id(repo)
        self._state: IndexState | None = None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One capture of this working tree at a time; the kernel drops the lock of the dead."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            self._state = private_state.load(self.folder, self.work_tree)
            yield

    def scan(self, user: UserIndex) -> Scan:
        """How the working tree differs from the index, which is made first where needed."""
        state = self._state
        if state is None or state.skipped != user.skipped:
            state = self._seed(user)
        try:
            return self._scan(state, user)
        except GitFailed:  # a damaged index, or objects that a gc took: begin anew
            return self._scan(self._seed(user), user)

    def _scan(self, state: IndexState, user: UserIndex) -> Scan:
        refresh = state.age >= REFRESH_AFTER
        index = self._copy(state) if refresh else self.folder / state.file
        found = self.git(
            ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames",
             "--ignore-submodules=dirty", "--no-ahead-behind"],
            index=index, locks=refresh,
        ).stdout  # fmt: skip
        if refresh:
            state = self._publish(state._replace(age=0), index)
        changed, gone, nested = _parse_status(found)
        attributes = any(path.endswith(".gitattributes") for path in changed)
        state = state._replace(attributes=state.attributes or attributes)
        state = self._with_ignored(state, user, changed)
        extra = [path for path in state.forced if path not in set(changed)]
        self._state = state._replace(age=state.age + 1)
        return Scan(
            state.base,
            (*changed, *extra),
            (*gone, *state.stale),
            tuple(nested),
        )

    def fold(self, changed: Sequence[str], gone: Sequence[str]) -> Oid:
        """The tree of the index after taking in these paths; the scans to come start there.

        Raises:
            GitFailed: a path could not be read; nothing is published.
        """
        assert self._state is not None, "fold follows scan"
        index = self._copy(self._state)
        update = ["update-index", "--add", "--remove", "--replace", "-z", "--stdin"]
        if gone:
            self.git(["update-index", "--force-remove", "-z", "--stdin"], index, input=_z(gone))
        self.git(update, index, input=_z(changed))
        base = self._write_tree(index)
        self._head(base)
        state = self._state._replace(base=base, age=REFRESH_AFTER, forced=[], stale=[])
        self._state = self._publish(state, index)
        return base

    @property
    def may_convert(self) -> bool:
        """Whether a `.gitattributes` file was seen in the working tree, as far as is known."""
        state = self._state or private_state.load(self.folder, self.work_tree)
        return state is None or state.attributes

    def save(self) -> None:
        """Keep what this capture learned about the index."""
        if self._state is not None:
            private_state.store(self.folder, self.work_tree, self._state)

    def forget(self) -> None:
        """Throw the cache away."""
        for name in (private_state.FILE, "user-index.json"):
            (self.folder / name).unlink(missing_ok=True)
        self._state = None

    def including(self, paths: Sequence[str]) -> list[str]:
        """The files at and below `paths` that git ignores; nested repositories are left out."""
        assert self._state is not None, "including follows scan"
        command = ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", *paths]
        found = self.git(command, self.folder / self._state.file, literal=True).stdout
        return [path for path in _split(found) if not path.endswith("/")]

    def ignored(self, paths: Sequence[str]) -> frozenset[str]:
        """Those of the paths that git's ignore rules leave out, tracked or not."""
        if not paths:
            return frozenset()
        found = self.git(
            ["check-ignore", "-z", "--stdin", "--no-index"], None, input=_z(paths), check=False
        )
        return frozenset(_split(found.stdout))

    # The index file.

    def _seed(self, user: UserIndex) -> IndexState:
        """An index that begins as a copy of the user's, without entries that are not raw bytes."""
        prepare(self.folder, self.repo, self.settings, user)
        index = self.folder / f"index.{secrets.token_hex(6)}"
        raw, whole = without_conversions(self.repo, self.work_tree, user, self.settings)
        index.write_bytes(raw)
        _date_back(index, user.time_ns)
        base = user.tree if whole else self._write_tree(index)
        self._head(base)
        attributes = b".gitattributes\0" in raw
        state = IndexState(index.name, base, user.skipped, REFRESH_AFTER, [], [], [], attributes)
        return self._publish(state, index)

    def _head(self, tree: Oid) -> None:
        """Point our HEAD at a commit of this tree, so that `status` finds nothing staged."""
        us = Signature("orchestrate", "orchestrate@localhost", 0)
        commit = self.repo.commit(tree, [], "index\n", author=us, committer=us)
        whole_file.write(self.folder / "HEAD", f"{commit}\n".encode())

    def _copy(self, state: IndexState) -> Path:
        """A second name for the published index: git writes by renaming, the first one stays."""
        index = self.folder / f"index.{secrets.token_hex(6)}"
        os.link(self.folder / state.file, index)
        return index

    def _write_tree(self, index: Path) -> Oid:
        found = self.git(["write-tree", "--missing-ok"], index, locks=True).stdout
        return Oid(found.decode("ascii").strip())

    def _publish(self, state: IndexState, index: Path) -> IndexState:
        _date_back(index, index.stat().st_mtime_ns)
        state = state._replace(file=index.name)
        private_state.store(self.folder, self.work_tree, state)
        for left in self.folder.glob("index.*"):
            if left.name != index.name:
                left.unlink(missing_ok=True)
        return state

    # What is ignored.

    def _with_ignored(
        self, state: IndexState, user: UserIndex, changed: Sequence[str]
    ) -> IndexState:
        """The state with `forced` and `stale` as of now; asked of git only when it can differ."""
        rules = [path for path in changed if path.rpartition("/")[2] == ".gitignore"]
        excludes = [self.repo.common_dir / "info" / "exclude", global_excludes(self.settings)]
        files = [*excludes, *(self.work_tree / path for path in rules)]
        key: list[object] = [state.base, user.tree, [_stat_key(file) for file in files]]
        if key == state.ignore_key:
            return state
        theirs = set(ignored_but_tracked(self.repo, self.work_tree))
        ours = set(
            _split(
                self.git(
                    ["ls-files", "-z", "--cached", "--ignored", "--exclude-standard"],
                    self.folder / state.file,
                ).stdout
            )
        )
        return state._replace(
            ignore_key=key, forced=sorted(theirs - ours), stale=sorted(ours - theirs)
        )

    def git(
        self,
        args: Sequence[str],
        index: Path | None,
        *,
        input: bytes = b"",
        locks: bool = False,
        literal: bool = False,
        check: bool = True,
    ) -> GitResult:
        """Git over the working tree, with our git directory and the repository's objects."""
        env = {"GIT_OBJECT_DIRECTORY": str(self.repo.common_dir / "objects")}
        if index is not None:
            env["GIT_INDEX_FILE"] = str(index)
        if locks:
            env["GIT_OPTIONAL_LOCKS"] = "1"
        if literal:
            env["GIT_LITERAL_PATHSPECS"] = "1"
        return run_git(
            args, cwd=self.work_tree, git_dir=self.folder, work_tree=self.work_tree,
            input=input, env=env, check=check,
        )  # fmt: skip


def _parse_status(found: bytes) -> tuple[list[str], list[str], list[str]]:
    """(paths to look at, paths that are gone, untracked nested repositories)."""
    changed: list[str] = []
    gone: list[str] = []
    nested: list[str] = []
    for line in _split(found):
        code, path = line[1], line[3:]
        if code == "D":
            gone.append(path)
        elif code == "?" and path.endswith("/"):
            nested.append(path[:-1])
        elif code != " ":
            changed.append(path)
    return changed, gone, nested


def _stat_key(path: Path) -> list[object]:
    try:
        found = path.stat()
    except OSError:
        return [str(path)]
    return [str(path), found.st_ino, found.st_mtime_ns, found.st_size]


def _date_back(index: Path, written_ns: int) -> None:
    coarse = written_ns % 1_000_000_000 == 0
    when = written_ns - (COARSE_SETBACK if coarse else FINE_SETBACK)
    os.utime(index, ns=(when, max(when, 0)))


def _z(paths: Sequence[str]) -> bytes:
    return b"".join(path_bytes(path) + b"\0" for path in paths)


def _split(found: bytes) -> list[str]:
    return [path_text(part) for part in found.split(b"\0") if part]
