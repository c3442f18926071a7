"""A checkpoint as a value, and its form as a commit message.

The commit's tree is the working tree, byte for byte. Its parents, where they exist, are in order
the previous checkpoint of the owner, HEAD, and the commit that holds index and git state (`state`).
The trailers say which is which, and git's own reachability keeps all of it.
"""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from orchestrate.errors import OrchestrateError
from orchestrate.git.names import compose_message
from orchestrate.git.types import Commit, Oid

PREFIX = "refs/orchestrate/checkpoints/"
FORMAT = 1


class Kind(StrEnum):
    """Why a checkpoint was taken."""

    MANUAL = "manual"
    ATTEMPT = "attempt"  # before and after an agent's attempt
    ROLLBACK = "rollback"  # what a rollback replaces
    MERGE = "merge"  # before `plan merge`
    WATCH = "watch"


class Checkpoint(NamedTuple):
    """One recorded working tree, index, HEAD and branch.

    `scope` is None for a whole tree; else only these paths were looked at and the rest of the tree
    is the previous checkpoint's. `unstable` paths were being written, `unrecorded` ones could not
    be read or hold a repository without commits. `size` counts the bytes of content it brought.
    """

    owner: str
    number: int
    oid: Oid
    tree: Oid
    message: str
    kind: Kind
    time: int
    named: bool
    worktree: str
    previous: Oid | None
    head: Oid | None
    branch: str | None
    state: Oid | None
    index_tree: Oid | None
    size: int = 0
    scope: tuple[str, ...] | None = None
    unstable: tuple[str, ...] = ()
    unrecorded: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.owner}/{self.number}"

    @property
    def ref(self) -> str:
        return PREFIX + self.name

    @property
    def parents(self) -> tuple[Oid, ...]:
        return tuple(oid for oid in (self.previous, self.head, self.state) if oid)

    def says_no_more_than(self, other: "Checkpoint") -> bool:
        """Whether `other` holds all that this one does: tree, index, git state, HEAD and branch."""
        mine = (self.tree, self.state, self.head, self.branch)
        same = mine == (other.tree, other.state, other.head, other.branch)
        whole = (self.scope, self.unrecorded) == (other.scope, other.unrecorded)
        return same and (whole or self.scope is not None)


def to_message(checkpoint: Checkpoint) -> str:
    """The commit message that `from_commit` reads."""
    c = checkpoint
    trailers = [
        ("Orchestrate-Checkpoint", c.name),
        ("Orchestrate-Format", str(FORMAT)),
        ("Orchestrate-Kind", c.kind.value),
        ("Orchestrate-Worktree", c.worktree),
        ("Orchestrate-Named", "yes" if c.named else "no"),
        ("Orchestrate-Previous", c.previous or "none"),
        ("Orchestrate-Head", c.head or "none"),
        ("Orchestrate-Branch", json.dumps(c.branch)),
        ("Orchestrate-State", c.state or "none"),
        ("Orchestrate-Index-Tree", c.index_tree or "none"),
        ("Orchestrate-Size", str(c.size)),
        *_paths("Orchestrate-Scope", c.scope or ()),
        *_paths("Orchestrate-Unstable", c.unstable),
        *_paths("Orchestrate-Unrecorded", c.unrecorded),
    ]
    subject, _, body = c.message.strip().partition("\n")
    subject = " ".join(subject.split()) or f"checkpoint {c.number}"
    return compose_message(subject, body.strip(), trailers)


def _paths(key: str, paths: Iterable[str]) -> list[tuple[str, str]]:
    # JSON, so that newlines and bytes that are no UTF-8 fit in a line.
    return [(key, json.dumps(path)) for path in paths]


def from_commit(commit: Commit) -> Checkpoint:
    """The checkpoint that a commit holds.

    Raises:
        OrchestrateError: the commit is none, or of a newer format.
    """
    fields = dict(commit.trailers)
    if "Orchestrate-Checkpoint" not in fields:
        raise OrchestrateError(f"commit {commit.oid} is not a checkpoint")
    if fields.get("Orchestrate-Format") != str(FORMAT):
        raise OrchestrateError(
            f"checkpoint {commit.oid} has format {fields.get('Orchestrate-Format')},"
            f" this version reads {FORMAT}",
            hint="a newer orchestrate wrote it; update",
        )
    owner, _, number = fields["Orchestrate-Checkpoint"].rpartition("/")
    scope = _all(commit, "Orchestrate-Scope")
    return Checkpoint(
        owner=owner,
        number=int(number),
        oid=commit.oid,
        tree=commit.tree,
        message=commit.message.rpartition("\n\n")[0],
        kind=Kind(fields["Orchestrate-Kind"]),
        time=commit.committer.time,
        named=fields["Orchestrate-Named"] == "yes",
        worktree=fields["Orchestrate-Worktree"],
        previous=_oid(fields["Orchestrate-Previous"]),
        head=_oid(fields["Orchestrate-Head"]),
        branch=json.loads(fields["Orchestrate-Branch"]),
        state=_oid(fields["Orchestrate-State"]),
        index_tree=_oid(fields["Orchestrate-Index-Tree"]),
        size=int(fields["Orchestrate-Size"]),
        scope=scope or None,
        unstable=_all(commit, "Orchestrate-Unstable"),
        unrecorded=_all(commit, "Orchestrate-Unrecorded"),
    )


def _oid(text: str) -> Oid | None:
    return None if text == "none" else Oid(text)


def _all(commit: Commit, key: str) -> tuple[str, ...]:
    return tuple(json.loads(value) for name, value in commit.trailers if name == key)
