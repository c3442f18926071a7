"""What all tools have in common; each client's own file says where it differs.

`reckoned` turns tokens into US dollars by the configuration's prices for a tool that does not say.
"""

import json
import re
import shutil
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from orchestrate.agents.adapter import AttemptEnd, AttemptRequest, Capabilities, Probe
from orchestrate.agents.capped import read_tail
from orchestrate.agents.drive import drive
from orchestrate.agents.environment import allowed
from orchestrate.agents.events import Event, Tally, Usage
from orchestrate.agents.limits import ProcessEnd, ProcessLimits
from orchestrate.agents.process import absolute_path, run_process
from orchestrate.agents.reasons import Reason
from orchestrate.agents.tool import Command, Pointed
from orchestrate.policy.config import AgentConfig

NO_KEY = "no-key"  # for a model on loopback, which asks for none
_VERSION = re.compile(r"\d+\.\d+(?:\.\d+)?(?:[-+.][0-9A-Za-z.]+)?")


class Client(ABC):
    """One tool as configured; an `Adapter` and a `Tool`."""

    program: ClassVar[tuple[str, ...]] = ()
    package: ClassVar[str] = ""  # how it is installed, for the message that it is not
    capabilities: Capabilities = Capabilities()
    env_prefixes: tuple[str, ...] = ()
    own_env: ClassVar[tuple[str, ...]] = ()
    cumulative: bool = False
    reads_output: bool = False
    version_arg: ClassVar[str] = "--version"
    probe_sec: ClassVar[float] = 30.0  # Python clients import for seconds

    def __init__(self, config: AgentConfig, environ: dict[str, str]) -> None:
        self.config = config
        self.environ = environ

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def sandbox(self) -> str:
        return self.config.sandbox

    @property
    def network(self) -> bool:
        return self.config.network

    @property
    def env_names(self) -> tuple[str, ...]:
        return (*self.own_env, *self.config.env)

    @property
    def base(self) -> tuple[str, ...]:
        """Program and its first arguments: the configuration's, else the tool's own."""
        return self.config.command or self.program

    @property
    def identity(self) -> dict[str, object] | None:
        """Program and settings, as far as they decide whether hooks fire."""
        if not self.capabilities.hooks and not self.capabilities.shell:
            return None
        found = shutil.which(self.base[0], path=absolute_path(self.environ.get("PATH", "")))
        if found is None:
            return None
        config = self.config
        return {
            "adapter": config.adapter,
            "code": _stamp(sys.modules[type(self).__module__].__file__),
            "program": _stamp(found),
            "command": [*self.base, *config.args],
            "sandbox": config.sandbox,
        }

    def at_model(self, url: str, home: Path) -> Pointed | None:
        """What points it at a model on loopback; settings are written below `home`."""
        return None

    def pointed(
        self, url: str, home: Path, environ: Mapping[str, str]
    ) -> "tuple[Client, Pointed] | None":
        to = self.at_model(url, home)
        if to is None:
            return None
        config = replace(
            self.config,
            model=to.model or self.config.model,
            env=(*self.config.env, *to.environ),
            network=True,  # loopback too is away without
        )
        return type(self)(config, {**environ, **to.environ}), to

    def probe(self) -> Probe:
        """Whether it is installed and starts."""
        if reason := self.missing():
            return Probe(False, "", False, reason, self.capabilities)
        return self._version_probe

    def missing(self) -> str:
        """Why its program is not there, and what to do; "" when it is. Nothing is started."""
        program = self.base[0]
        if shutil.which(program, path=absolute_path(self.environ.get("PATH", ""))):
            return ""
        how = f"; install it ({self.package})" if self.package else ""
        return f"no program '{program}' on PATH{how} or set agents.{self.name}.command"

    @cached_property
    def _version_probe(self) -> Probe:
        with tempfile.TemporaryDirectory(prefix="orchestrate-probe-") as folder:
            output = Path(folder) / "version.txt"
            end = run_process(
                [*self.base, self.version_arg],
                cwd=Path(folder),
                env=allowed(self.environ, self.env_names, self.env_prefixes),
                output=output,
                limits=ProcessLimits(max_runtime_sec=self.probe_sec, max_output_mb=1),
            )
            said = read_tail(output).decode("utf-8", "replace")
        version = _VERSION.search(said)
        if not end.ok:
            last = (said.strip().splitlines() or [f"exit {end.code}"])[-1]
            reason = f"does not start ({end.reason}): {last[:200]}"
            return Probe(True, "", False, reason, self.capabilities)
        return Probe(True, version[0] if version else "", True, "", self.capabilities)

    def run(self, attempt: AttemptRequest, cancel: threading.Event | None = None) -> AttemptEnd:
        """Carry out one attempt."""
        return drive(self, attempt, cancel)

    @abstractmethod
    def command(self, attempt: AttemptRequest) -> Command:
        """What to run, and with what."""

    def parse(self, line: bytes) -> Iterable[Event]:
        return ()

    def finish(self, attempt: AttemptRequest, tally: Tally) -> None:  # noqa: B027 - most need none
        """Take from files what the tool does not print; most leave nothing there."""

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        return None if end.code == 0 else (Reason.AGENT_FAILED, f"exit {end.code}")

    def early_end(self, end: ProcessEnd, errors: Path) -> tuple[Reason, str]:
        """The reason of a process that exited without the event that should close its run."""
        said = self.tail(errors).strip()
        detail = f"exit {end.code} without an end: {said[-500:]}".rstrip(": ")
        return service_failure(said), detail

    @staticmethod
    def tail(errors: Path) -> str:
        """The end of what it printed to standard error."""
        return read_tail(errors, 16_384).decode("utf-8", "replace")

    def reckoned(self, usage: Usage) -> Usage:
        """The usage with a cost by the configured prices, where the tool reports none."""
        prices = self.config.prices
        if prices is None or usage.cost_usd is not None:
            return usage
        fresh = max(usage.input_tokens - usage.cached_input_tokens, 0)
        dollars = (
            fresh * prices.input
            + usage.cached_input_tokens * prices.cached_input
            + usage.output_tokens * prices.output
        ) / 1_000_000
        return replace(usage, cost_usd=round(dollars, 6))


