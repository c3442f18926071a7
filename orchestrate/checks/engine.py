"""Runs every check over one change: the same for hook, runner, CI and pre-commit.

Rules kept here:

* Policy, task and change come in as values; nothing is read from the environment.
* A check that crashes is a blocking finding that names it: what did not finish has not passed.
* Findings come out sorted and without duplicates, so that two runs can be compared.
* Each file is read once, and every check of content looks at it while it is there.
"""

from collections.abc import Iterable
from functools import partial

from orchestrate.checks import hidden, message, scope
from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.findings import blocks as blocks
from orchestrate.checks.findings import order as order
from orchestrate.checks.of_file import FileChecks
from orchestrate.checks.of_files import Files, in_files
from orchestrate.checks.of_tree import secret_checks, tree_checks
from orchestrate.checks.running import Stats, run_check
from orchestrate.checks.search import Search, default_search
from orchestrate.checks.selecting import Wanted
from orchestrate.checks.task_rules import TaskRules
from orchestrate.policy.policy import Policy


def run_checks(
    change: Change,
    policy: Policy,
    task: TaskRules | None,
    *,
    only: frozenset[str] | None = None,
    skip: frozenset[str] = frozenset(),
    search: Search | None = None,
    baseline: frozenset[str] = frozenset(),
    stats: Stats | None = None,
    contents_of: frozenset[str] | None = None,
    files: Files | None = None,
) -> list[Finding]:
    """The findings of every check, sorted.

    `only` and `skip` name groups or ids; `search` is a prepared joint search (without one, one is
    made); `baseline` holds the fingerprints of findings that are known. With `contents_of`, only
    the contents of these files are judged: the caller has proved that the rest gives nothing.
    `files` says how files are judged, if not one after another.
    """
    stats = stats or Stats()
    wanted = Wanted(only, skip)
    held = [] if search is None else [search]
    found: set[Finding] = set()
    if search is None:
        found.update(run_check("preparing the search", partial(_prepare, policy, held), stats))
    prepared = held[0] if held else None
    if contents_of is None:
        for name, group, check in tree_checks(change, policy, task):
            if wanted.runs(group):
                found.update(run_check(name, check, stats))
        for name, _, check in secret_checks(change, policy, prepared, baseline, wanted):
            found.update(run_check(name, check, stats))
    checks = FileChecks(change, policy, task, prepared, baseline)
    of_file = checks.wanted(wanted, sizes=contents_of is None)
    if of_file:
        entries = [e for e in change.files() if contents_of is None or e.path in contents_of]
        found.update(in_files(of_file, change, entries, stats, files or Files()))
    stats.entries += len(change.entries)
    stats.bytes += change.bytes_read
    told = scope.without_repeats({one for one in found if wanted.keeps(one)})
    return sorted(hidden.merged(told, policy.config.secrets.engine), key=order)


def _prepare(policy: Policy, held: list[Search]) -> Iterable[Finding]:
    held.append(default_search(policy))
    return ()


def check_message(text: str, policy: Policy, *, search: Search | None = None) -> list[Finding]:
    """The findings on a commit message that `message.cleaned` returned, secrets included."""
    searching = search or default_search(policy)
    allowed = hidden.permits(policy.config.secrets, frozenset())
    written, stats = text.encode("utf-8", "surrogateescape"), Stats()
    of_policy = partial(message.check_message, text, policy.config.commit_message)
    of_secrets = partial(hidden.check_text, written, searching.scanner, allowed)
    found = run_check("message", of_policy, stats) + run_check("secrets", of_secrets, stats)
    return sorted(set(found), key=order)
