"""Policy files as a commit holds them: the Reader that `policy.load_policy` wants.

Only plain files are policy. A symlink or a submodule at such a path is refused aloud: what it
points to is not in the commit, or is not where a reviewer looks.
"""

from collections.abc import Sequence

from orchestrate.errors import FileError
from orchestrate.git.repository import Repository
from orchestrate.git.types import EXECUTABLE, FILE, SYMLINK, TREE, Oid, TreeEntry


class CommitReader:
    """The files of one commit or tree; of no commit (an unborn branch) there are none."""

    def __init__(self, repository: Repository, commit: Oid | None) -> None:
        self._repository = repository
        self._tree = repository.tree_of(commit) if commit else None

    def list(self, prefix: str) -> list[tuple[str, str]]:
        """(path, blob id) of every file whose path begins with `prefix`.

        Raises:
            FileError: one of them is a symlink or a submodule.
        """
        folder, _, start = prefix.rpartition("/")
        tree = self._folder(folder)
        if tree is None:
            return []
        below = f"{folder}/" if folder else ""
        found: Sequence[TreeEntry] = []
        for entry in self._repository.list_tree(tree):
            if entry.path.startswith(start):
                found = [*found, *self._files(entry, below)]
        return [(entry.path, _plain(entry).oid) for entry in found]

    def read(self, path: str) -> bytes | None:
        """The bytes of the file at `path`, or None when there is none.

        Raises:
            FileError: it is a symlink or a submodule.
        """
        entry = self._repository.entry(self._tree, path) if self._tree else None
        if entry is None or entry.mode == TREE:
            return None
        return self._repository.read_blob(_plain(entry._replace(path=path)).oid)

    def _folder(self, folder: str) -> Oid | None:
        if self._tree is None or not folder:
            return self._tree
        entry = self._repository.entry(self._tree, folder)
        if entry is not None and entry.mode != TREE:
            _plain(entry._replace(path=folder))  # a symlink in a folder's place hides the policy
        return entry.oid if entry is not None and entry.mode == TREE else None

    def _files(self, entry: TreeEntry, below: str) -> Sequence[TreeEntry]:
        path = below + entry.path
        if entry.mode != TREE:
            return [entry._replace(path=path)]
        return list(self._repository.walk_tree(entry.oid, f"{path}/"))


def _plain(entry: TreeEntry) -> TreeEntry:
    if entry.mode in (FILE, EXECUTABLE):
        return entry
    kind = "a symlink" if entry.mode == SYMLINK else "a submodule"
    raise FileError(
        entry.path, f"is {kind}; policy must be a plain file", hint="commit the file itself"
    )
