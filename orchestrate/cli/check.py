"""`orchestrate check`: judge a change and say what was found, for people and for other tools."""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from orchestrate.checks import render
from orchestrate.checks.baseline import baseline_of, parse_baseline
from orchestrate.checks.engine import blocks, run_checks
from orchestrate.checks.explaining import explained
from orchestrate.checks.findings import Finding
from orchestrate.checks.reading import staged_change
from orchestrate.checks.running import Stats
from orchestrate.checks.selecting import OF_A_CHANGE
from orchestrate.cli import check_fix
from orchestrate.cli.check_asked import (
    Asked,
    Only,
    ends_of,
    refuse_without_work_tree,
    told_by_framework,
    told_by_targets,
    wanted,
)
from orchestrate.cli.check_ids import GROUP_OR_ID, ID
from orchestrate.cli.check_options import format_option, json_format_option, strict_option
from orchestrate.cli.check_sharing import COMMITS, FILES, HowToJudge
from orchestrate.errors import FileError
from orchestrate.git.changes import Objects
from orchestrate.git.folders import top_of
from orchestrate.hooks import wide
from orchestrate.hooks.frameworks import pushed_findings
from orchestrate.hooks.full import PARTIAL
from orchestrate.hooks.history import history_findings
from orchestrate.hooks.place import Place
from orchestrate.hooks.ranges import range_findings
from orchestrate.hooks.repairing import TOLD, repair_findings

SHALLOW = (
    "this clone is shallow: commits before its oldest ones are not here and were not looked at "
    "(`git fetch --unshallow` brings them)"
)


