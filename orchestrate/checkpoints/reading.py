"""Reading a working tree exactly as it is, beside its index, HEAD and what is in progress.

Rules this file keeps:
- Nothing of the user's is written: not the index, not a file, no lock that git would wait for.
- What changed while it was read is read again; what still changes is named.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from orchestrate.checkpoints.append import Captured
from orchestrate.checkpoints.state import State
from orchestrate.errors import Conflict
from orchestrate.git.capture import Entry, FileModes, Reading, WorkTree, is_file
from orchestrate.git.errors import ObjectMissing
from orchestrate.git.index_file import SKIP_WORKTREE
from orchestrate.git.private_index import FOLD_AT, PrivateIndex, Scan
from orchestrate.git.process import GitFailed
from orchestrate.git.progress import read_progress
from orchestrate.git.repository import Repository
from orchestrate.git.types import SUBMODULE, Oid
from orchestrate.git.user_index import (
    UserIndex,
    has_attributes,
    index_key,
    is_true,
    read_settings,
    read_user_index,
    stat_dirty,
)
from orchestrate.git.user_tree import work_tree_of

TRIES = 3  # captures begun anew because HEAD or the index moved meanwhile


class TreeReader:
    """Reads one working tree; keep it to read many times. Not for several threads.

    Raises (the constructor):
        InvalidInput: a bare repository.
    """

    def __init__(self, repo: Repository) -> None:
        self.work_tree = Path(str(work_tree_of(repo)).rstrip("/"))
        self.repo = repo
        self.settings = read_settings(repo, self.work_tree)
        self.private = PrivateIndex(repo, self.work_tree, self.settings)
        self._has_attributes = has_attributes(repo, self.work_tree, self.settings)

    def steadily(self, read: Callable[[], Captured]) -> Captured:
        """What `read` returns when HEAD and the index were the same before and after.

        Raises:
            Conflict: they would not hold still.
        """
        for _ in range(TRIES):
            before = self._moving()
            found = read()
            if self._moving() == before:
                return found
        raise Conflict(
            "HEAD or the index changed each time while the working tree was read",
            hint="another git command runs in a loop here; try again when it has ended",
        )

    def _moving(self) -> tuple[object, ...]:
        index = index_key(self.repo.git_dir / "index")
        return self.repo.head_branch(), self.repo.head_commit(), index

    def everything(self, since: float, include: Sequence[str], held: Oid | None) -> Captured:
        """The whole working tree, and the ignored files and folders of `include`.

        `held` is a tree whose objects a ref keeps; the others of what is read are looked for.
        """
        user = self.user_index()
        try:
            return self._look(user, since, include, held)
        except ObjectMissing:  # a gc took what only our cache held: begin anew
            self.private.forget()
            return self._look(self.user_index(), since, include, held)

    def _look(
        self, user: UserIndex, since: float, include: Sequence[str], held: Oid | None
    ) -> Captured:
        scan = self.private.scan(user)
        files = self.files()
        tree, reading = self._read_scan(scan, files, since)
        if include:
            extra = files.read(self.private.including(include), tree)
            tree = self.repo.edit_tree(tree, extra.entries)
            reading = _joined(reading, extra)
        empty = [path for path in scan.nested if reading.entries.get(path) is None]
        self._check_objects(held, tree)
        unrecorded = (*reading.unreadable, *empty)
        return self.captured(tree, user, reading.unstable, unrecorded, self.dirty())

    def _read_scan(self, scan: Scan, files: WorkTree, since: float) -> tuple[Oid, Reading]:
        """The working tree as a tree, and how its changed paths were read."""
        base, changed = scan.base, scan.changed
        if len(changed) + len(scan.gone) >= FOLD_AT:
            try:
                base = self.private.fold(changed, scan.gone)
            except GitFailed:  # a path that git cannot read: ours names it and goes on
                pass
            else:
                reading = files.recheck(base, changed, since)
                nested = files.read(scan.nested, base)
                reading = _joined(reading, nested)
                return self.repo.edit_tree(base, _present(reading.entries, nested)), reading
        reading = _joined(files.read(changed, base), files.read(scan.nested, base))
        edits = dict.fromkeys(scan.gone) | reading.entries
        return self.repo.edit_tree(base, edits), reading

    def captured(
        self,
        tree: Oid,
        user: UserIndex,
        unstable: Sequence[str],
        unrecorded: Sequence[str],
        dirty: dict[str, int] | None,
        scope: tuple[str, ...] | None = None,
    ) -> Captured:
        """What was read, with what stands beside the files: index, HEAD, what is in progress."""
        progress = read_progress(self.repo.git_dir)
        absent = self._absent(user)
        state = State(user.tree, user.specials, dirty, absent, progress)
        return Captured(
            tree,
            state,
            self.repo.head_commit(),
            self.repo.head_branch(),
            tuple(sorted(unstable)),
            tuple(sorted(unrecorded)),
            scope,
        )

    def _absent(self, user: UserIndex) -> tuple[str, ...]:
        """The paths that git is told not to look at and that do not stand there."""
        skipped = [row.path for row in user.specials if row.flags & SKIP_WORKTREE]
        if is_true(self.settings, "core.sparsecheckout", "false"):
            return tuple(skipped)  # git drops the flag of those that stand
        files = self.files()
        return tuple(path for path in skipped if files.lstat(path) is None)

    def dirty(self, paths: Sequence[str] | None = None) -> dict[str, int] | None:
        """What `State.dirty` says, of all paths or of these."""
        if not (self.private.may_convert or self._has_attributes):
            return None
        if paths is not None and not paths:
            return {}
        return stat_dirty(self.repo, self.work_tree, paths or ())

    def _check_objects(self, held: Oid | None, tree: Oid) -> None:
        """Nothing when all of the tree is in the repository.

        What `held` shares with it is: a ref keeps that. Raises: ObjectMissing.
        """
        for change in self.repo.diff(held, tree):
            if change.new_mode not in (0, SUBMODULE) and not self.repo.exists(change.new_oid):
                raise ObjectMissing(change.new_oid, "blob")

    def plain(self, paths: Sequence[str], base: Oid) -> list[str] | None:
        """Those of the paths that git does not ignore; None if one needs a look at everything.

        That is a folder, a rule of git's own, or something in a nested repository.
        """
        files = self.files()
        plain: list[str] = []
        unknown: list[str] = []
        for path in paths:
            name = path.rpartition("/")[2]
            found = files.lstat(path)
            is_rule = name in (".gitignore", ".gitattributes") or ".git" in path.split("/")
            if is_rule or (found is not None and not is_file(found)):
                return None
            is_new = found is not None and self.repo.entry(base, path) is None
            (unknown if is_new else plain).append(path)
        ignored = self.private.ignored(unknown)
        return plain + [path for path in unknown if path not in ignored]

    def user_index(self) -> UserIndex:
        """The user's index as it is now. Raises: Unsupported."""
        return read_user_index(self.repo, self.private.folder)

    def files(self) -> WorkTree:
        """The files on disk as entries; for one pass, since it remembers the folders it saw."""
        modes = FileModes(
            is_true(self.settings, "core.filemode", "true"),
            is_true(self.settings, "core.symlinks", "true"),
        )
        return WorkTree(self.repo, self.work_tree, modes)


def _joined(one: Reading, other: Reading) -> Reading:
    return Reading(
        one.entries | other.entries,
        (*one.unstable, *other.unstable),
        (*one.unreadable, *other.unreadable),
    )


def _present(entries: Mapping[str, Entry | None], nested: Reading) -> dict[str, Entry | None]:
    """The entries without nested repositories that have no commit: there is nothing to remove."""
    return {
        path: entry
        for path, entry in entries.items()
        if entry is not None or path not in nested.entries
    }
