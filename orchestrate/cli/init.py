"""`orchestrate init`: the policy's files, put into the work tree for a person to commit."""

from difflib import unified_diff
from pathlib import Path
from typing import Any, NamedTuple

import click

from orchestrate.agents.integrations import INTEGRATIONS
from orchestrate.cli.init_hooks import hooks_json, print_clients, print_hooks
from orchestrate.cli.output import json_option, print_json
from orchestrate.git.folders import files_of, work_tree
from orchestrate.git.plain_files import PlainFiles
from orchestrate.hooks.clients import install_client, remove_client
from orchestrate.hooks.install import Installed, chosen
from orchestrate.hooks.install import install as install_hooks
from orchestrate.hooks.integrate import MANAGERS, integrate
from orchestrate.hooks.place import warm
from orchestrate.hooks.stubs import ALL
from orchestrate.policy.installing import (
    INSTALLED_PATH,
    Action,
    Step,
    plan_install,
    read_record,
    record,
    shipped_files,
    wanted_rules,
)

_SAYS = {
    Action.CREATE: "created",
    Action.REPLACE: "upgraded",
    Action.BESIDE: "yours stays; the newer version is",
    Action.KEEP: "already there",
    Action.REMOVED: "removed by you, not brought back",
}
_WOULD = {Action.CREATE: "would create", Action.REPLACE: "would upgrade"}


class SetUp(NamedTuple):
    """What `set_up` did, or would do: the rules it chose and a step for each file."""

    top: Path
    rules: tuple[str, ...]
    steps: tuple[Step, ...]


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--upgrade", is_flag=True, help="Bring files of an earlier version up to date.")
@click.option("--hooks/--no-hooks", default=True, help="Whether to install the git hooks.")
@click.option(
    "--guard-refs",
    is_flag=True,
    help="Also the hook that judges each branch as it moves: --no-verify ends there.",
)
@click.option(
    "--with",
    "manager",
    type=click.Choice(MANAGERS),
    help="Add the hooks to this manager's file instead of git's folder.",
)
@click.option(
    "--agent",
    "clients",
    multiple=True,
    type=click.Choice(list(INTEGRATIONS)),
    help="Only add hooks to this client's settings here, for your own sessions; repeatable.",
)
@click.option("--remove", is_flag=True, help="With --agent: take them out again.")
@json_option
@click.pass_context
def init(
    ctx: click.Context,
    dry_run: bool,
    upgrade: bool,
    hooks: bool,
    guard_refs: bool,
    manager: str | None,
    clients: tuple[str, ...],
    remove: bool,
    as_json: bool,
) -> None:
    """Set a repository up: .orchestrate/ with its defaults, and the git hooks.

    Writes config.yaml with every field explained, the rules for the frameworks that the repository
    uses, the roles and the plan templates. What is there already is never overwritten: with
    --upgrade, files that nobody changed are replaced, and beside a file that was changed the newer
    version is written as FILE.new. Hooks go where git looks for them; one that is there runs first.

    With --agent, your own client in this worktree is told its task, scope and rules at the start,
    and is refused before it writes what git's hooks would refuse when it commits.

    \b
    Examples:
      orchestrate init --dry-run
      orchestrate init
      orchestrate init --upgrade
      orchestrate init --guard-refs
      orchestrate init --with lefthook
      orchestrate init --agent claude --agent codex
      orchestrate init --agent claude --remove
    """
    top = work_tree(Path(ctx.obj))
    if remove and not clients:
        raise click.UsageError("--remove says of which --agent; for the git hooks: uninstall")
    if clients:
        change = remove_client if remove else install_client
        print_clients([change(top, c, dry_run=dry_run) for c in clients], dry_run, as_json)
        return
    if guard_refs and (manager or not hooks):
        raise click.UsageError("--guard-refs is a hook in git's own folder")
    if hooks and not manager:
        wanted = ALL if guard_refs else chosen(top)
        install_hooks(top, hooks=wanted, dry_run=True)  # refuses before anything is written
    done = set_up(top, dry_run=dry_run, upgrade=upgrade)
    installed: list[Installed] = []
    edited: list[Path] = []
    if hooks and manager and not dry_run:
        edited = integrate(top, manager)
    elif hooks and not manager:
        installed = install_hooks(top, hooks=wanted, dry_run=dry_run)
    if hooks and not dry_run:
        warm(top)
    if as_json:
        print_json({**_as_json(done, dry_run), "hooks": hooks_json(installed, edited)})
        return
    _print_steps(done, dry_run)
    print_hooks(installed, edited, manager if dry_run else None, dry_run)
    click.echo()
    click.echo(f"Rules for this repository: {', '.join(done.rules)}.")
    click.echo(_next(done, installed, dry_run))


def set_up(top: Path, *, dry_run: bool = False, upgrade: bool = False) -> SetUp:
    """Put the policy's files into the work tree at `top`; with `dry_run` only say how.

    Raises:
        InvalidInput: a symlink or something else that is no plain file stands in the way.
    """
    files = PlainFiles(top)
    installed = read_record(files.read(INSTALLED_PATH))
    rules = wanted_rules(files_of(top), files.read)
    steps = plan_install(shipped_files(rules), installed, files.read, upgrade=upgrade)
    if not dry_run:
        for step in steps:
            if step.target is not None:
                files.write(step.target, step.shipped)
        after = record(steps, installed)
        if after != files.read(INSTALLED_PATH):
            files.write(INSTALLED_PATH, after)
    return SetUp(top, tuple(rule.id for rule in rules), tuple(steps))


def _as_json(done: SetUp, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "rules": list(done.rules),
        "files": [
            {"path": step.path, "action": step.action.value, "written": step.target}
            for step in done.steps
        ],
    }


def _print_steps(done: SetUp, dry_run: bool) -> None:
    for step in done.steps:
        says = _WOULD.get(step.action, _SAYS[step.action]) if dry_run else _SAYS[step.action]
        beside = f" {step.target}" if step.action == Action.BESIDE else ""
        click.echo(f"{step.path}: {says}{beside}")
    for step in done.steps:
        if step.action == Action.BESIDE:
            click.echo(_difference(step))


def _difference(step: Step) -> str:
    """What the newer version would change in the file as it is."""
    before, after = (
        text.decode("utf-8", "replace").splitlines() for text in (step.current or b"", step.shipped)
    )
    lines = unified_diff(before, after, step.path, str(step.target), lineterm="")
    return "\n" + "\n".join(lines)


def _next(done: SetUp, installed: list[Installed], dry_run: bool) -> str:
    changed = [one for one in installed if one.what != "unchanged"]
    written = [step for step in done.steps if step.target is not None]
    beside = [step for step in written if step.action == Action.BESIDE]
    if dry_run:
        return "Nothing was written." + (" Next: orchestrate init" if written or changed else "")
    if beside:
        return "Next: take what you want from the .new files, remove them, and commit .orchestrate."
    if written:
        return (
            "Next: read .orchestrate/config.yaml, then commit .orchestrate. "
            "Policy is read from commits: until then the defaults hold."
        )
    if changed:
        return "Next: orchestrate doctor, which proves that the hooks fire."
    return "Everything is up to date."