@click.command()
@click.argument("targets", nargs=-1)
@click.option("--staged", is_flag=True, help="What the next commit would hold (the default).")
@click.option("--worktree", is_flag=True, help="The files on disk against HEAD.")
@click.option("--all", "everything", is_flag=True, help="Every file of HEAD.")
@click.option("--history", is_flag=True, help="Every commit that a ref reaches, one by one.")
@click.option(
    "--only", type=GROUP_OR_ID, multiple=True, metavar="GROUP|ID", help="Only these groups or ids."
)
@format_option
@json_format_option
@click.option("--fix", is_flag=True, help="Repair what is safe to repair in the work tree first.")
@strict_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="Processes that judge at once (not a range); as many as are worth it by default.",
)
@click.option("--stats", is_flag=True, help="Say where the time went, on standard error.")
@click.option("--baseline", type=click.Path(exists=True, dir_okay=False), help="Known findings.")
@click.option("--write-baseline", type=click.Path(dir_okay=False), help="Write them to a file.")
@click.option("--framework", is_flag=True, help="What pre-commit or prek is about now.")
@click.option("--explain", type=ID, metavar="ID", help="Say what an id catches and why, and end.")
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
    jobs: int | None,
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
      orchestrate check --all --jobs 4
      orchestrate check --all --only secrets --write-baseline .orchestrate/baseline.json
      orchestrate check --explain outside-allowed
    """
    form = "json" if as_json else form
    with closing(Objects(top_of(ctx.obj))) as objects:
        place = Place(objects, Path(objects.folder))
        if explain:
            click.echo(explained(explain, place.policy()))
            return
        if sum([staged, worktree, everything, history, bool(targets)]) > 1:
            raise click.UsageError("give one of --staged, --worktree, --all, --history and TARGETS")
        asked = told_by_targets(ctx.obj, place, targets)
        asked = asked._replace(worktree=worktree, everything=everything, history=history)
        pushed = pushed_findings(place) if framework else None
        if framework:
            asked = told_by_framework(place)
        elif fix and asked.is_committed:
            raise click.UsageError("--fix repairs files on disk, and commits are asked for")
        if pushed is None:
            refuse_without_work_tree(ctx.obj, asked, fix=fix)
        only_these, counted = wanted(only, place, asked), Stats()
        mended = check_fix.fix(place, asked.paths) if fix else {}
        how = HowToJudge(jobs, is_watched=form == "text")
        found = pushed
        if found is None:
            found = _findings(place, asked, only_these, counted, how)
        if asked.is_staged:
            found = check_fix.told_as_mended(found, mended)
        notes = [SHALLOW] if asked.history and wide.is_shallow(place) else []
        accepted = place.policy().config.secrets.baseline if write_baseline else None
    if baseline:
        known = parse_baseline(Path(baseline).read_bytes(), baseline)
        found = [f for f in found if f.fingerprint not in known]
    if write_baseline:
        found = _write_baseline(write_baseline, found, place, accepted)
    _print(found, form, notes)
    for note in notes:
        click.echo(f"note: {note}", err=True)
    check_fix.say_what_to_stage(mended)
    if stats:
        _print_stats(counted)
    ctx.exit(1 if blocks(found) or (strict and found) else 0)


def _write_baseline(
    path: str, found: Sequence[Finding], place: Place, accepted: str | None
) -> list[Finding]:
    """The findings that no baseline can hold; the others are written, and it is said where."""
    Path(path).write_bytes(baseline_of(found))
    count = len({(f.path, f.id, f.fingerprint) for f in found if f.fingerprint})
    plural = "" if count == 1 else "s"
    click.echo(f"wrote {count:,} known secret{plural} to {path}", err=True)
    name = os.path.relpath(os.path.realpath(path), os.path.realpath(place.folder))
    if accepted is None or os.path.normpath(accepted) != name:
        where = name if not name.startswith("../") else "PATH (a file of this repository)"
        click.echo(
            f"hint: it counts once config.yaml says `secrets: {{baseline: {where}}}` and both are "
            "committed; until then give --baseline",
            err=True,
        )
    return [f for f in found if not f.fingerprint]


def _findings(
    place: Place, asked: Asked, only: Only, stats: Stats, how: HowToJudge
) -> list[Finding]:
    if asked.range:
        base, tip, named = ends_of(place, asked.range)
        return range_findings(place, base, tip, place.task(), only=only, stats=stats, instead=named)
    try:
        policy, task, search = place.prepared()
    except FileError as broken:
        return _of_repair(place, asked, broken, only, stats)
    judge = partial(
        run_checks, policy=policy, only=only, search=search, baseline=place.baseline(policy)
    )
    if asked.history:
        # An old commit's policy judges nothing any more, whether or not it parses.
        skip = PARTIAL | {"scope", "judging"}
        of_one = partial(judge, task=None, skip=skip)
        commits = wide.commits(place)
        with how.files(place, COMMITS, len(commits)) as files:
            return history_findings(place, commits, of_one, stats, files)
    if asked.everything:
        change, task, skip = wide.everything(place), None, PARTIAL | OF_A_CHANGE
    elif asked.worktree or asked.paths:
        change = wide.worktree_change(place, asked.paths)
        skip = PARTIAL | (OF_A_CHANGE if asked.paths else frozenset())
    else:
        change, skip = staged_change(place.objects, place.parents(), place.folder), PARTIAL
    with how.files(place, FILES, len(change.entries)) as files:
        return judge(change, task=task, skip=skip, stats=stats, files=files)


def _of_repair(
    place: Place, asked: Asked, broken: FileError, only: Only, stats: Stats
) -> list[Finding]:
    """The findings on a repair of HEAD's policy. Raises: FileError, when this is none."""
    if asked.worktree:
        change = wide.worktree_change(place)
    elif asked.is_staged:
        change = staged_change(place.objects, place.parents(), place.folder)
    else:
        raise broken
    found = repair_findings(place, change, broken, only, stats)
    if not blocks(found):
        click.echo(f"note: {TOLD}", err=True)
    return found


def _print(found: Sequence[Finding], form: str, notes: Sequence[str]) -> None:
    if form == "text":
        click.echo(render.text(found, colour=sys.stdout.isatty()))
    elif form == "json":
        click.echo(render.as_json(found, notes))
    elif text := render.FORMATS[form](found):
        click.echo(text)


def _print_stats(stats: Stats) -> None:
    for name, seconds in sorted(stats.seconds.items(), key=lambda item: -item[1]):
        click.echo(f"{seconds * 1000:9.1f} ms  {name}", err=True)
    click.echo(f"{stats.entries:,} entries, {stats.bytes / 1e6:,.1f} MB of content", err=True)
