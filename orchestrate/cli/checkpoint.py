"""`orchestrate checkpoint`: record the working tree, look at what is recorded, let it go."""

import sys
import time

import click

from orchestrate.checkpoints import chain, journal
from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.compare import (
    compare,
    findings_of,
    judged_tree,
    kind_of,
    note_findings,
    was_checked,
)
from orchestrate.checkpoints.prune import Keep, prune
from orchestrate.checkpoints.record import Checkpoint
from orchestrate.checks.findings import Finding, Severity
from orchestrate.checks.render import as_dict
from orchestrate.checks.render_text import printable
from orchestrate.cli.checkpoint_shown import (
    changed,
    comparison,
    document,
    say_findings,
    say_gaps,
    title,
    when,
)
from orchestrate.cli.output import json_option, print_json, print_table
from orchestrate.cli.paths import existing_paths
from orchestrate.errors import InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.git.types import Signature


@click.group()
def checkpoint() -> None:
    """Record the working tree, index and HEAD exactly; look at what is recorded.

    A checkpoint touches neither your files nor your index. `orchestrate rollback` goes back to one.
    A word names one: a number, "last", OWNER/NUMBER, or a commit id.

    \b
    Examples:
      orchestrate checkpoint create -m "tests are green"
      orchestrate checkpoint list
      orchestrate checkpoint diff 3
      orchestrate checkpoint prune --keep-last 50
    """


@checkpoint.command()
@click.option("-m", "--message", default="", help="A name: a named checkpoint is never pruned.")
@click.option(
    "--include-ignored",
    "include",
    multiple=True,
    metavar="PATH",
    help="Record this ignored file or folder as well (repeatable).",
)
@click.option("--check", is_flag=True, help="Check it against HEAD; keep the findings with it.")
@json_option
@click.pass_context
def create(
    ctx: click.Context, message: str, include: tuple[str, ...], check: bool, as_json: bool
) -> None:
    """Record the working tree, index, HEAD and branch.

    Tracked and untracked files are recorded, ignored ones not. With --check the exit code is 1 when
    a finding blocks; the checkpoint is taken all the same.

    \b
    Examples:
      orchestrate checkpoint create
      orchestrate checkpoint create --check
      orchestrate checkpoint create -m "before the rewrite" --include-ignored .env
    """
    repo = Repository.open(ctx.obj)
    recorder = Recorder(repo)
    paths = existing_paths(ctx.obj, recorder.work_tree, include)
    with journal.alone(repo.git_dir, shared=True):
        interrupted = journal.pending(repo.git_dir)
        created = recorder.create(message=message, include=paths)
    if interrupted:
        click.echo(
            f"note: the rollback to {interrupted.target} was interrupted; this records what it left"
            " (`orchestrate rollback --continue` or `--undo`)",
            err=True,
        )
    found = _check(recorder, created.checkpoint) if check else ()
    if as_json:
        told = {"findings": [as_dict(finding) for finding in found]} if check else {}
        print_json({**document(created.checkpoint), "is_new": created.is_new, **told})
    else:
        said = "recorded" if created.is_new else "nothing changed since"
        click.echo(f"{said} {created.checkpoint.name}")
        say_gaps(created.checkpoint)
        say_findings(found)
    ctx.exit(1 if any(finding.severity is Severity.BLOCK for finding in found) else 0)


def _check(recorder: Recorder, found: Checkpoint) -> tuple[Finding, ...]:
    from orchestrate.cli.checking import checker  # the checks cost 70 ms to import

    repo = recorder.repo
    base = repo.tree_of(found.head) if found.head else repo.edit_tree(None, {})
    findings = tuple(checker(repo)(base, judged_tree(repo, found)))
    note_findings(repo, found, findings, Signature(*recorder.who, int(time.time())))
    return findings


@checkpoint.command("list")
@click.option("--all", "every", is_flag=True, help="Every owner's, not only this worktree's.")
@json_option
@click.pass_context
def list_(ctx: click.Context, every: bool, as_json: bool) -> None:
    """List checkpoints, oldest first.

    They are those of the task or branch that this worktree is on, unless you say --all.

    \b
    Examples:
      orchestrate checkpoint list
      orchestrate checkpoint list --all --json
    """
    repo = Repository.open(ctx.obj)
    owners = chain.owners(repo) if every else [chain.owner_of(repo)]
    found = [one for owner in owners for one in chain.chain(repo, owner)]
    if as_json:
        print_json([document(one) for one in found])
        return
    rows = [
        (one.name, when(one.time), str(one.kind), f"{one.size:,}", _checked(repo, one), title(one))
        for one in found
    ]
    print_table(("checkpoint", "when", "kind", "bytes", "findings", "what"), rows)


