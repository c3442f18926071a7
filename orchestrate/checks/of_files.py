"""The checks of content over many files: here, or shared among processes.

Rules kept here:

* What is found does not depend on how the files are shared.
* `Stats` is what was used in all: the seconds of every process, and each byte once.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.of_file import FileCheck, in_file
from orchestrate.checks.processes import MAX_PARTS, Sharing, shared
from orchestrate.checks.running import Stats
from orchestrate.git.types import EntryChange, Oid

PARTS = 16  # for each process: the last ones are short, so that none waits long for another

T = TypeVar("T")

Progress = Callable[[int, int], None]  # (done, of how many)


class Files(NamedTuple):
    """How a change's files are judged: `sharing` None is here; `expect` says what is read next."""

    sharing: Sharing | None = None
    expect: Callable[[Sequence[Oid]], None] = lambda oids: None
    progress: Progress = lambda done, total: None


class _Part(NamedTuple):
    found: list[Finding]
    stats: Stats


def in_files(
    checks: list[tuple[str, FileCheck]],
    change: Change,
    entries: Sequence[EntryChange],
    stats: Stats,
    how: Files,
) -> set[Finding]:
    """Everything that is found in the files, each of them read once."""
    found: set[Finding] = set()
    if how.sharing is None or how.sharing.processes < 2:
        for done, entry in enumerate(entries, 1):
            found.update(in_file(checks, entry, stats))
            how.progress(done, len(entries))
        return found

    parts = in_parts(entries, how.sharing.processes * PARTS)

    def work(number: int) -> _Part:
        own, before = Stats(), change.bytes_read
        how.expect([entry.new_oid for entry in parts[number]])
        told = [one for entry in parts[number] for one in in_file(checks, entry, own)]
        own.bytes = change.bytes_read - before
        return _Part(told, own)

    done, before = 0, change.bytes_read
    for number, part in shared(work, len(parts), how.sharing):
        found.update(part.found)
        stats.add(part.stats)
        done += len(parts[number])
        how.progress(done, len(entries))
    stats.bytes -= change.bytes_read - before  # what was done here is counted with the change
    return found


def in_parts(things: Sequence[T], most: int) -> list[Sequence[T]]:
    """The things in the order they came, in at most so many parts of one size."""
    size = max(1, -(-len(things) // min(MAX_PARTS, most)))
    return [things[at : at + size] for at in range(0, len(things), size)]