def _stamp(file: str | None) -> list[object]:
    """A file by its path, size and time of change; links are followed first."""
    if file is None:
        return []
    about = Path(file).stat()
    return [str(Path(file).resolve()), about.st_size, about.st_mtime_ns]


_AUTH = re.compile(r"\b(401|403)\b|unauthori[sz]ed|authenticat|invalid (x-)?api[ _-]?key", re.I)
_BUSY = re.compile(r"\b(429|529|503|502|504)\b|overloaded|rate.?limit|too many requests", re.I)


def service_failure(text: str, status: int = 0) -> Reason:
    """The reason behind an error that a model's service sent, by its status, else by its words."""
    if status in (401, 403) or (not status and _AUTH.search(text)):
        return Reason.AGENT_AUTH
    if status in (429, 502, 503, 504, 529) or (not status and _BUSY.search(text)):
        return Reason.AGENT_OVERLOADED
    return Reason.AGENT_FAILED


def state(attempt: AttemptRequest, *names: str) -> tuple[Path, ...]:
    """The tool's own folders and files below HOME, which its sandbox leaves writable.

    A folder that is not there yet is made, as the tool itself would; a file has to be there.
    """
    home = Path(attempt.environ.get("HOME", "/nonexistent"))
    if not home.is_dir():
        return ()
    paths = [home / name for name in names]
    for path in paths:
        if path.suffix != ".json":
            path.mkdir(parents=True, exist_ok=True)
    return tuple(path for path in paths if path.exists())


def json_object(line: bytes) -> dict[str, Any]:
    """The JSON object on a line; empty for anything else (clients print other lines between)."""
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
