"""`orchestrate watch`: record and check a working tree while people and agents work in it."""

import json
import re
from pathlib import Path

import click

from orchestrate.checkpoints import watch_lock
from orchestrate.checkpoints.pending import Pace
from orchestrate.checkpoints.watch import Event, Options, Watch
from orchestrate.checks.render import as_dict
from orchestrate.checks.render_text import place, printable
from orchestrate.cli.checking import checker
from orchestrate.errors import InvalidInput
from orchestrate.git.repository import Repository

_UNITS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
_SIZES = {"": 1, "k": 1_000, "m": 1_000_000, "g": 1_000_000_000}


def duration(text: str) -> float:
    """Seconds, from a number with ms, s, m or h (s without a unit)."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|)", str(text))
    if found is None:
        raise click.BadParameter(f"{text!r} is not a duration such as 500ms, 30s or 2m")
    return float(found[1]) * _UNITS[found[2]]


def size(text: str) -> int:
    """Bytes, from a number with K, M or G (powers of ten)."""
    found = re.fullmatch(r"(\d+)([kmg]?)b?", str(text).lower())
    if found is None:
        raise click.BadParameter(f"{text!r} is not a size such as 500M or 2G")
    return int(found[1]) * _SIZES[found[2]]


@click.command()
@click.option("--debounce", type=duration, default="500ms", show_default=True,
              help="How long nothing must be written before a checkpoint is taken.")  # fmt: skip
@click.option("--max-changes", type=click.IntRange(min=1), default=50, show_default=True,
              help="Do not wait for a pause after so many changed files.")  # fmt: skip
@click.option("--interval", type=duration, default="30s", show_default=True,
              help="Do not wait longer than this; look at everything this often.")  # fmt: skip
@click.option("--on-violation", type=click.Choice(["warn", "restore"]), default="warn",
              show_default=True, help="restore: put the offending files back.")  # fmt: skip
@click.option("--quota", type=size, default="1G", show_default=True,
              help="Let old checkpoints go beyond so many bytes of content.")  # fmt: skip
@click.option("--keep", type=click.IntRange(min=2), default=300, show_default=True,
              help="Let old checkpoints go beyond so many.")  # fmt: skip
@click.option("--pause", is_flag=True, help="Pause the watch that runs in this worktree.")
@click.option("--resume", is_flag=True, help="Let it go on.")
@click.option("--status", is_flag=True, help="Say whether one runs here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.pass_context
def watch(
    ctx: click.Context,
    debounce: float,
    max_changes: int,
    interval: float,
    on_violation: str,
    quota: int,
    keep: int,
    pause: bool,
    resume: bool,
    status: bool,
    as_json: bool,
) -> None:
    """Record the working tree at each pause in the writing, and check what changed since HEAD.

    Findings are printed, and stand in the git directory's orchestrate/findings.json for agents'
    hooks. One watch runs in a worktree. SIGUSR1 pauses it, SIGUSR2 lets it go on; --pause and
    --resume do the same and wait for the answer.

    \b
    Examples:
      orchestrate watch
      orchestrate watch --on-violation restore --debounce 1s
      orchestrate watch --pause
    """
    repo = Repository.open(ctx.obj)
    if pause + resume + status > 1:
        raise InvalidInput("--pause, --resume and --status exclude each other")
    if status:
        _say_status(watch_lock.status(repo.git_dir), as_json)
    elif pause or resume:
        _say_status(watch_lock.request(repo.git_dir, "paused" if pause else "watching"), as_json)
    else:
        options = Options(
            Pace(debounce, max_changes, interval), on_violation == "restore", quota, keep
        )
        tell = _tell_json if as_json else _tell
        Watch(Path(ctx.obj), options, checker, tell).run()


def _say_status(found: watch_lock.Status | None, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(found._asdict() if found else None))
    else:
        click.echo(f"{found.state} (process {found.pid})" if found else "no watch runs here")


def _tell(event: Event) -> None:
    if event.what in ("watching", "paused", "checkpoint"):
        click.echo(f"{event.what}: {event.text}" if event.checkpoint else event.text, err=True)
        if event.checkpoint:
            for path in event.checkpoint.unstable:
                click.echo(f"unstable: {printable(path)}", err=True)
        return
    if event.what == "findings" and event.verdict is not None:
        for finding in event.verdict.findings:
            click.echo(f"{place(finding)}: {finding.severity} {finding.id}: {finding.message}")
        return
    if event.report is not None:
        for change in event.report.changes:
            click.echo(f"restored: {printable(change.path)}")
        return
    click.echo(f"{event.what}: {event.text}", err=True)


def _tell_json(event: Event) -> None:
    document: dict[str, object] = {"event": event.what, "text": event.text}
    if event.checkpoint is not None:
        document["tree"] = event.checkpoint.tree
    if event.verdict is not None:
        document["checkpoint"] = event.verdict.checkpoint.name
        document["findings"] = [as_dict(finding) for finding in event.verdict.findings]
    if event.report is not None:
        document["restored"] = [printable(change.path) for change in event.report.changes]
    click.echo(json.dumps(document, sort_keys=True))
