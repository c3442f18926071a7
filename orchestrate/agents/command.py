"""Any program as an agent, by configuration alone.

    agents:
      mine: {adapter: command, command: [mytool, --headless], prompt: stdin, parse: none}

The StepPack lies as JSON in the file that ORCHESTRATE_PACK names; the prompt comes on standard
input, in the file that ORCHESTRATE_PROMPT names, or as the last argument. The program works in its
current folder. Exit 0 is "done, judge the tree", anything else COMMAND_FAILED. `parse` lends it the
event reader of a known client.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import Client
from orchestrate.agents.events import Event, Tally
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.tool import Command
from orchestrate.errors import InvalidInput
from orchestrate.policy.config import AgentConfig

MAX_ARGUMENT = 128 * 1024  # bytes: Linux MAX_ARG_STRLEN, execve(2)


class Reader(Protocol):
    """What reads a known client's event lines."""

    def parse(self, line: bytes) -> Iterable[Event]: ...


class CommandClient(Client):
    """A program that works in its current folder; `reader` is None when it prints plain text."""

    def __init__(
        self, config: AgentConfig, environ: dict[str, str], reader: Reader | None = None
    ) -> None:
        super().__init__(config, environ)
        if not config.command:
            raise InvalidInput(
                f"agent {config.name} has no command",
                hint=f"set agents.{config.name}.command to a program and its arguments",
            )
        self._reader = reader
        self.capabilities = Capabilities(events=reader is not None)
        self.reads_output = reader is None

    def command(self, attempt: AttemptRequest) -> Command:
        argv = (*self.config.command, *self.config.args)
        prompt = attempt.prompt.encode("utf-8", "surrogateescape")
        if self.config.prompt == "stdin":
            return Command(argv, stdin=prompt)
        if self.config.prompt == "arg":
            if len(prompt) >= MAX_ARGUMENT:
                raise Refused(
                    Reason.AGENT_NOT_RUNNABLE,
                    f"the prompt has {len(prompt)} bytes, an argument at most {MAX_ARGUMENT}",
                    hint=f"set agents.{self.name}.prompt to file or stdin",
                )
            return Command((*argv, attempt.prompt))
        return Command(argv)

    def parse(self, line: bytes) -> Iterable[Event]:
        return self._reader.parse(line) if self._reader else ()

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        return None if end.code == 0 else (Reason.COMMAND_FAILED, f"exit {end.code}")
