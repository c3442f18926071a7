"""`orchestrate check`: judge a change and say what was found, for people and for other tools."""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import click

from orchestrate.checks import render
from orchestrate.checks.baseline import baseline_of, parse_baseline
from orchestrate.checks.engine import blocks, run_checks
from orchestrate.checks.explaining import explained
from orchestrate.checks.findings import Finding
from orchestrate.checks.fixing import FIXABLE, repaired
from orchestrate.checks.reading import staged_change
from orchestrate.checks.running import Stats
from orchestrate.errors import InvalidInput
from orchestrate.git.changes import Objects
from orchestrate.git.process import hook_environment, run_git
from orchestrate.git.types import EXECUTABLE, Oid
from orchestrate.hooks import wide
from orchestrate.hooks.frameworks import pushed_findings, targets_told
from orchestrate.hooks.full import PARTIAL
from orchestrate.hooks.place import Place
from orchestrate.hooks.ranges import merge_base, range_findings
from orchestrate.policy.policy import Policy

Only = frozenset[str] | None


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--staged", is_flag=True, help="What the next commit would hold (the default).")
@click.option("--worktree", is_flag=True, help="The files on disk against HEAD.")
@click.option("--all", "everything", is_flag=True, help="Every file of HEAD.")
@click.option("--history", is_flag=True, help="Every commit that a ref reaches, one by one.")
@click.option("--only", multiple=True, metavar="GROUP|ID", help="Only these groups or ids.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(render.FORMATS)),
    default="text",
    help="How findings are written to standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--fix", is_flag=True, help="Repair what is safe to repair in the work tree first.")
@click.option("--strict", is_flag=True, help="Exit with 1 for findings that need review too.")
@click.option("--stats", is_flag=True, help="Say where the time went, on standard error.")
@click.option("--baseline", type=click.Path(exists=True, dir_okay=False), help="Known findings.")
@click.option("--write-baseline", type=click.Path(dir_okay=False), help="Write them to a file.")
@click.option("--framework", is_flag=True, help="What pre-commit or prek is about now.")
@click.option("--explain", metavar="ID", help="Say what an id catches and why, and end.")
@click.pass_context
def check(
    ctx: click.Context,
    targets: tuple[str, ...],
    staged: bool,
    worktree: bool,
    everything: bool,
    history: bool,
    only: tuple[str, ...],
    form: str,
    as_json: bool,
    fix: bool,
    strict: bool,
    stats: bool,
    baseline: str | None,
    write_baseline: str | None,
    framework: bool,
    explain: str | None,
) -> None:
    """Judge a change by the repository's policy, as hooks, the runner and CI do.

    TARGETS are a range (A..B or A...B: the policy of its base judges it) or paths, whose files are
    judged whole. Exit code 1 says that a finding blocks.

    \b
    Examples:
      orchestrate check
      orchestrate check --worktree --fix
      orchestrate check main...HEAD --format sarif
      orchestrate check --all --only secrets --write-baseline .orchestrate/baseline.json
      orchestrate check --explain outside-allowed
    """
    with closing(Objects(top_of(ctx.obj))) as objects:
        place = Place(objects, Path(objects.folder))
        if explain:
            click.echo(explained(explain, place.policy()))
            return
        if sum([staged, worktree, everything, history, bool(targets)]) > 1:
            raise click.UsageError("give one of --staged, --worktree, --all, --history and TARGETS")
        targets = tuple(_from_top(ctx.obj, place, target) for target in targets)
        pushed = pushed_findings(place) if framework else None
        if framework:
            targets, everything = targets_told(place)
        wanted = _wanted(only)
        counted = Stats()
        if fix:
            _fix(place, targets)
        if pushed is not None:
            found = pushed
        else:
            found = _findings(place, targets, worktree, everything, history, wanted, counted)
    if baseline:
        known = parse_baseline(Path(baseline).read_bytes(), baseline)
        found = [f for f in found if f.fingerprint not in known]
    if write_baseline:
        Path(write_baseline).write_bytes(baseline_of(found))
        found = [f for f in found if not f.fingerprint]
    _print(found, "json" if as_json else form)
    if stats:
        _print_stats(counted)
    ctx.exit(1 if blocks(found) or (strict and found) else 0)


def top_of(folder: str) -> str:
    """The top of the work tree that holds `folder`, or the repository itself when it is bare."""
    args = ["rev-parse", "--is-bare-repository", "--show-toplevel"]
    found = run_git(args, cwd=Path(folder), env=hook_environment(), check=False)
    lines = found.stdout.split(b"\n")
    if lines[0] == b"true" or found.code:
        return str(Path(folder).absolute())
    return os.fsdecode(lines[1])


