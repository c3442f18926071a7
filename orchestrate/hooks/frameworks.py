"""What pre-commit and prek are about when they start us: a push, a range, a commit, or every file.

They say it in variables (`PRE_COMMIT_*`, the same in both). Whether git is committing, git says,
and then no such variable counts: anybody can set one.
A push is judged as our own hook judges it. Both frameworks tell only the first of several refs, and
prek tells where the branches parted instead of what the remote has: the tracking branch knows.
"""

import os
from collections.abc import Mapping

from orchestrate.checks.findings import Finding
from orchestrate.checks.reading import staged_change
from orchestrate.git.types import Oid
from orchestrate.hooks.place import Place
from orchestrate.hooks.ranges import Update, is_ancestor, push_findings


def push_told(
    place: Place, environment: Mapping[str, str] = os.environ
) -> tuple[str, Update] | None:
    """The remote and the update of the push that a framework was started for, or None."""
    remote_ref = environment.get("PRE_COMMIT_REMOTE_BRANCH")
    if not remote_ref or _is_committing(environment):
        return None
    local_ref = environment.get("PRE_COMMIT_LOCAL_BRANCH") or "HEAD"
    tip = environment.get("PRE_COMMIT_TO_REF") or local_ref  # a first push names no commits
    local = place.objects.resolve(tip, "commit") or place.head
    remote = environment.get("PRE_COMMIT_REMOTE_NAME", "")
    told = environment.get("PRE_COMMIT_FROM_REF")
    tracked = f"refs/remotes/{remote}/{remote_ref.removeprefix('refs/heads/')}"
    seen = place.objects.resolve(tracked, "commit")
    if local and seen and not is_ancestor(place, seen, local):
        return remote, Update(local_ref, local, remote_ref, seen)
    return remote, Update(local_ref, local, remote_ref, Oid(told) if told else None)


def pushed_findings(place: Place) -> list[Finding] | None:
    """The findings on the push that a framework was started for; None when it was for no push."""
    told = push_told(place)
    return None if told is None else push_findings(place, told[0], [told[1]])


def targets_told(
    place: Place, environment: Mapping[str, str] = os.environ
) -> tuple[tuple[str, ...], bool]:
    """The range that a framework names, and whether it asks for every file (`--all-files`).

    A commit without any change, such as a merge or a new message, is no question for every file.
    """
    if _is_committing(environment):
        return (), False
    old, new = environment.get("PRE_COMMIT_FROM_REF"), environment.get("PRE_COMMIT_TO_REF")
    if old and new:
        return (f"{old}..{new}",), False
    if place.head is None:
        return (), False
    return (), not staged_change(place.objects, place.parents(), place.folder).entries


def _is_committing(environment: Mapping[str, str]) -> bool:
    """Whether git runs a hook of a commit: to no other it names an index (githooks(5))."""
    return "GIT_INDEX_FILE" in environment
