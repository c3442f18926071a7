"""What one `check` is asked to look at, made from its words or refused."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from orchestrate.checks.explaining import known_ids, unknown_id
from orchestrate.errors import InvalidInput
from orchestrate.git.folders import is_bare
from orchestrate.git.types import Oid
from orchestrate.hooks.frameworks import targets_told
from orchestrate.hooks.place import Place, read_policy
from orchestrate.hooks.ranges import parting

Only = frozenset[str] | None


class Asked(NamedTuple):
    """At most one of these; with none of them what is staged is meant."""

    range: str = ""
    paths: tuple[str, ...] = ()  # as seen from the top of the work tree
    worktree: bool = False
    everything: bool = False
    history: bool = False

    @property
    def is_committed(self) -> bool:
        """Whether only commits are looked at: no index and no work tree."""
        return bool(self.range) or self.everything or self.history

    @property
    def is_staged(self) -> bool:
        """Whether the index is looked at."""
        return not (self.is_committed or self.paths or self.worktree)


def told_by_framework(place: Place) -> Asked:
    """What pre-commit or prek is about."""
    targets, everything = targets_told(place)
    return Asked(range=targets[0] if targets else "", everything=everything)


def told_by_targets(folder: str, place: Place, targets: Sequence[str]) -> Asked:
    """A range, or paths; those are relative to `folder`.

    Raises:
        InvalidInput: a path leaves the work tree, or a commit stands where a path should.
        UsageError: a range and something else.
    """
    ranges = [target for target in targets if _is_range(folder, target)]
    if not ranges:
        for target in targets:
            _refuse_commit(folder, place, target)
        return Asked(paths=tuple(_from_top(folder, place, target) for target in targets))
    if len(targets) > 1:
        raise click.UsageError(f"give the range {ranges[0]} alone")
    return Asked(range=ranges[0])


def _is_range(folder: str, target: str) -> bool:
    # No name of a commit starts with a slash, so `../` is the way to a path (git-check-ref-format).
    is_path = "../" in target or os.path.lexists(Path(folder, target))
    return ".." in target and not is_path


def _refuse_commit(folder: str, place: Place, target: str) -> None:
    """Accept what is a file, or no commit. Raises: InvalidInput."""
    if os.path.lexists(Path(folder, target)) or "\n" in target:
        return
    if place.objects.resolve(target, "commit"):
        raise InvalidInput(
            f"{target} is a commit and no file of the work tree",
            hint=f"what came since is `{target}..HEAD`; what it brought is `{target}~..{target}`",
        )


def _from_top(folder: str, place: Place, target: str) -> str:
    """A path as seen from the top of the work tree. Raises: InvalidInput."""
    named = Path(folder, target)
    # A link is judged and not followed; those above it are, as git follows them to the work tree.
    here = named.resolve() if named.name == ".." else named.parent.resolve() / named.name
    found = os.path.relpath(here, Path(place.folder).resolve())
    if found == ".." or found.startswith("../"):
        raise InvalidInput(
            f"{target} is outside the work tree at {place.folder}",
            hint="name files of this repository, or choose another one with `orchestrate -C DIR`",
        )
    return found


def refuse_without_work_tree(folder: str, asked: Asked, *, fix: bool) -> None:
    """Accept what a bare repository can answer.

    Raises:
        InvalidInput: it has neither index nor work tree, and one of them is asked for.
    """
    if (not asked.is_committed or fix) and is_bare(folder):
        raise InvalidInput(
            "a bare repository has no index and no work tree to look at",
            hint="give a range (A..B or A...B), --all or --history",
        )


def wanted(only: Sequence[str], place: Place, asked: Asked) -> Only:
    """The groups and ids that are asked for, or None for all.

    Raises:
        InvalidInput: there is no such group or id; those with a like name are told.
    """
    names = frozenset(part for value in only for part in value.split(",") if part)
    if not names:
        return None
    policy, _, search = place.prepared()
    ids = known_ids(policy, search.ruleset)
    if asked.range and not names <= ids:
        ends = ends_of(place, asked.range)
        base = ends.base or ends.named
        tree = place.objects.resolve(base, "tree") if base else None
        ids |= known_ids(read_policy(place.objects, tree, base or "the defaults"), search.ruleset)
    for name in sorted(names):
        if error := unknown_id(name, ids):
            raise error
    return names


class Ends(NamedTuple):
    """Of `A..B` and `A...B`: where they parted, B, and A, whose policy judges without a base."""

    base: Oid | None
    tip: Oid
    named: Oid


def ends_of(place: Place, text: str) -> Ends:
    """The commits that a range is about.

    Raises:
        InvalidInput: one of them is no commit.
    """
    old, dots, new = text.partition("...")
    if not dots:
        old, _, new = text.partition("..")
    ends = [place.objects.resolve(name or "HEAD", "commit") for name in (old, new)]
    if ends[0] is None or ends[1] is None:
        missing = old if ends[0] is None else new
        raise InvalidInput(f"{missing or 'HEAD'!r} does not name a commit of this repository")
    return Ends(parting(place, ends[0], ends[1]), ends[1], ends[0])
