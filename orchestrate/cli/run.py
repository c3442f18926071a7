"""`orchestrate run`: carry a plan out."""

import queue
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import click

from orchestrate.cli.choosing import chosen_plan, plan_argument, project_of
from orchestrate.cli.output import json_option, print_json
from orchestrate.cli.progress import LiveView, PlainView
from orchestrate.cli.status import print_status, status_json
from orchestrate.plans.state import PlanState
from orchestrate.plans.states import PlanStatus, TaskStatus
from orchestrate.runner.claim import Progress
from orchestrate.runner.loop import RunOptions, run_plan


@click.command()
@plan_argument
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=1,
    show_default=True,
    help="How many tasks at once.",
)
@click.option(
    "--agent",
    default="",
    metavar="NAME",
    help="The agent for every task, over the configuration's.",
)
@click.option("--keep-workspaces", is_flag=True, help="Leave the attempts' folders to look at.")
@json_option
@click.pass_context
def run(
    ctx: click.Context,
    plan: str | None,
    jobs: int,
    agent: str,
    keep_workspaces: bool,
    as_json: bool,
) -> None:
    """Run an approved plan until it ends or only people can move it on.

    A run that was interrupted or killed is taken up by the next one where it stopped.
    Tasks whose agents all rest after failures of the tool stay queued; run it again later.
    Exit code 0: completed, or waiting for people; 1: failed, aborted, or agents rest; 130:
    interrupted.

    \b
    Examples:
      orchestrate run
      orchestrate run login-fails-abc234 --jobs 4 --agent claude
    """
    project = project_of(ctx, agent)
    ledger = chosen_plan(project, project.open(), plan)
    options = RunOptions(jobs, keep_workspaces)
    with _stopped_by_signals(options.stop), _view(ledger.load().state, as_json) as report:
        state = run_plan(project, ledger.plan_id, options, report)
    if as_json:
        print_json(status_json(state))
    else:
        print_status(state)
    if options.stop.is_set():
        raise KeyboardInterrupt
    ctx.exit(0 if _is_fine(state) else 1)


def _is_fine(state: PlanState) -> bool:
    if state.status is PlanStatus.COMPLETED:
        return True
    if state.status is not PlanStatus.EXECUTING:
        return False
    people = {TaskStatus.WAITING, TaskStatus.PENDING_REVIEW}
    return any(task.status in people for task in state.tasks.values())


@contextmanager
def _view(state: PlanState, as_json: bool) -> Iterator[Any]:
    """Where progress goes: a live table on a terminal, else a line for each step, to stderr."""
    live = sys.stderr.isatty() and not as_json
    view = LiveView(state) if live else PlainView()
    said: queue.SimpleQueue[Progress | None] = queue.SimpleQueue()

    def show() -> None:
        while (progress := said.get()) is not None:
            view.show(progress)

    with view:
        thread = threading.Thread(target=show, name="progress", daemon=True)
        thread.start()
        try:
            yield said.put
        finally:
            said.put(None)
            thread.join()


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C and TERM end the run in order; a second Ctrl-C ends it at once."""

    def ask(signum: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        click.echo("stopping: ending the agents, giving their tasks back", err=True)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