def _from_top(folder: str, place: Place, target: str) -> str:
    """A path as seen from the top of the work tree; a range as it is."""
    here = Path(folder, target).absolute()
    if ".." in target and not os.path.lexists(here):
        return target
    return os.path.relpath(here, place.folder)


def _wanted(only: Sequence[str]) -> Only:
    names = frozenset(part for value in only for part in value.split(","))
    return names or None


def _findings(
    place: Place,
    targets: Sequence[str],
    worktree: bool,
    everything: bool,
    history: bool,
    only: Only,
    stats: Stats,
) -> list[Finding]:
    if len(targets) == 1 and ".." in targets[0]:
        base, tip = _range(place, targets[0])
        return range_findings(place, base, tip, place.task(), only=only, stats=stats)
    policy, task, search = place.prepared()
    known = place.baseline(policy)
    if history:
        return _in_history(place, policy, only, known, stats)
    if everything:
        change, task, skip = wide.everything(place), None, PARTIAL | {"scope", "judging"}
    elif worktree or targets:
        change = wide.worktree_change(place, targets)
        skip = PARTIAL | ({"scope", "judging"} if targets else set())
    else:
        change, skip = staged_change(place.objects, place.parents(), place.folder), PARTIAL
    return run_checks(
        change, policy, task, only=only, skip=frozenset(skip), search=search, baseline=known,
        stats=stats,
    )  # fmt: skip


def _in_history(
    place: Place, policy: Policy, only: Only, known: frozenset[str], stats: Stats
) -> list[Finding]:
    """Findings of every commit; what several commits bring is told for the first."""
    _, _, search = place.prepared()
    found: dict[tuple[str, str, str], Finding] = {}
    skip = frozenset({*PARTIAL, "scope", "judging"})
    for commit, change in wide.history(place):
        for one in run_checks(
            change, policy, None, only=only, skip=skip, search=search, baseline=known, stats=stats
        ):
            key = (one.id, one.path, one.fingerprint or f"{one.line}:{one.match}")
            found.setdefault(key, one._replace(message=f"commit {commit[:12]}: {one.message}"))
    return list(found.values())


def _range(place: Place, text: str) -> tuple[Oid | None, Oid]:
    """Base and tip of `A..B` and `A...B`; of `A...B` the base is where they parted."""
    old, dots, new = text.partition("...")
    if not dots:
        old, _, new = text.partition("..")
    ends = [place.objects.resolve(name or "HEAD", "commit") for name in (old, new)]
    if ends[0] is None or ends[1] is None:
        missing = old if ends[0] is None else new
        raise InvalidInput(f"{missing or 'HEAD'!r} does not name a commit of this repository")
    base = merge_base(place, ends[0], ends[1])
    return base, ends[1]


def _fix(place: Place, targets: Sequence[str]) -> None:
    """Repair the work tree's changed files; what was repaired is said, nothing is staged."""
    policy = place.policy()
    by_id = {c.id: c for rule in policy.rules for c in rule.checks if c.builtin in FIXABLE}
    change = wide.worktree_change(place, targets)
    for entry in change.files():
        wanted = frozenset(
            str(c.builtin) for c in by_id.values() if c.applies_to(entry.path)
        )  # fmt: skip
        path = Path(place.folder, entry.path)
        data = change.content(entry)
        fixed = repaired(data, wanted) if data is not None else data
        if fixed is not None and fixed != data:
            path.write_bytes(fixed)
            click.echo(f"fixed {render.printable(entry.path)}", err=True)
        if entry.new_mode == EXECUTABLE and not (data or b"").startswith((b"#!", b"\x7fELF")):
            path.chmod(path.stat().st_mode & ~0o111)
            click.echo(f"no longer executable: {render.printable(entry.path)}", err=True)


def _print(found: Sequence[Finding], form: str) -> None:
    if form == "text":
        click.echo(render.text(found, colour=sys.stdout.isatty()))
    elif text := render.FORMATS[form](found):
        click.echo(text)


def _print_stats(stats: Stats) -> None:
    for name, seconds in sorted(stats.seconds.items(), key=lambda item: -item[1]):
        click.echo(f"{seconds * 1000:9.1f} ms  {name}", err=True)
    click.echo(f"{stats.entries:,} entries, {stats.bytes / 1e6:,.1f} MB of content", err=True)
