"""What a checkpoint holds besides files: the index, and a merge or rebase in progress.

It stands in a commit of its own, which the next checkpoint shares when nothing of it changed:

    index/            the index as a tree
    index.json        what a tree cannot say of it
    blobs/<id>        the sides of a conflict, so that git keeps them
    progress/...      MERGE_HEAD, rebase-merge/..., as they stood in the git directory

The commits that the progress files name are its parents, so that git keeps them too.
"""

import json
from typing import NamedTuple

from orchestrate.git.errors import ObjectMissing
from orchestrate.git.progress import commits_in, in_progress
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE, SUBMODULE, TREE, Oid, Signature
from orchestrate.git.user_index import Special
from orchestrate.machine_json import to_json


class State(NamedTuple):
    """Index and progress.

    Where a filter or line-end conversion may stand between file and blob, `dirty` holds the paths
    whose index entry's stat data did not match, with the size that it gave: git calls a file
    changed by that alone. It is None where there is no conversion, so that content decides.
    `absent` are in the tree because git is told not to look (skip-worktree), and not on disk.
    """

    index_tree: Oid
    specials: tuple[Special, ...]
    dirty: dict[str, int] | None
    absent: tuple[str, ...]
    progress: dict[str, bytes]

    @property
    def in_progress(self) -> str:
        """What is in progress, "" for nothing."""
        return in_progress(self.progress)


def write_state(repo: Repository, state: State, known: Oid | None, who: Signature) -> Oid:
    """The id of a commit that holds the state; `known` itself if that one does."""
    document = {"specials": state.specials, "dirty": state.dirty, "absent": state.absent}
    edits: dict[str, tuple[int, Oid] | None] = {
        "index": (TREE, state.index_tree),
        "index.json": (FILE, repo.write_blob(to_json(document))),
    }
    for special in state.specials:
        if special.stage and special.mode != SUBMODULE and repo.exists(special.oid):
            edits[f"blobs/{special.oid}"] = (FILE, special.oid)
    for name, data in state.progress.items():
        edits[f"progress/{name}"] = (FILE, repo.write_blob(data))
    tree = repo.edit_tree(None, edits)
    parents = tuple(commits_in(repo, state.progress))
    if known is not None and _holds(repo, known, tree, parents):
        return known
    message = "index and git state of a checkpoint\n"
    return repo.commit(tree, parents, message, author=who, committer=who)


def _holds(repo: Repository, oid: Oid, tree: Oid, parents: tuple[Oid, ...]) -> bool:
    try:
        commit = repo.read_commit(oid)
    except ObjectMissing:
        return False
    return (commit.tree, commit.parents) == (tree, parents)


def read_state(repo: Repository, oid: Oid) -> State:
    """The state that `write_state` put into the commit.

    Raises:
        ObjectMissing: the commit, or a part of it, is gone.
    """
    tree = repo.tree_of(oid)
    entries = {entry.path: entry for entry in repo.list_tree(tree)}
    document = json.loads(repo.read_blob(entries["index.json"].oid))
    folder = entries.get("progress")
    return State(
        index_tree=entries["index"].oid,
        specials=tuple(Special(*row) for row in document["specials"]),
        dirty=document["dirty"],
        absent=tuple(document["absent"]),
        progress={
            entry.path: repo.read_blob(entry.oid)
            for entry in (repo.walk_tree(folder.oid) if folder else ())
        },
    )
