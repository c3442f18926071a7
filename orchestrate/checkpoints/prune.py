"""Letting old checkpoints go. What stays keeps its number, tree, index and text.

A checkpoint's parent is the one before it, which would hold every old tree for good. So those that
stay after one that goes are written anew on the last one that stays, with the same dates, and all
refs move in one transaction. The objects go when git collects its garbage.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints.compare import NOTES, copied_notes
from orchestrate.checkpoints.record import Checkpoint, to_message
from orchestrate.git.notes import append_notes
from orchestrate.git.repository import Repository
from orchestrate.git.types import Commit, Oid, RefUpdate

DAY = 86_400  # s


class Keep(NamedTuple):
    """What stays besides named checkpoints and what an undo needs. None sets no such rule.

    `last` counts the newest ones, `days` is an age, `size` bytes of content, newest first.
    """

    last: int | None = None
    days: float | None = None
    size: int | None = None


class Pruned(NamedTuple):
    """What went and what stays, oldest first."""

    gone: tuple[Checkpoint, ...]
    kept: tuple[Checkpoint, ...]


def choose(
    checkpoints: Sequence[Checkpoint], keep: Keep, needed: Collection[str], now: float
) -> Pruned:
    """Which of a chain go: each rule that is set must be met; named and `needed` ones stay."""
    gone: list[Checkpoint] = []
    kept: list[Checkpoint] = []
    size = 0
    for place, checkpoint in enumerate(reversed(checkpoints)):
        size += checkpoint.size
        must = place == 0 or checkpoint.named or checkpoint.name in needed
        stays = (
            (keep.last is None or place < keep.last)
            and (keep.days is None or now - checkpoint.time <= keep.days * DAY)
            and (keep.size is None or size <= keep.size)
        )
        (kept if must or stays else gone).append(checkpoint)
    return Pruned(tuple(reversed(gone)), tuple(reversed(kept)))


def prune(repo: Repository, owner: str, keep: Keep, *, now: float, dry_run: bool = False) -> Pruned:
    """Let the owner's checkpoints go that `keep` does not keep.

    Raises:
        RefMoved: another prune or capture was faster; nothing was changed.
    """
    found = chain.chain(repo, owner)
    pruned = choose(found, keep, _needed(repo), now)
    if dry_run or not pruned.gone:
        return pruned
    updates = [RefUpdate(checkpoint.ref, None, checkpoint.oid) for checkpoint in pruned.gone]
    moved: list[tuple[Oid, Oid]] = []
    kept: list[Checkpoint] = []
    for checkpoint in pruned.kept:
        renewed = _on_top_of(repo, checkpoint, kept[-1].oid if kept else None)
        if renewed.oid != checkpoint.oid:
            updates.append(RefUpdate(checkpoint.ref, renewed.oid, checkpoint.oid))
            moved.append((checkpoint.oid, renewed.oid))
        kept.append(renewed)
    _copy_notes(repo, moved)
    repo.swap_refs(updates, message="checkpoint prune")
    return Pruned(pruned.gone, tuple(kept))


def _needed(repo: Repository) -> set[str]:
    """What the worktree's last rollback, or one under way, still names."""
    found = [read(repo.git_dir) for read in _JOURNALS]
    return {name for entry in found if entry for name in (entry.target, entry.before)}


_JOURNALS: tuple[Callable[..., journal.Journal | None], ...] = (journal.last, journal.pending)


def _on_top_of(repo: Repository, checkpoint: Checkpoint, previous: Oid | None) -> Checkpoint:
    """The checkpoint with that parent; itself if it has it."""
    if checkpoint.previous == previous:
        return checkpoint
    new = checkpoint._replace(previous=previous)
    old: Commit = repo.read_commit(checkpoint.oid)
    oid = repo.commit(
        new.tree, new.parents, to_message(new), author=old.author, committer=old.committer
    )
    return new._replace(oid=oid)


def _copy_notes(repo: Repository, moved: Sequence[tuple[Oid, Oid]]) -> None:
    notes = copied_notes(repo, moved)
    if notes:
        who = repo.read_commit(moved[-1][1]).committer
        append_notes(repo, NOTES, notes, who, message="checkpoint prune\n")
