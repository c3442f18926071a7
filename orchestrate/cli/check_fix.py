"""`check --fix`: repairs in the work tree, and what is left to do about them. Stages nothing."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from shlex import quote

import click

from orchestrate.checks import render
from orchestrate.checks.findings import Finding
from orchestrate.checks.fixing import FIXABLE, repaired
from orchestrate.git.types import EXECUTABLE
from orchestrate.hooks import wide
from orchestrate.hooks.place import Place

Mended = Mapping[str, frozenset[str]]  # path -> the ids that the repair takes away


def fix(place: Place, targets: Sequence[str]) -> Mended:
    """Repair the work tree's changed files, and say of each that it was."""
    policy = place.policy()
    checks = [c for rule in policy.rules for c in rule.checks if c.builtin in FIXABLE]
    change = wide.worktree_change(place, targets)
    mended: dict[str, frozenset[str]] = {}
    for entry in change.files():
        of_file = {str(c.builtin): c.id for c in checks if c.applies_to(entry.path)}
        path = Path(place.folder, entry.path)
        data = change.content(entry)
        fixed = repaired(data, frozenset(of_file)) if data is not None else data
        if fixed is not None and fixed != data:
            path.write_bytes(fixed)
            mended[entry.path] = frozenset(of_file.values())
            click.echo(f"fixed {render.printable(entry.path)}", err=True)
        if entry.new_mode == EXECUTABLE and not (data or b"").startswith((b"#!", b"\x7fELF")):
            path.chmod(path.stat().st_mode & ~0o111)
            mended[entry.path] = mended.get(entry.path, frozenset()) | {"new-executable"}
            click.echo(f"no longer executable: {render.printable(entry.path)}", err=True)
    return mended


def told_as_mended(found: Iterable[Finding], mended: Mended) -> list[Finding]:
    """The findings on the index, those that are repaired on disk with the step that is left."""
    return [
        one._replace(
            message=f"{one.message}; repaired on disk, not in the index",
            next_step=f"stage it again: git add {quote(render.printable(one.path))}",
        )
        if one.id in mended.get(one.path, ())
        else one
        for one in found
    ]


def say_what_to_stage(mended: Mended) -> None:
    """How the repairs come into the next commit."""
    if mended:
        paths = " ".join(quote(render.printable(path)) for path in sorted(mended))
        click.echo(f"nothing was staged; to commit the repairs: git add -- {paths}", err=True)
