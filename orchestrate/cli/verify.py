"""`orchestrate verify`: the last word, in CI or before a server takes a push."""

import os
import sys
from contextlib import closing
from pathlib import Path

import click

from orchestrate.checks import render
from orchestrate.checks.engine import blocks
from orchestrate.cli.check_options import format_option, json_format_option, strict_option
from orchestrate.errors import InvalidInput
from orchestrate.git.changes import Objects
from orchestrate.git.folders import top_of
from orchestrate.git.types import Oid
from orchestrate.hooks.place import Place, read_policy
from orchestrate.hooks.ranges import parting, range_findings

# The branch that a pull or merge request is for, as GitHub and GitLab say it.
_TARGETS = ("GITHUB_BASE_REF", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME")
_DEFAULTS = ("HEAD", "main", "master")


@click.command()
@click.argument("tip", default="HEAD")
@click.option(
    "--base", metavar="REV", help="The branch or commit that the change is for; its policy judges."
)
@format_option
@json_format_option
@strict_option
@click.pass_context
def verify(
    ctx: click.Context, tip: str, base: str | None, form: str, as_json: bool, strict: bool
) -> None:
    """Judge everything that TIP brings to its base, as if no hook had ever run.

    Nothing that the change says about itself counts: policy, rules and baseline are those of the
    base, no task file is read, every commit and message is judged again.

    \b
    Examples:
      orchestrate verify --base origin/main
      orchestrate verify --base origin/main --format github
    """
    with closing(Objects(top_of(ctx.obj))) as objects:
        place = Place(objects, Path(objects.folder))
        new = place.objects.resolve(tip, "commit")
        if new is None:
            raise InvalidInput(f"{tip!r} does not name a commit of this repository")
        old = _base(place, base, new)
        found = range_findings(place, parting(place, old, new), new, None, instead=old)
    form = "json" if as_json else form
    text = (
        render.text(found, colour=sys.stdout.isatty())
        if form == "text"
        else render.FORMATS[form](found)
    )
    if text:
        click.echo(text)
    ctx.exit(1 if blocks(found) or (strict and found) else 0)


def _base(place: Place, named: str | None, tip: Oid) -> Oid:
    """The commit to judge against: as named, or as CI says, or the remote's base branch.

    Raises:
        InvalidInput: none of them is a commit here.
    """
    told = [os.environ.get(name) for name in _TARGETS]
    candidates = [named] if named else [f"origin/{branch}" for branch in told if branch]
    candidates += [] if candidates else [f"origin/{branch}" for branch in _DEFAULTS]
    for candidate in candidates:
        found = place.objects.resolve(candidate, "commit")
        if found is not None:
            return found if named or any(told) else _of_its_policy(place, found)
    raise InvalidInput(
        f"none of these is a commit here: {', '.join(candidates)}",
        hint="name the base with --base; in CI, fetch its history too (fetch-depth: 0)",
    )


def _of_its_policy(place: Place, default: Oid) -> Oid:
    """The base branch that the policy of the remote's default branch names, or that one itself.

    Not the policy of the tip: a change would choose what it is compared with.
    """
    tree = place.objects.resolve(default, "tree")
    branch = read_policy(place.objects, tree, str(default)).config.base_branch
    found = place.objects.resolve(f"origin/{branch}", "commit") if branch else None
    return found or default
