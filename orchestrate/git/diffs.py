"""Differences of two trees: exact entries for programs, renames and text for people.

The entry diff reads only folders whose ids differ, so it costs what changed and not what is there.
"""

from pathlib import Path

import pygit2

from orchestrate.git.process import run_git
from orchestrate.git.trees import EMPTY_TREE, FOLDER_MODES, Rows, read_rows
from orchestrate.git.types import EntryChange, Oid, path_text

_FOR_PEOPLE = ("diff-tree", "-r", "--no-ext-diff", "--no-textconv", "--find-renames")


def diff_trees(handle: pygit2.Repository, old: Oid | None, new: Oid) -> list[EntryChange]:
    """Every path whose entry differs, sorted by the path's bytes; renames are a delete and an add.

    Raises:
        ObjectMissing: a tree is not there.
    """
    if old == new:
        return []
    found: list[tuple[bytes, EntryChange]] = []
    _compare(handle, read_rows(handle, old) if old else {}, read_rows(handle, new), b"", found)
    found.sort()
    return [change for _, change in found]


def _compare(
    handle: pygit2.Repository,
    old: Rows,
    new: Rows,
    prefix: bytes,
    found: list[tuple[bytes, EntryChange]],
) -> None:
    for name in {name for name, _ in old.items() ^ new.items()}:
        before, after = old.get(name), new.get(name)
        path = prefix + name
        below_before = before is not None and before[0] in FOLDER_MODES
        below_after = after is not None and after[0] in FOLDER_MODES
        if below_before or below_after:
            _compare(
                handle,
                read_rows(handle, before[1].hex()) if before and below_before else {},
                read_rows(handle, after[1].hex()) if after and below_after else {},
                path + b"/",
                found,
            )
        old_mode, old_oid = _side(None if below_before else before)
        new_mode, new_oid = _side(None if below_after else after)
        if old_mode or new_mode:
            change = EntryChange(path_text(path), old_mode, new_mode, old_oid, new_oid)
            found.append((path, change))


def _side(row: tuple[bytes, bytes] | None) -> tuple[int, Oid]:
    return (0, Oid("")) if row is None else (int(row[0], 8), Oid(row[1].hex()))


def diff_text(git_dir: Path, old: Oid | None, new: Oid, paths: tuple[str, ...] = ()) -> bytes:
    """A unified diff, renames found, of the whole trees or of the literal `paths`."""
    args = ["--literal-pathspecs", *_FOR_PEOPLE, "--patch", "--no-color"]
    args += ["--end-of-options", old or EMPTY_TREE, new, "--", *paths]
    return run_git(args, git_dir=git_dir).stdout
