"""One repository, in the project's own types; each method is a verb of a module beside this one.

Opening costs less than 0.1 ms. A Repository belongs to the thread that opened it: libgit2's objects
are not shared between threads, so each thread opens its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType, ReferenceType, SortMode

from orchestrate.errors import InvalidInput, OrchestrateError
from orchestrate.git import configuration, diffs, merges, objects, opening, refs, trees
from orchestrate.git.errors import ObjectMissing, RefLocked, RefMoved, RefNameTaken
from orchestrate.git.locks import WriterNote
from orchestrate.git.merges import MergeResult
from orchestrate.git.names import is_oid
from orchestrate.git.retry import Queue, queue_for
from orchestrate.git.types import (
    SUBMODULE,
    TREE,
    Commit,
    EntryChange,
    Oid,
    RefUpdate,
    Signature,
    TreeEntry,
)

__all__ = [
    "MergeResult",
    "ObjectMissing",
    "RefLocked",
    "RefMoved",
    "RefNameTaken",
    "Repository",
]


class Repository:
    """What the rest of the program knows of git."""

    def __init__(self, handle: pygit2.Repository) -> None:
        self._handle = handle
        self.git_dir = Path(handle.path)
        self.common_dir = opening.common_dir(self.git_dir)
        self.work_tree = Path(handle.workdir) if handle.workdir else None
        self._note = WriterNote(self.common_dir)

    @classmethod
    def open(cls, path: Path | str) -> "Repository":
        """The repository that holds `path`, found upward; GIT_DIR and the like do not matter.

        Raises:
            InvalidInput: there is none.
            Unsupported: libgit2 cannot open it, or git does not trust its owner; says why.
        """
        return cls(opening.open_repository(Path(path)))

    # Objects

    def read_blob(self, oid: Oid, limit: int | None = None) -> bytes:
        """The blob's first `limit` bytes, or all of it. Raises: ObjectMissing."""
        return objects.read_blob(self._handle, oid, limit)

    def blob_size(self, oid: Oid) -> int:
        """The blob's size in bytes. Raises: ObjectMissing."""
        return objects.object_header(self._handle, oid)[1]

    def write_blob(self, data: bytes) -> Oid:
        """The id of a blob of these bytes."""
        return objects.write_object(self._handle, ObjectType.BLOB, data)

    def exists(self, oid: str) -> bool:
        """Whether the repository has the object."""
        return is_oid(oid) and oid in self._handle.odb

    def has_commit(self, oid: str) -> bool:
        """Whether the repository has a commit of that id."""
        return self.exists(oid) and (
            objects.object_header(self._handle, oid)[0] == ObjectType.COMMIT
        )

    # Trees

    def tree_of(self, commit: Oid) -> Oid:
        """The commit's tree; a tree's own id. Raises: ObjectMissing."""
        return trees.tree_of(self._handle, commit)

    def list_tree(self, tree: Oid) -> list[TreeEntry]:
        """The entries of one level, in git's order. Raises: ObjectMissing."""
        return trees.list_tree(self._handle, tree)

    def walk_tree(self, tree: Oid, prefix: str = "") -> Iterator[TreeEntry]:
        """Every entry below that is no folder; `prefix` stands before each path."""
        return trees.walk_tree(self._handle, tree, prefix)

    def entry(self, tree: Oid, path: str) -> TreeEntry | None:
        """What stands at `path` in the tree, a folder too; None if nothing does."""
        return trees.find_entry(self._handle, tree, path)

    def read_path(self, commit_or_tree: Oid, path: str) -> bytes | None:
        """The content of the file at `path`, None if there is no file. Raises: ObjectMissing."""
        found = self.entry(self.tree_of(commit_or_tree), path)
        if found is None or found.mode in (TREE, SUBMODULE):
            return None
        return self.read_blob(found.oid)

    def edit_tree(self, tree: Oid | None, edits: Mapping[str, tuple[int, Oid] | None]) -> Oid:
        """The id of the tree after the edits: path -> (mode, id), or None to remove it.

        Raises:
            InvalidInput: a path that a tree cannot hold.
            ObjectMissing: a tree on the way is not there.
        """
        return trees.edit_tree(self._handle, tree, edits)

    # Commits

    def commit(
        self,
        tree: Oid,
        parents: Sequence[Oid],
        message: str,
        *,
        author: Signature,
        committer: Signature,
    ) -> Oid:
        """The id of a new commit object; no ref moves. Raises: InvalidInput, ObjectMissing."""
        return objects.write_commit(self._handle, tree, parents, message, author, committer)

    def read_commit(self, oid: Oid) -> Commit:
        """The commit. Raises: ObjectMissing."""
        return objects.read_commit(self._handle, oid)

    def resolve(self, rev: str) -> Oid:
        """The id of the commit that `rev` names.

        Raises:
            InvalidInput: it names none.
        """
        try:
            commit = self._handle.revparse_single(rev).peel(pygit2.Commit)
        except (KeyError, ValueError, pygit2.GitError):
            raise InvalidInput(f"{rev!r} does not name a commit of this repository") from None
        return Oid(str(commit.id))

    def merge_base(self, one: Oid, other: Oid) -> Oid | None:
        """A best common ancestor, None if the two share no history."""
        return merges.merge_base(self._handle, one, other)

    def is_ancestor(self, ancestor: Oid, descendant: Oid) -> bool:
        """Whether `descendant` can reach `ancestor`; a commit reaches itself."""
        return ancestor == descendant or self._handle.descendant_of(descendant, ancestor)

    def log(self, tip: Oid, first_parent: bool = True) -> Iterator[Commit]:
        """The commits from `tip` back, newest first, on first parents or on all."""
        if first_parent:
            return objects.first_parents(self._handle, tip)
        walk = self._handle.walk(tip, SortMode.TOPOLOGICAL)
        return (self.read_commit(Oid(str(commit.id))) for commit in walk)

    def merge(self, ours: Oid, theirs: Oid, base: Oid | None = None) -> MergeResult:
        """Both commits' changes since `base` (by default their merge base), or the conflicts.

        Raises:
            Conflict: they share no history and no base is given.
            Unsupported: git is older than 2.38 and must be asked.
        """
        return merges.merge(self._handle, self.git_dir, self.work_tree, ours, theirs, base)

    # Refs

    def ref(self, name: str) -> Oid | None:
        """The id the ref holds, None if there is no such ref."""
        return refs.read_ref(self._handle, name)

    def refs(self, prefix: str) -> dict[str, Oid]:
        """Every ref whose name begins with `prefix`, with its id, sorted by name."""
        return refs.list_refs(self._handle, self.common_dir, prefix)

    def swap_refs(self, updates: Sequence[RefUpdate], *, message: str = "") -> None:
        """Moves all the refs or none, each only if it has its old value; see `refs`.

        Raises:
            RefMoved: a ref does not have the expected value.
            RefLocked: a lock file stayed for a second.
            RefNameTaken: a new name collides with another ref's folder.
            ObjectMissing: a new value is not in the repository.
        """
        if len(updates) == 1 and updates[0].name.startswith(refs.LOGGED):
            self._name_for_reflogs()
        refs.swap_refs(self._handle, self.common_dir, self._note, updates, message)

    def _name_for_reflogs(self) -> None:
        """Tells libgit2 the identity that git would write; without one it writes "unknown"."""
        if None in self._handle.ident:
            with suppress(OrchestrateError):
                self._handle.set_ident(*self.identity())

    def queue(self, name: str) -> Queue:
        """The queue in front of the ref's writers, for `retry`."""
        return queue_for(self.common_dir, name)

    def head_branch(self) -> str | None:
        """The full name of the branch that HEAD is on, None when it is detached."""
        head = self._handle.references.get("HEAD")
        if head is None or head.type != ReferenceType.SYMBOLIC:
            return None
        return str(head.target)

    def head_commit(self) -> Oid | None:
        """The commit that HEAD is on, None before the first commit."""
        return self.ref("HEAD")

    # Differences

    def diff(self, old_tree: Oid | None, new_tree: Oid) -> list[EntryChange]:
        """Every path whose entry differs, sorted; a rename is a delete and an add."""
        return diffs.diff_trees(self._handle, old_tree, new_tree)

    def diff_text(self, old_tree: Oid | None, new_tree: Oid, paths: Sequence[str] = ()) -> bytes:
        """A unified diff of the trees, or of the literal `paths`, for people."""
        return diffs.diff_text(self.git_dir, old_tree, new_tree, tuple(paths))

    # Configuration

    def config(self, key: str) -> str | None:
        """The value git would use for `key`, None when it is not set."""
        return configuration.read_config(self.git_dir, key)

    def own_settings(self) -> list[tuple[str, str]]:
        """The (key, value) pairs of the repository's own configuration, the user's left out."""
        return [(entry.name, entry.value or "true") for entry in self._handle.config_snapshot]

    def identity(self) -> tuple[str, str]:
        """Name and email of the person, from git's environment variables or configuration.

        Raises:
            Unsupported: neither has them.
        """
        return configuration.read_identity(self.git_dir)
