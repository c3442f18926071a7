"""A sparse checkout in cone mode with a sparse index, written straight from the trees.

Only the folders on the way to the cone are read, so it costs the same at any size of repository:
each folder outside is one index entry, which git keeps as "there, and unchanged".
"""

from collections.abc import Iterator, Sequence

from orchestrate.git.index_file import EXTENDED, SKIP_WORKTREE, IndexEntry, encode, stat_bytes
from orchestrate.git.names import check_path
from orchestrate.git.repository import Repository
from orchestrate.git.types import TREE, Oid, TreeEntry, path_bytes

# git-sparse-checkout(1), and `index.sparse`, which git needs to leave the index sparse.
SETTINGS = (
    ("core.sparseCheckout", "true"),
    ("core.sparseCheckoutCone", "true"),
    ("index.sparse", "true"),
)
_SPARSE_EXTENSION = b"sdir" + bytes(4)  # gitformat-index(5): no content


def normal_cone(folders: Sequence[str]) -> tuple[str, ...]:
    """The cone's folders sorted, those inside another one left out.

    Raises:
        InvalidInput: a folder that a tree cannot hold.
    """
    cone: list[str] = []
    for folder in sorted(
        {check_path(folder.strip("/")) for folder in folders if folder.strip("/")}
    ):
        if not any(_is_below(folder, outer) for outer in cone):
            cone.append(folder)
    return tuple(cone)


def cone_patterns(cone: Sequence[str]) -> str:
    """The file `info/sparse-checkout`: files at the top, beside the way, and all in the cone."""
    parents = {above for folder in cone for above in _above(folder)}
    lines = ["/*", "!/*/"]
    for folder in sorted(parents | set(cone)):
        escaped = "".join(f"\\{c}" if c in "\\*?[" else c for c in folder)
        lines.append(f"/{escaped}/")
        if folder in parents:
            lines.append(f"!/{escaped}/*/")
    return "\n".join(lines) + "\n"


def sparse_index(repo: Repository, tree: Oid, cone: Sequence[str]) -> bytes:
    """The bytes of an index of the tree in which every folder outside the cone is one entry."""
    rows = [_row(entry) for entry in _entries(repo, tree, "", cone)]
    return encode(rows, extensions=_SPARSE_EXTENSION)


def _entries(repo: Repository, tree: Oid, prefix: str, cone: Sequence[str]) -> Iterator[TreeEntry]:
    for entry in repo.list_tree(tree):
        path = prefix + entry.path
        if entry.mode != TREE:
            yield entry._replace(path=path)
        elif any(_is_below(path, folder) for folder in cone):
            yield from repo.walk_tree(entry.oid, path + "/")
        elif any(_is_below(folder, path) for folder in cone):
            yield from _entries(repo, entry.oid, path + "/", cone)
        else:
            yield entry._replace(path=path + "/")


def _row(entry: TreeEntry) -> IndexEntry:
    flags = EXTENDED | SKIP_WORKTREE if entry.mode == TREE else 0
    stat = stat_bytes(entry.mode, None)
    return IndexEntry(path_bytes(entry.path), stat, bytes.fromhex(entry.oid), flags)


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + "/")


def _above(folder: str) -> Iterator[str]:
    parts = folder.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))
