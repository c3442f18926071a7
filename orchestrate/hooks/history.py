"""All of history: each commit judged by what it brought, here or shared among processes."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from orchestrate.checks.findings import Finding, of_commit
from orchestrate.checks.of_files import Files, in_parts
from orchestrate.checks.processes import MAX_PARTS, Sharing, shared
from orchestrate.checks.reading import commit_change
from orchestrate.checks.running import Stats
from orchestrate.git.types import Oid
from orchestrate.hooks.place import Place

Judge = Callable[..., list[Finding]]  # run_checks with a policy, a search and a baseline

_HERE = Sharing(1, lambda: None)


class _Part(NamedTuple):
    found: list[Finding]
    stats: Stats


def history_findings(
    place: Place, commits: Sequence[Sequence[Oid]], judge: Judge, stats: Stats, how: Files
) -> list[Finding]:
    """Findings of each commit, which its parents follow; those of several are told for the first.

    What a merge brings is what differs from every parent, as the hook judged it.
    """
    parts = in_parts(commits, MAX_PARTS)

    def work(number: int) -> _Part:
        own = Stats()
        told: list[Finding] = []
        for commit, *parents in parts[number]:
            change = commit_change(place.objects, parents, commit, place.folder)
            told += [of_commit(one, commit) for one in judge(change, stats=own)]
        return _Part(told, own)

    came: dict[int, list[Finding]] = {}
    done = 0
    for number, part in shared(work, len(parts), how.sharing or _HERE):
        came[number] = part.found
        stats.add(part.stats)
        done += len(parts[number])
        how.progress(done, len(commits))
    return _first(one for number in sorted(came) for one in came[number])


def _first(told: Iterable[Finding]) -> list[Finding]:
    """The findings without those that an earlier commit has."""
    found: dict[tuple[str, str, str], Finding] = {}
    for one in told:
        found.setdefault((one.id, one.path, one.fingerprint or f"{one.line}:{one.match}"), one)
    return list(found.values())
