"""What the commits of a range brought and its tip no longer holds: gone from sight, not from git.

A secret that the next commit takes out again is in every clone all the same, and so is a huge file.
Of what is no longer there, only that is judged which does harm by being in history.

Rules kept here:

* One `git diff-tree` reads all commits. Of a merge, what differs from every parent.
* What the base or the tip has at the same path is left out: it is judged elsewhere, or known.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from orchestrate.checks.change import Change
from orchestrate.errors import OrchestrateError
from orchestrate.git.process import hook_environment, run_git
from orchestrate.git.types import SUBMODULE, TREE, EntryChange, Oid, path_text

# Groups and ids. A checkout of such a commit runs what hides in an unsafe path.
HARMFUL = frozenset(["secrets", "huge-file", "too-large-to-scan", "unsafe-path", "unsafe-symlink"])
_NO_BLOB = (TREE, SUBMODULE)
_RAW = ("-r", "--raw", "-z", "--no-renames", "--no-abbrev", "--no-relative")


class Brought(NamedTuple):
    """One file as one commit brought it; `others` are the same file in a merge's other parents."""

    commit: Oid
    entry: EntryChange
    others: tuple[Oid, ...] = ()


def taken_back(folder: str, whole: Change, commits: Sequence[Oid]) -> list[list[Brought]]:
    """What `commits`, oldest first, brought and `whole`, the change of them all, does not hold.

    No list has a path twice, so that each can be judged as one change.
    """
    layers: list[list[Brought]] = []
    depth: dict[str, int] = {}
    seen: set[tuple[str, Oid]] = set()
    for one in _brought(folder, commits):
        entry = one.entry
        key = entry.path, entry.new_oid
        if key in seen or entry.is_deleted or entry.new_mode == SUBMODULE:
            continue
        seen.add(key)
        made = whole.entry(entry.path)
        at_base = _at_base(whole, entry.path)
        if entry.new_oid == at_base or (made is not None and made.new_oid == entry.new_oid):
            continue
        at = depth.get(entry.path, 0)
        depth[entry.path] = at + 1
        if at == len(layers):
            layers.append([])
        layers[at].append(one._replace(others=(*one.others, at_base) if at_base else one.others))
    return layers


def as_change(layer: Sequence[Brought], whole: Change) -> Change:
    """One list of `taken_back` as a change on the same base."""
    return replace(
        whole,
        entries=tuple(sorted(one.entry for one in layer)),
        other_olds={one.entry.path: one.others for one in layer},
        merged=(),
    )


def _at_base(whole: Change, path: str) -> Oid:
    """The id of the file that the base has at this path, or ""."""
    below = whole.base_children(path.rpartition("/")[0])
    blobs = (entry.oid for entry in below if entry.path == path and entry.mode not in _NO_BLOB)
    return next(blobs, Oid(""))


def _brought(folder: str, commits: Sequence[Oid]) -> Iterator[Brought]:
    """What each commit brought, in their order.

    Raises:
        OrchestrateError: git said something unexpected.
    """
    args = ("diff-tree", "--stdin", "--root", "-c", *_RAW)
    asked = "".join(f"{commit}\n" for commit in commits).encode()
    said = run_git(args, cwd=Path(folder), input=asked, env=hook_environment()).stdout
    fields = iter(said.split(b"\0")[:-1])
    commit = Oid("")
    for field in fields:
        if not field.startswith(b":"):
            commit = Oid(field.decode("ascii"))
            continue
        path = next(fields, None)
        if path is None or not commit:
            raise OrchestrateError(f"git diff-tree said {field[:80]!r}")
        yield _parsed(commit, field.decode("ascii"), path_text(path))


def _parsed(commit: Oid, head: str, path: str) -> Brought:
    """One raw entry; it has as many colons as the commit has parents (git-diff-tree, combined)."""
    parents = len(head) - len(head.lstrip(":"))
    words = head[parents:].split(" ")
    modes = [int(word, 8) for word in words[: parents + 1]]
    oids = [Oid(word) for word in words[parents + 1 : 2 * parents + 2]]
    olds = [
        oid if mode and mode != SUBMODULE else Oid("")
        for mode, oid in zip(modes[:-1], oids[:-1], strict=True)
    ]
    new = oids[-1] if modes[-1] else Oid("")
    entry = EntryChange(path, modes[0] if olds[0] else 0, modes[-1], olds[0], new)
    return Brought(commit, entry, tuple(old for old in olds[1:] if old))
