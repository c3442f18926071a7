"""How `check` judges many files or commits: among how many processes, and what is seen of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from orchestrate.checks.of_files import Files
from orchestrate.checks.processes import Sharing, processes_for
from orchestrate.cli.meter import Meter
from orchestrate.hooks.place import Place


class Things(NamedTuple):
    """What is counted; so many of them are worth a process of their own."""

    name: str
    each: int


FILES = Things("files", 500)  # a tenth of a second; splitting a process off takes a hundredth
COMMITS = Things("commits", 50)


class HowToJudge(NamedTuple):
    """`jobs` None is as many processes as are worth it; `is_watched`: a person waits."""

    jobs: int | None
    is_watched: bool

    @contextmanager
    def files(self, place: Place, things: Things, count: int) -> Iterator[Files]:
        """The same as the checks take it, for so many things."""
        processes = self.jobs or processes_for(count, things.each)
        sharing = Sharing(processes, place.objects.reopen)
        with Meter(things.name, wanted=self.is_watched) as meter:
            yield Files(sharing, place.objects.expect_part, meter.show)
