"""What a rollback aims at: the tree, and for each path what happens to it and why.

Reads objects, touches no file.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checkpoints.state import State
from orchestrate.checks.findings import Finding, Severity
from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.git.types import TREE, EntryChange, Oid

ROUNDS = 10  # restoring one path can make another one offend; each round adds at least one

Checker = Callable[[Oid, Oid], Sequence[Finding]]  # (base tree, tree) -> findings


class Decision(NamedTuple):
    """What a smart rollback does with one changed path, and why."""

    path: str
    restored: bool
    reason: str


class Goal(NamedTuple):
    """The tree to reach, the decisions that led there, and blocking findings tied to no path."""

    tree: Oid
    decisions: tuple[Decision, ...] = ()
    remaining: tuple[Finding, ...] = ()


def paths_below(repo: Repository, trees: Iterable[Oid | None], words: Sequence[str]) -> list[str]:
    """The files at or below each of `words` in any of the trees, sorted.

    Raises:
        InvalidInput: a word names nothing in any of them.
    """
    known = [tree for tree in trees if tree]
    found: set[str] = set()
    for word in words:
        here = {path for tree in known for path in _below(repo, tree, word)}
        if not here:
            raise InvalidInput(
                f"{word!r} is neither in the checkpoint nor in the working tree",
                hint="paths are relative to the folder you are in; ignored files are not recorded",
            )
        found |= here
    return sorted(found)


def _below(repo: Repository, tree: Oid, word: str) -> list[str]:
    if word in ("", "."):
        return [entry.path for entry in repo.walk_tree(tree)]
    entry = repo.entry(tree, word)
    if entry is None:
        return []
    if entry.mode != TREE:
        return [word]
    return [below.path for below in repo.walk_tree(entry.oid, word + "/")]


def partial_tree(repo: Repository, now: Oid, target: Oid, paths: Iterable[str]) -> Oid:
    """The tree `now` with these paths as `target` has them."""
    edits: dict[str, tuple[int, Oid] | None] = {}
    for path in paths:
        entry = repo.entry(target, path)
        edits[path] = (entry.mode, entry.oid) if entry and entry.mode != TREE else None
    return repo.edit_tree(now, edits)


def smart_goal(repo: Repository, now: Oid, target: Oid, check: Checker) -> Goal:
    """The tree `now` in which every path that the checks block is as in `target`."""
    changes = {change.path: change for change in repo.diff(target, now)}
    reasons: dict[str, str] = {}
    tree, findings = now, list(check(target, now))
    for _ in range(ROUNDS):
        found = {
            finding.path: f"{finding.id}: {finding.message}"
            for finding in findings
            if finding.severity is Severity.BLOCK
            and finding.path in changes
            and finding.path not in reasons
        }
        if not found:
            break
        reasons |= found
        tree = partial_tree(repo, now, target, reasons)
        findings = list(check(target, tree))
    remaining = [finding for finding in findings if finding.severity is Severity.BLOCK]
    of_no_file = next((one.id for one in remaining if one.path not in changes), "")
    kept = f"no finding names it, but {of_no_file} stands" if of_no_file else "the checks allow it"
    return Goal(tree, _decisions(repo, now, tree, changes, reasons, kept), tuple(remaining))


def _decisions(
    repo: Repository,
    now: Oid,
    goal: Oid,
    changes: Mapping[str, EntryChange],
    reasons: Mapping[str, str],
    kept: str,
) -> tuple[Decision, ...]:
    touched = {change.path for change in repo.diff(now, goal)}
    in_the_way = "it stands where a restored path must be"
    return tuple(
        Decision(path, True, reasons.get(path, in_the_way))
        if path in touched
        else Decision(path, False, kept)
        for path in sorted(changes)
    )


def check_target(target: Checkpoint) -> None:
    """Nothing, when the checkpoint holds a whole tree.

    Raises:
        InvalidInput: it was taken of some paths only.
    """
    if target.scope is not None:
        raise InvalidInput(
            f"checkpoint {target.name} holds only {len(target.scope)} path(s), not the whole tree",
            hint="restore these with --partial, or choose another checkpoint",
        )


def check_progress(
    target: Checkpoint, wanted: State, now: Checkpoint, present: State, moves: bool
) -> None:
    """Nothing, when a merge, rebase, ... in progress can be put back or taken away.

    What is in progress belongs to the HEAD it began at: at another HEAD, going on with it would
    commit something else.

    Raises:
        Conflict: it cannot; says what is in progress and where.
    """
    if wanted.progress == present.progress:
        return
    same_place = (target.head, target.branch) == (now.head, now.branch)
    if wanted.in_progress and not (same_place or (moves and target.branch == now.branch)):
        raise Conflict(
            f"checkpoint {target.name} was taken in the middle of a {wanted.in_progress} at"
            f" {_at(target)}, and HEAD is at {_at(now)}",
            hint="go back there first, or restore files only with --partial",
        )
    if present.in_progress == "rebase" and not same_place:
        raise Conflict(
            f"a rebase is in progress, and checkpoint {target.name} was taken outside of it",
            hint="finish it or `git rebase --abort`, or restore files only with --partial",
        )


def _at(checkpoint: Checkpoint) -> str:
    place = checkpoint.branch.removeprefix("refs/heads/") if checkpoint.branch else "no branch"
    return f"{checkpoint.head[:12] if checkpoint.head else 'no commit'} ({place})"
