"""Progress of a run: a live table on a terminal, plain lines elsewhere; both on stderr."""

import time
from typing import Self

from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from orchestrate.cli.output import progress_console, shown
from orchestrate.plans.state import PlanState
from orchestrate.runner.claim import Progress

_STYLES = {
    "promoted": "green",
    "completed": "green",
    "submitted": "yellow",
    "waiting": "yellow",
    "failed": "red",
    "released": "yellow",
}
_BUSY = frozenset({"claimed", "attempt", "judging", "judged", "baseline", "rebuild"})


class PlainView:
    """A line for each step, with the seconds since the start."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._out = progress_console()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def show(self, progress: Progress) -> None:
        seconds = time.monotonic() - self._began
        name = progress.task or "plan"
        line = f"{seconds:6.1f}s  {name}: {progress.what}  {shown(progress.text)}".rstrip()
        self._out.print(Text(line, style=_STYLES.get(progress.what, "")))


class LiveView(PlainView):
    """A table of the tasks under way, drawn again in place; what ended scrolls up."""

    def __init__(self, state: PlanState) -> None:
        super().__init__()
        self._order = [
            task.id for wave in state.plan.waves() for task in map(state.plan.task, wave)
        ]
        self._now: dict[str, Progress] = {}
        self._since: dict[str, float] = {}
        self._live = Live(console=self._out, get_renderable=self._table, refresh_per_second=4)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._now.clear()
        self._live.stop()

    def show(self, progress: Progress) -> None:
        if progress.task and progress.what in _BUSY:
            self._now[progress.task] = progress
            self._since.setdefault(progress.task, time.monotonic())
            if progress.what != "judged":
                return
        else:
            self._now.pop(progress.task, None)
            self._since.pop(progress.task, None)
        super().show(progress)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for task in self._order:
            if task in self._now:
                progress = self._now[task]
                seconds = f"{time.monotonic() - self._since[task]:.0f}s"
                row = (task, progress.what, shown(progress.text), seconds)
                table.add_row(Spinner("dots"), *(Text(cell) for cell in row))
        return table