@checkpoint.command()
@click.argument("name", metavar="CHECKPOINT")
@json_option
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show one checkpoint.

    Where it was taken, what it changed, what the checks said.

    \b
    Examples:
      orchestrate checkpoint show last
      orchestrate checkpoint show 3 --json
    """
    repo = Repository.open(ctx.obj)
    found = chain.find(repo, name, chain.owner_of(repo))
    previous = chain.load(repo, found.previous).tree if found.previous else None
    changes = repo.diff(previous, found.tree) if previous else []
    findings = findings_of(repo, found)
    if as_json:
        told = [as_dict(finding) for finding in findings]
        print_json({**document(found), "changes": changed(changes), "findings": told})
        return
    click.echo(f"{found.name}  {when(found.time)}  {found.kind}  {title(found)}")
    click.echo(f"commit {found.oid}, tree {found.tree}")
    click.echo(f"HEAD {found.head or 'none'} on {found.branch or 'no branch'}")
    say_gaps(found)
    for change in changes:
        click.echo(f"  {kind_of(change)}: {printable(change.path)}")
    say_findings(findings)


@checkpoint.command()
@click.argument("one", metavar="A")
@click.argument("other", metavar="[B]", required=False)
@json_option
@click.pass_context
def diff(ctx: click.Context, one: str, other: str | None, as_json: bool) -> None:
    """Show the content that changed from A to B.

    Without B, to the working tree as it is now.

    \b
    Examples:
      orchestrate checkpoint diff 3
      orchestrate checkpoint diff 3 5
    """
    repo = Repository.open(ctx.obj)
    owner = chain.owner_of(repo)
    old = chain.find(repo, one, owner)
    new = chain.find(repo, other, owner) if other else Recorder(repo).look().checkpoint
    if as_json:
        print_json(changed(repo.diff(old.tree, new.tree)))
        return
    sys.stdout.buffer.write(repo.diff_text(old.tree, new.tree))


@checkpoint.command("compare")
@click.argument("one", metavar="A")
@click.argument("other", metavar="B")
@json_option
@click.pass_context
def compare_(ctx: click.Context, one: str, other: str, as_json: bool) -> None:
    """Compare two checkpoints.

    Files, kinds of change, and the findings of each.

    \b
    Examples:
      orchestrate checkpoint compare 3 last
    """
    repo = Repository.open(ctx.obj)
    owner = chain.owner_of(repo)
    pair = chain.find(repo, one, owner), chain.find(repo, other, owner)
    found = compare(repo, *pair)
    if as_json:
        print_json(comparison(found))
        return
    for change in found.changes:
        click.echo(f"{kind_of(change)}: {printable(change.path)}")
    for path in found.staged:
        click.echo(f"staged differently: {printable(path)}")
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.counts.items()))
    click.echo(counts or "the files are the same")
    for which, findings in zip(pair, found.findings, strict=True):
        click.echo(f"{which.name}: {len(findings)} findings" + _unchecked(repo, which))


@checkpoint.command("prune")
@click.option("--keep-last", type=click.IntRange(min=1), help="Keep so many of the newest.")
@click.option("--keep-days", type=click.FloatRange(min=0), help="Keep those younger than this.")
@click.option("--owner", help="Whose; by default of the task or branch this worktree is on.")
@click.option("--dry-run", is_flag=True, help="Say what would go, change nothing.")
@json_option
@click.pass_context
def prune_(
    ctx: click.Context,
    keep_last: int | None,
    keep_days: float | None,
    owner: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Let old checkpoints go.

    Named ones, the newest, and what an undo needs stay. With both limits, a checkpoint stays only
    within both. Git frees the space when it next collects garbage. Those that stay keep their
    numbers, but get new commit ids.

    \b
    Examples:
      orchestrate checkpoint prune --keep-last 50
      orchestrate checkpoint prune --keep-days 14 --dry-run
    """
    if keep_last is None and keep_days is None:
        raise InvalidInput("say what stays", hint="--keep-last N, --keep-days DAYS, or both")
    repo = Repository.open(ctx.obj)
    keep = Keep(last=keep_last, days=keep_days)
    done = prune(repo, owner or chain.owner_of(repo), keep, now=time.time(), dry_run=dry_run)
    if as_json:
        kept, gone = ([one.name for one in group] for group in (done.kept, done.gone))
        print_json({"gone": gone, "kept": kept, "dry_run": dry_run})
        return
    for one in done.gone:
        click.echo(f"{'would go' if dry_run else 'gone'}: {one.name}  {title(one)}")
    click.echo(f"{len(done.gone)} gone, {len(done.kept)} kept" if not dry_run else "nothing done")


def _checked(repo: Repository, found: Checkpoint) -> str:
    return str(len(findings_of(repo, found))) if was_checked(repo, found) else "-"


def _unchecked(repo: Repository, found: Checkpoint) -> str:
    return "" if was_checked(repo, found) else " (the checks did not run on it)"
