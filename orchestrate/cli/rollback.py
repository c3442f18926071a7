"""`orchestrate rollback`: go back to a checkpoint, in full or in part, and take that back."""

from typing import Any

import click

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints import rollback as going_back
from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.compare import kind_of
from orchestrate.checkpoints.record import Checkpoint, Kind
from orchestrate.checkpoints.rollback import Mode, Report, Request, preview, recover, undo
from orchestrate.checks.render import as_dict
from orchestrate.checks.render_text import printable
from orchestrate.cli.checkpoint_shown import changed
from orchestrate.cli.output import json_option, print_json
from orchestrate.cli.paths import repo_paths
from orchestrate.errors import InvalidInput
from orchestrate.git.repository import Repository

EXIT_CONFLICT = 4  # something could not be replaced; what and why is said


@click.command()
@click.argument("words", nargs=-1, metavar="[CHECKPOINT]")
@click.option("--full", is_flag=True, help="The exact tree and index (the default).")
@click.option("--partial", multiple=True, metavar="PATH", help="Only this path (repeatable).")
@click.option("--smart", is_flag=True, help="Keep what the checks allow, restore the rest.")
@click.option("--move-branch", is_flag=True, help="Move the branch to the checkpoint's HEAD too.")
@click.option("--undo", "back", is_flag=True, help="Take the last rollback back.")
@click.option("--continue", "go_on", is_flag=True, help="Complete an interrupted rollback.")
@click.option("--dry-run", is_flag=True, help="Say what would happen, change nothing.")
@click.option("-m", "--message", default="", help="A note for the checkpoint of what is replaced.")
@json_option
@click.pass_context
def rollback(
    ctx: click.Context,
    words: tuple[str, ...],
    full: bool,
    partial: tuple[str, ...],
    smart: bool,
    move_branch: bool,
    back: bool,
    go_on: bool,
    dry_run: bool,
    message: str,
    as_json: bool,
) -> None:
    """Go back to a checkpoint; without a name to the newest that is no rollback's.

    What is replaced is recorded first, so --undo brings it back. Ignored files stay. HEAD stays
    unless you say --move-branch. Words after the checkpoint are further paths of --partial.
    An interrupted rollback is completed by the next one, or taken back with --undo.

    \b
    Examples:
      orchestrate rollback 3 --dry-run
      orchestrate rollback 3
      orchestrate rollback 3 --partial src/app.py
      orchestrate rollback last --smart
      orchestrate rollback --undo
    """
    mode = _mode(full, partial, smart, move_branch)
    recorder = Recorder(Repository.open(ctx.obj))
    if back and (words or dry_run or go_on):
        raise InvalidInput("--undo stands alone", hint="orchestrate rollback --undo")
    if back or go_on:
        report = undo(recorder, message) if back else recover(recorder)
        ctx.exit(_tell(report, "undone" if back else "completed", as_json))
    if journal.pending(recorder.repo.git_dir) is not None:
        report = recover(recorder)
        click.echo(f"completed the interrupted rollback to {report.target} first", err=True)
    target = _target(recorder, words)
    paths = repo_paths(ctx.obj, recorder.work_tree, (*partial, *words[1:]))
    request = Request(mode, paths, move_branch, message, _checker(recorder, mode))
    if dry_run:
        _tell(preview(recorder, target, request), "dry run", as_json)
        return
    ctx.exit(_tell(going_back.rollback(recorder, target, request), "done", as_json))


def _mode(full: bool, partial: tuple[str, ...], smart: bool, move_branch: bool) -> Mode:
    if sum((full, bool(partial), smart)) > 1:
        raise InvalidInput("--full, --partial and --smart exclude each other", hint="choose one")
    if move_branch and (partial or smart):
        raise InvalidInput("--move-branch goes with a full rollback only")
    return Mode.PARTIAL if partial else Mode.SMART if smart else Mode.FULL


def _target(recorder: Recorder, words: tuple[str, ...]) -> Checkpoint:
    owner = chain.owner_of(recorder.repo)
    if words:
        return chain.find(recorder.repo, words[0], owner)
    for number in sorted(chain.numbers(recorder.repo, owner), reverse=True):
        found = chain.find(recorder.repo, str(number), owner)
        if found.kind is not Kind.ROLLBACK and found.scope is None:
            return found
    raise InvalidInput(
        f"{owner} has no checkpoint to go back to", hint="`orchestrate checkpoint list --all`"
    )


def _checker(recorder: Recorder, mode: Mode) -> Any:
    if mode is not Mode.SMART:
        return None
    from orchestrate.cli.checking import checker  # the checks cost 70 ms to import

    return checker(recorder.repo)


def _tell(report: Report, how: str, as_json: bool) -> int:
    if as_json:
        print_json(_document(report, how))
    else:
        _print(report, how)
    return 0 if report.is_exact else EXIT_CONFLICT


def _print(report: Report, how: str) -> None:
    for decision in report.goal.decisions:
        word = "restored" if decision.restored else "kept"
        click.echo(f"{word}: {printable(decision.path)} ({decision.reason})")
    if not report.goal.decisions:
        for change in report.changes:
            click.echo(f"{_BACK[kind_of(change)]}: {printable(change.path)}")
    for finding in report.goal.remaining:
        click.echo(f"still blocked: {finding.id}: {finding.message}")
    if report.moved:
        click.echo(f"{report.moved[0]}: {report.moved[1][:12]} -> {report.moved[2][:12]}")
    _print_gaps(report)
    staged = ", index restored" if report.index_changed else ""
    click.echo(f"{how}: {report.mode} to {report.target}, {len(report.changes)} files{staged}")
    if report.before and how != "undone":
        click.echo(f"`orchestrate rollback --undo` brings back {report.before}", err=True)


class _Words(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return f"restored ({key})"


_BACK = _Words(added="brought back", deleted="removed", modified="restored")


def _print_gaps(report: Report) -> None:
    for path in report.outcome.raced:
        click.echo(f"left alone, it changed meanwhile: {printable(path)}", err=True)
    for path in report.outcome.blocked:
        click.echo(f"left alone, something is in its place: {printable(path)}", err=True)
    for path in report.outcome.nested:
        click.echo(f"left alone, a repository of its own: {printable(path)}", err=True)
    for path in report.untouched:
        click.echo(f"left alone, it could not be recorded: {printable(path)}", err=True)
    for path in report.shown:
        click.echo(f"stays, it was ignored until now: {printable(path)}", err=True)


def _document(report: Report, how: str) -> dict[str, Any]:
    outcome = report.outcome
    return {
        "how": how,
        "mode": report.mode,
        "target": report.target,
        "before": report.before,
        "changes": changed(list(report.changes)),
        "decisions": [
            {**decision._asdict(), "path": printable(decision.path)}
            for decision in report.goal.decisions
        ],
        "remaining": [as_dict(finding) for finding in report.goal.remaining],
        "index_changed": report.index_changed,
        "moved": report.moved,
        "raced": [printable(path) for path in outcome.raced],
        "blocked": [printable(path) for path in outcome.blocked],
        "nested": [printable(path) for path in outcome.nested],
        "untouched": [printable(path) for path in report.untouched],
        "shown": [printable(path) for path in report.shown],
        "exact": report.is_exact,
    }
