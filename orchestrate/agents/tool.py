"""What a coding tool must know to be driven: its command line, and how its output reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from orchestrate.agents.adapter import AttemptRequest, Capabilities, Probe
from orchestrate.agents.events import Event, Tally
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason


@dataclass(frozen=True, slots=True)
class Command:
    """How a tool is started for one attempt. `show` and `writable` are what its sandbox needs."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    show: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Pointed:
    """What points a tool at a model on loopback: variables, and the model's name where it matters.

    `last` is the shell command by which a tool ends that does not end by itself.
    """

    environ: Mapping[str, str]
    model: str | None = None
    last: str = ""


class Tool(Protocol):
    """One tool, as configured.

    `cumulative` says that its usage numbers grow over a session and its resumes; `reads_output`
    that a result block may stand in what it prints, and not only in its messages.
    """

    @property
    def name(self) -> str: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def env_names(self) -> tuple[str, ...]: ...
    @property
    def env_prefixes(self) -> tuple[str, ...]: ...
    @property
    def cumulative(self) -> bool: ...
    @property
    def reads_output(self) -> bool: ...
    @property
    def sandbox(self) -> str: ...
    @property
    def network(self) -> bool: ...

    @property
    def identity(self) -> Mapping[str, object] | None:
        """What the program and its settings are; None when there is nothing to prove of it."""
        ...

    def pointed(
        self, url: str, home: Path, environ: Mapping[str, str]
    ) -> "tuple[Tool, Pointed] | None":
        """The same tool in that home and environment, its model at `url`; None: it cannot be."""
        ...

    def probe(self) -> Probe:
        """Whether it can run here."""
        ...

    def command(self, attempt: AttemptRequest) -> Command:
        """How to start it; writes its settings into the scratch folder.

        Raises:
            Refused: it must not be started.
        """
        ...

    def parse(self, line: bytes) -> Iterable[Event]:
        """The events of one line of output; none for a line that does not matter."""
        ...

    def finish(self, attempt: AttemptRequest, tally: Tally) -> None:
        """Take up what the tool left in files instead of printing it."""
        ...

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        """Why a process that ended by itself did not do its work; None when it did."""
        ...
