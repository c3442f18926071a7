"""The seam between the runner and a coding tool.

An adapter says whether its tool can run (`probe`) and carries one attempt out (`run`). Nothing is
raised for what a tool does: `AttemptEnd` says how it ended, and every end has a reason code.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from orchestrate.agents.events import Usage
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.pack import StepPack
from orchestrate.agents.reasons import Reason
from orchestrate.agents.result import StepResult
from orchestrate.agents.sessions import Session
from orchestrate.policy.literals import needed


class Outcome(StrEnum):
    """What the runner does with an attempt's end."""

    ENDED = "ended"  # by itself: judge the tree
    FAILED = "failed"  # the work: the agent says so, or its command exits non-zero; do not judge
    STOPPED = "stopped"  # by a limit or a detector; do not judge
    TOOL_FAILED = "tool_failed"  # the tool itself: counts for the circuit breaker
    CANCELLED = "cancelled"


class Capabilities(NamedTuple):
    """What a tool can do that the runner makes use of."""

    resume: bool = False  # continue a session by its id
    events: bool = False  # tells what it does while it does it
    cost: bool = False  # reports US dollars itself
    hooks: bool = False  # asks a command before it runs a tool
    patch: bool = False  # can hand over a patch instead of editing
    shell: bool = False  # runs commands that the model asks for


class RefusedCommand(NamedTuple):
    """A command that the policy refuses: searched for `pattern`, but for what `unless` finds."""

    id: str
    pattern: str
    message: str
    unless: str = ""

    def document(self) -> dict[str, Any]:
        """The rule for an agent's hook, with the texts that stand in whatever it refuses."""
        return {**self._asdict(), "needs": needed(self.pattern)}


class Probe(NamedTuple):
    """Whether a tool can run here; `reason` says why not, and what to do."""

    installed: bool
    version: str
    runnable: bool
    reason: str
    capabilities: Capabilities


@dataclass(frozen=True, slots=True)
class AttemptRequest:
    """One attempt to carry out.

    `scratch` lies outside the workspace and is this attempt's own. `environ` is what the allowlist
    picks from, normally the runner's environment. `session` continues an earlier attempt of the
    same task (`sessions.choose`); tools find theirs again by id and, most of them, by the
    workspace's path, which should then be the same. `git_hooks` is the folder that
    `core.hooksPath` is pinned to; None leaves git's hooks as they are. `refused_commands` are the
    `block` rules of the harness, for the client's own hooks. `hide` are folders that a sandbox
    keeps out of sight, such as the user's repository, but for `show` (read-only) inside them: the
    object store that the workspace borrows from.
    """

    workspace: Path
    scratch: Path
    pack: StepPack
    prompt: str
    limits: ProcessLimits = field(default_factory=ProcessLimits)
    environ: Mapping[str, str] = field(default_factory=dict)
    session: Session | None = None
    max_turns: int | None = None
    max_cost_usd: float | None = None
    max_repeats: int | None = 3
    git_hooks: Path | None = None
    refused_commands: tuple[RefusedCommand, ...] = ()
    hide: tuple[Path, ...] = ()
    show: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptEnd:
    """How an attempt ended.

    `output` holds what was printed, capped; `text` the end of what the agent said; `usage` is this
    attempt's own, `session.usage` what the session has used in all.
    """

    outcome: Outcome
    reason_code: Reason
    output: Path
    detail: str = ""
    code: int | None = None
    result: StepResult | None = None
    usage: Usage = field(default_factory=Usage)
    session: Session | None = None
    seconds: float = 0.0
    output_bytes: int = 0
    truncated: bool = False
    leftovers: int = 0
    peak_memory_mb: float = 0.0
    tool_calls: int = 0
    refused: int = 0
    retries: int = 0
    text: str = ""


class Adapter(Protocol):
    """One coding tool as the runner sees it."""

    @property
    def name(self) -> str: ...

    def probe(self) -> Probe:
        """Whether the tool can run here; starts it at most to ask its version."""
        ...

    def missing(self) -> str:
        """Why its program is not there, and what to do; "" when it is. Nothing is started."""
        ...

    def run(self, attempt: AttemptRequest, cancel: threading.Event | None = None) -> AttemptEnd:
        """Carry out one attempt; nothing of it runs when this returns."""
        ...
