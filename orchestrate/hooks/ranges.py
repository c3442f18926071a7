"""Ranges of commits: what a push brings, what `check RANGE` and `verify` look at.

Rules kept here:

* Policy comes from the range's base, never from what the range brings.
* All of a range is judged as one change, each commit's message by itself, and what a later commit
  took back again as far as it does harm in history (taken_back.py).
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from orchestrate.checks.catalogue import finding
from orchestrate.checks.change import Change
from orchestrate.checks.engine import check_message, order, run_checks
from orchestrate.checks.findings import Finding, Severity, of_commit
from orchestrate.checks.reading import change_between
from orchestrate.checks.running import Stats
from orchestrate.checks.selecting import Wanted
from orchestrate.checks.task_rules import TaskRules
from orchestrate.errors import FileError, InvalidInput
from orchestrate.git.process import GitResult, hook_environment, run_git
from orchestrate.git.types import Oid
from orchestrate.hooks import compiling
from orchestrate.hooks.place import Place, read_policy
from orchestrate.hooks.taken_back import HARMFUL, as_change, taken_back
from orchestrate.policy.policy import Policy

PUSH_SECONDS = 60.0  # a push waits no longer for its checks
AGAIN_SECONDS = 0.5  # an alarm that comes while a finalizer runs is swallowed there
MAX_MESSAGES = 10_000  # commits of one range whose messages are read
MAX_MESSAGE = 1024 * 1024  # bytes of a commit whose message is read
READ_AT_ONCE = 16 * 1024 * 1024  # bytes of such commits


Judge = Callable[..., list[Finding]]  # run_checks with a range's policy, search and baseline


class Update(NamedTuple):
    """One line that git says to pre-push; an absent side is None."""

    local_ref: str
    local: Oid | None
    remote_ref: str
    remote: Oid | None


def parse_updates(said: bytes) -> list[Update]:
    """What a push updates.

    Raises:
        InvalidInput: a line is not what githooks(5) says.
    """
    found = []
    for line in filter(None, said.decode("utf-8", "surrogateescape").split("\n")):
        fields = line.split(" ")
        if len(fields) != 4:
            raise InvalidInput(f"git said {line[:100]!r} to pre-push")
        found.append(Update(fields[0], _oid(fields[1]), fields[2], _oid(fields[3])))
    return found


def _oid(text: str) -> Oid | None:
    return Oid(text) if text.strip("0") else None


def push_findings(place: Place, remote: str, updates: Sequence[Update]) -> list[Finding]:
    """The findings on a push: what it deletes or overwrites, and what it brings unjudged."""
    found: list[Finding] = []
    for update in updates:
        found += _of_ref(place, update)
        if update.local is not None and not update.remote_ref.startswith("refs/orchestrate/"):
            base = _known_base(place, remote, update)
            with _time_boxed(found, update.remote_ref):
                had = update.remote and place.objects.resolve(update.remote, "commit")
                found += range_findings(place, base, update.local, None, instead=had)
        if any(one.id == "push-not-checked" for one in found):
            break  # it is refused; what git was asked when time was up is half read
    return sorted(set(found), key=order)


def _of_ref(place: Place, update: Update) -> Iterator[Finding]:
    short = update.remote_ref.removeprefix("refs/heads/")
    guarded = short in guarded_branches(place.policy()) | _guarded_at(place, update.remote)
    if update.local is None:
        id = "push-deletes-protected" if guarded else "push-deletes"
        yield finding(id, "", f"the push deletes {short}")
    elif update.remote is not None and not is_ancestor(place, update.remote, update.local):
        id = "push-forces-protected" if guarded else "push-forces"
        yield finding(id, "", f"the push overwrites {short} at {update.remote[:12]}")


def guarded_branches(policy: Policy) -> frozenset[str]:
    """The branches that are neither deleted nor overwritten."""
    named = policy.config.base_branch
    return frozenset({"main", "master", *([named] if named else [])})


def _guarded_at(place: Place, commit: Oid | None) -> frozenset[str]:
    """The same by the policy of what the remote has: a push does not unlock its own branch."""
    tree = place.objects.resolve(commit, "tree") if commit else None
    if tree is None:
        return frozenset()
    try:
        return guarded_branches(read_policy(place.objects, tree, str(commit)))
    except FileError:
        return frozenset()  # it names no branch, and a push may be what repairs it


def is_ancestor(place: Place, old: Oid, new: Oid) -> bool:
    """Whether `new` can reach `old`; not, where `old` is not known here."""
    return _git(place, "merge-base", "--is-ancestor", old, new, check=False).code == 0


def merge_base(place: Place, one: str, other: str) -> Oid | None:
    """A best common ancestor, or None when the two share no history."""
    done = _git(place, "merge-base", one, other, check=False)
    return Oid(done.stdout.decode().strip()) if done.code == 0 else None


def parting(place: Place, old: Oid, new: Oid) -> Oid | None:
    """Where the two parted, or None when they share no history.

    Raises:
        InvalidInput: the clone is cut, so that nobody can say.
    """
    found = merge_base(place, old, new)
    if found is None and _git(place, "rev-parse", "--is-shallow-repository").stdout == b"true\n":
        raise InvalidInput(
            f"this clone is shallow: where {old[:12]} and {new[:12]} parted is not in it",
            hint="fetch the history: `git fetch --unshallow`, in CI `fetch-depth: 0`",
        )
    return found


def _git(place: Place, *args: str, check: bool = True) -> GitResult:
    return run_git(args, cwd=Path(place.folder), env=hook_environment(), check=check)


def _known_base(place: Place, remote: str, update: Update) -> Oid | None:
    """The newest commit of what is pushed that the remote has; None when it has nothing of it."""
    assert update.local is not None
    if update.remote is not None and place.objects.resolve(update.remote, "commit"):
        return merge_base(place, update.remote, update.local)
    return _newest_known(place, update.local, f"--remotes={remote or '*'}")


def _newest_known(place: Place, tip: Oid, *known: str) -> Oid | None:
    """The newest commit below `tip` that the revisions `known` have; None when there is none."""
    listed = _git(place, "rev-list", "--boundary", tip, "--not", *known).stdout.decode().split()
    if not listed:
        return tip  # they have all of it
    boundary = [Oid(line[1:]) for line in listed if line.startswith("-")]
    return boundary[0] if len(boundary) == 1 else _best(place, boundary, tip)


def _best(place: Place, boundary: Sequence[Oid], tip: Oid) -> Oid | None:
    """One base for several boundaries: the one that the first-parent line passes through."""
    if not boundary:
        return None
    line = _git(place, "rev-list", "--first-parent", tip).stdout
    return next((c for c in map(Oid, line.decode().split()) if c in set(boundary)), None)


class _TimeIsUp(BaseException):
    """No Exception: where checks run, one of those is a check that crashed, and the next runs."""


@contextmanager
def _time_boxed(found: list[Finding], ref: str) -> Iterator[None]:
    """At most `PUSH_SECONDS`; then a finding that says that it was not enough."""

    def on_alarm(number: int, frame: FrameType | None) -> None:
        raise _TimeIsUp

    before = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, PUSH_SECONDS, AGAIN_SECONDS)
    try:
        yield
    except _TimeIsUp:
        signal.setitimer(signal.ITIMER_REAL, 0)
        message = f"what is pushed to {ref} was not judged within {PUSH_SECONDS:g} s"
        found.append(finding("push-not-checked", "", message))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def range_findings(
    place: Place,
    base: Oid | None,
    tip: Oid,
    task: TaskRules | None,
    *,
    only: frozenset[str] | None = None,
    messages: bool = True,
    stats: Stats | None = None,
    instead: Oid | None = None,
) -> list[Finding]:
    """The findings on everything from `base` (None: from nothing) to `tip`.

    `instead` is the commit whose policy judges where there is no base: a history of its own is no
    way round the policy of the branch that it is for.

    Raises:
        FileError: the policy of `base` does not parse.
    """
    if base == tip:
        return []
    by = base or instead
    tree = place.objects.resolve(by, "tree") if by else None
    policy = read_policy(place.objects, tree, by or "the defaults")
    search, _ = compiling.joint_search(policy)
    baseline = place.baseline(policy, by)
    judged: Judge = partial(
        run_checks, policy=policy, search=search, baseline=baseline, stats=stats or Stats()
    )
    whole = change_between(place.objects, base, tip, place.folder, checked_out=tip == place.head)
    skip = frozenset() if task else frozenset(["outputs"])
    found = judged(whole, task=task, only=only, skip=skip)
    wanted = Wanted(only)
    told = {_what(one) for one in found}
    between = [
        (commit, one)
        for commit, one in _in_between(place, base, tip, whole, judged)
        if _what(one) not in told and wanted.keeps(one)
    ]
    marked = _marked(whole, policy, judged) if between else frozenset[str]()
    for commit, one in between:
        if _what(one) not in told and one.fingerprint not in marked:
            told.add(_what(one))
            found.append(of_commit(one, commit))
    if messages and (wanted.runs("message") or wanted.runs("secrets")):
        of_message = partial(check_message, policy=policy, search=search)
        found += filter(wanted.keeps, _on_messages(place, base, tip, of_message))
    return sorted(set(found), key=order)


def _marked(whole: Change, policy: Policy, judged: Judge) -> frozenset[str]:
    """The fingerprints that marks lift at the tip: of those no commit before the mark is told."""
    if not policy.config.secrets.inline_allow:
        return frozenset()
    secrets = replace(policy.config.secrets, inline_allow=False)
    strict = replace(policy, config=replace(policy.config, secrets=secrets))
    found = judged(whole, policy=strict, task=None, only=frozenset(["secrets"]))
    return frozenset(one.fingerprint for one in found if one.fingerprint)


def _on_messages(
    place: Place, base: Oid | None, tip: Oid, of_message: Callable[[str], list[Finding]]
) -> Iterator[Finding]:
    """The findings on the messages of a range; one that is not read is a finding too."""
    listed = _not_merges(place, base, tip)
    if len(listed) > MAX_MESSAGES:
        said = f"only the messages of the newest {MAX_MESSAGES:,} commits were read"
        yield finding("push-not-checked", "", said)
    for commit, text in commit_messages(place, listed[:MAX_MESSAGES]):
        if text is None:
            said = f"a message of more than {MAX_MESSAGE // 1024:,} KB was not read"
            yield of_commit(finding("too-large-to-scan", "", said), commit)
        else:
            yield from (of_commit(one, commit) for one in of_message(text))


def _what(found: Finding) -> tuple[str, str, str]:
    """What is found, wherever in the file and in whichever commit."""
    return found.id, found.path, found.fingerprint or found.match


def _in_between(
    place: Place, base: Oid | None, tip: Oid, whole: Change, judged: Judge
) -> Iterator[tuple[Oid, Finding]]:
    """The findings on what a commit of the range brought and another took back, with the commit."""
    span = (tip, *([f"^{base}"] if base else []), "--")
    commits = _git(place, "rev-list", "--reverse", "--topo-order", *span).stdout.decode().split()
    if len(commits) < 2:
        return
    for layer in taken_back(place.folder, whole, [Oid(commit) for commit in commits]):
        commit_of = {one.entry.path: one.commit for one in layer}
        change = as_change(layer, whole)
        place.objects.expect(entry.new_oid for entry in change.files())
        for found in judged(change, task=None, only=HARMFUL):
            yield commit_of.get(found.path, tip), found


def _not_merges(place: Place, base: Oid | None, tip: Oid) -> list[Oid]:
    """The commits of a range, newest first, merges left out; at most one more than are read."""
    span = (tip, *([f"^{base}"] if base else []), "--")
    listed = _git(place, "rev-list", "--no-merges", f"--max-count={MAX_MESSAGES + 1}", *span)
    return list(map(Oid, listed.stdout.decode().split()))


def commit_messages(place: Place, commits: Sequence[Oid]) -> Iterator[tuple[Oid, str | None]]:
    """The message of each commit; None is too large to be read."""
    together: list[Oid] = []
    held = 0
    for commit in commits:
        about = place.raw.info(commit)
        size = about[2] if about is not None else 0
        if size > MAX_MESSAGE:
            yield commit, None
            continue
        if held + size > READ_AT_ONCE:
            yield from _said_by(place, together)
            together, held = [], 0
        together.append(commit)
        held += size
    yield from _said_by(place, together)


def _said_by(place: Place, commits: Sequence[Oid]) -> Iterator[tuple[Oid, str]]:
    if not commits:
        return
    args = ("log", "--no-walk=unsorted", "--stdin", "-z", "--format=%H%n%B")
    asked = "\n".join(commits).encode()
    said = run_git(args, cwd=Path(place.folder), env=hook_environment(), input=asked).stdout
    for record in said.split(b"\0"):
        commit, _, text = record.decode("utf-8", "surrogateescape").partition("\n")
        if commit:
            yield Oid(commit), text.strip("\n")


def transaction_findings(place: Place, said: bytes) -> list[Finding]:
    """What refuses the branches that a ref transaction moves: `--no-verify` ends here.

    A commit that a branch or a remote has already was judged there.
    """
    task = place.task()
    # An agent's workspace is on no branch: there HEAD itself is what a commit moves.
    known = ["--branches", "--remotes", *(["HEAD"] if task else [])]
    moved = [line.split(" ", 2) for line in said.decode("utf-8", "surrogateescape").split("\n")]
    tips = {
        Oid(fields[1])
        for fields in moved
        if len(fields) == 3
        and (fields[2].startswith("refs/heads/") or (task and fields[2] == "HEAD"))
        and fields[1].strip("0")
        and not fields[1].startswith("ref:")  # a symbolic ref moves no commit
    }
    found: list[Finding] = []
    if tips and _git(place, "rev-list", "-n1", *tips, "--not", *known).stdout:
        for tip in sorted(tips):
            found += range_findings(place, _newest_known(place, tip, *known), tip, task)
    return sorted({one for one in found if one.severity == Severity.BLOCK}, key=order)
