"""The program `orchestrate`: the lazy command table and the one edge that maps errors to exits."""

import difflib
import errno
import importlib
import os
import signal
import sys
import traceback
from collections.abc import Sequence

import click

from orchestrate import __version__
from orchestrate.errors import OrchestrateError, Unsupported

# Command -> "module:attribute", in the order `--help` shows them. A module is imported when its
# command runs, so that a hook never pays for the commands it does not use.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("orchestrate.cli.init:init", "Set a repository up: .orchestrate/ with its defaults."),
    "plan": ("orchestrate.cli.plan:plan", "Make plans, look at them, approve or reject them."),
    "run": ("orchestrate.cli.run:run", "Run an approved plan."),
    "start": ("orchestrate.cli.start:start", "Open a task in your own tree."),
    "finish": ("orchestrate.cli.finish:finish", "Judge the task of your own tree and close it."),
    "status": ("orchestrate.cli.status:status", "Show where a plan's tasks stand, what is next."),
    "task": ("orchestrate.cli.task:task", "Look at one task and decide on it."),
    "log": ("orchestrate.cli.log:log", "Show or verify a plan's events."),
    "check": ("orchestrate.cli.check:check", "Check a change, a range or everything."),
    "verify": ("orchestrate.cli.verify:verify", "Recompute every verdict of a range, for CI."),
    "gate": ("orchestrate.cli.gate:gate", "Look at gate profiles and run them on a revision."),
    "checkpoint": (
        "orchestrate.cli.checkpoint:checkpoint",
        "Record working trees exactly; list, compare, prune.",
    ),
    "rollback": ("orchestrate.cli.rollback:rollback", "Go back to a recorded tree, or undo that."),
    "watch": ("orchestrate.cli.watch:watch", "Check and checkpoint a tree while it is worked in."),
    "agents": ("orchestrate.cli.agents:agents", "Show which agents are configured and start."),
    "doctor": ("orchestrate.cli.doctor:doctor", "Prove that each hook fires, in each worktree."),
    "integrate": (
        "orchestrate.cli.integrate:integrate",
        "Add the hooks to pre-commit, prek, husky or lefthook.",
    ),
    "hook": ("orchestrate.cli.hook:hook", "Run one hook, as git or an agent's client does."),
    "uninstall": ("orchestrate.cli.uninstall:uninstall", "Remove the hooks, byte for byte."),
    "completion": ("orchestrate.cli.completion:completion", "Print a shell's completion script."),
    "demo": ("orchestrate.cli.demo:demo", "See a plan run on a small program, without a model."),
}

EXIT_BUG = 3
EXIT_INTERRUPTED = 130

# Refusals of the system that no program mends: read-only, no permission, full, over a quota.
_REFUSALS = (errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOSPC, errno.EDQUOT)


class LazyGroup(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        try:
            target, _ = COMMANDS[cmd_name]
        except KeyError:
            return None
        module, attribute = target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean '{near[0]}'?", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        # The short helps stand in the table, so that `--help` imports no command.
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="orchestrate")
@click.option(
    "-C",
    "directory",
    type=click.Path(exists=True, file_okay=False),
    default=".",
    metavar="DIR",
    help="Work on the repository at DIR instead of the current folder.",
)
@click.pass_context
def cli(ctx: click.Context, directory: str) -> None:
    """Run coding agents on a git repository and decide, mechanically, what may land."""
    ctx.obj = directory


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program and exit: the only place that prints an error or chooses an exit code."""
    sys.exit(run(argv))


def run(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code (design section 10)."""
    try:
        if os.name != "posix":
            raise Unsupported(
                f"orchestrate runs on Linux and macOS, not on {sys.platform}",
                hint="on Windows use it inside WSL",
            )
        result = cli.main(args=argv, prog_name="orchestrate", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except OrchestrateError as error:
        return _told(error)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`| head`): not an error of anybody's, and nothing more to say.
        sys.stderr.close()
        return 128 + signal.SIGPIPE
    except Exception as error:  # noqa: BLE001 - the edge: anything else is a bug of ours
        if isinstance(error, OSError) and _refused_by_system(error):
            place = f"{error.filename}: {error.strerror}" if error.filename else str(error)
            return _told(
                Unsupported(
                    place, hint="make it writable or free some space, then run the same again"
                )
            )
        click.echo(f"internal error: {type(error).__name__}: {error}", err=True)
        click.echo(traceback.format_exc(), err=True)
        return EXIT_BUG


def _told(error: OrchestrateError) -> int:
    """The exit code of an error, which was printed with its hint."""
    click.echo(f"error: {error}", err=True)
    if error.hint:
        click.echo(f"hint: {error.hint}", err=True)
    return error.exit_code


def _refused_by_system(error: OSError) -> bool:
    """Whether the system would not let us write; libgit2 says so in words, without a number."""
    words = str(error)
    return error.errno in _REFUSALS or any(os.strerror(number) in words for number in _REFUSALS)


if __name__ == "__main__":
    main()
