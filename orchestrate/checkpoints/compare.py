"""Two checkpoints side by side: files, kinds of change, and what the checks said of each."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checkpoints.state import read_state
from orchestrate.checks.findings import Finding, Severity
from orchestrate.git.notes import append_notes, read_notes
from orchestrate.git.repository import Repository
from orchestrate.git.types import (
    EXECUTABLE,
    FILE,
    SUBMODULE,
    SYMLINK,
    EntryChange,
    Oid,
    Signature,
)

NOTES = "refs/notes/orchestrate-checkpoints"
_KINDS = {FILE: "file", EXECUTABLE: "program", SYMLINK: "link", SUBMODULE: "repository"}


class Comparison(NamedTuple):
    """What sets two checkpoints apart; `staged` are the paths whose index entry differs."""

    changes: tuple[EntryChange, ...]
    staged: tuple[str, ...]
    findings: tuple[tuple[Finding, ...], tuple[Finding, ...]]

    @property
    def counts(self) -> dict[str, int]:
        """How many changes of each kind."""
        return dict(Counter(kind_of(change) for change in self.changes))


def compare(repo: Repository, one: Checkpoint, other: Checkpoint) -> Comparison:
    """What sets `other` apart from `one`. Raises: ObjectMissing."""
    staged = _index_paths(repo, one, other)
    found = (findings_of(repo, one), findings_of(repo, other))
    return Comparison(tuple(repo.diff(one.tree, other.tree)), staged, found)


def _index_paths(repo: Repository, one: Checkpoint, other: Checkpoint) -> tuple[str, ...]:
    if one.state is None or other.state is None or one.state == other.state:
        return ()
    old, new = read_state(repo, one.state), read_state(repo, other.state)
    paths = {change.path for change in repo.diff(old.index_tree, new.index_tree)}
    special = {row.path for row in set(old.specials) ^ set(new.specials)}
    return tuple(sorted(paths | special))


def kind_of(change: EntryChange) -> str:
    """In a word: added, deleted, modified, made executable, turned from file into link, ..."""
    if change.is_added:
        return "added"
    if change.is_deleted:
        return "deleted"
    if change.old_mode == change.new_mode:
        return "modified"
    if {change.old_mode, change.new_mode} == {FILE, EXECUTABLE}:
        said = "made executable" if change.new_mode == EXECUTABLE else "made plain"
        return said if change.old_oid == change.new_oid else f"modified and {said}"
    return f"{_KINDS.get(change.old_mode, '?')} became {_KINDS.get(change.new_mode, '?')}"


def note_findings(
    repo: Repository, checkpoint: Checkpoint, findings: Iterable[Finding], who: Signature
) -> None:
    """Keep the findings of that time with the checkpoint; none are kept as "no findings"."""
    lines = [to_line(finding) for finding in findings] or ['{"checked": true}']
    append_notes(repo, NOTES, {checkpoint.oid: lines}, who, message="checkpoint findings\n")


def to_line(finding: Finding) -> str:
    """A finding as one line of JSON."""
    return json.dumps(finding._asdict(), sort_keys=True)


def findings_of(repo: Repository, checkpoint: Checkpoint) -> tuple[Finding, ...]:
    """What the checks said of the checkpoint; nothing also when they never ran."""
    lines = read_notes(repo, NOTES, checkpoint.oid)
    return tuple(_finding(json.loads(line)) for line in lines if '"id"' in line)


def was_checked(repo: Repository, checkpoint: Checkpoint) -> bool:
    """Whether the checks ran on the checkpoint."""
    return bool(read_notes(repo, NOTES, checkpoint.oid))


def _finding(document: dict[str, Any]) -> Finding:
    return Finding(**document | {"severity": Severity(document["severity"])})


def judged_tree(repo: Repository, checkpoint: Checkpoint) -> Oid:
    """The checkpoint's tree as git would commit it, as far as git holds files for unchanged.

    A file that a filter or line-end conversion stands before differs from its blob; while its
    index entry says "unchanged", the checks see the blob.
    """
    state = read_state(repo, checkpoint.state) if checkpoint.state else None
    if state is None or state.dirty is None:
        return checkpoint.tree
    edits: dict[str, tuple[int, Oid] | None] = {
        change.path: (change.old_mode, change.old_oid)
        for change in repo.diff(state.index_tree, checkpoint.tree)
        if change.old_mode and change.new_mode and change.path not in state.dirty
    }
    return repo.edit_tree(checkpoint.tree, edits)


def copied_notes(repo: Repository, moved: Sequence[tuple[Oid, Oid]]) -> dict[Oid, list[str]]:
    """The notes of commits that got new ids, under the new ones."""
    found = {new: read_notes(repo, NOTES, old) for old, new in moved}
    return {new: lines for new, lines in found.items() if lines}
