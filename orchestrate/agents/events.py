"""What a client did, in words that all clients share, read from its output as it comes.

`LineReader` cuts a stream into lines in constant memory; a tool's `parse` turns one line into
events; `Tally` keeps what the attempt's end needs of them and nothing that grows with the stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MAX_LINE = 8 * 1024 * 1024  # bytes; a longer line is a dump and not an event
MAX_TEXT = 256 * 1024  # characters of the last messages that are kept for the result block


class Kind(StrEnum):
    """What kind of event it is."""

    STARTED = "started"
    MESSAGE = "message"
    OUTPUT = "output"  # a line of a tool that prints text: only looked at for loops
    TOOL_CALL = "tool call"
    TOOL_REFUSED = "tool refused"
    FILE_CHANGE = "file change"
    USAGE = "usage"
    RETRY = "retry"
    ERROR = "error"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, US dollars and model turns; None is "the tool does not say"."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float | None = None
    turns: int | None = None

    def minus(self, earlier: "Usage | None") -> "Usage":
        """What was used since `earlier`, for tools whose numbers grow over a session."""
        if earlier is None:
            return self
        return Usage(
            max(self.input_tokens - earlier.input_tokens, 0),
            max(self.cached_input_tokens - earlier.cached_input_tokens, 0),
            max(self.output_tokens - earlier.output_tokens, 0),
            None if self.cost_usd is None else max(self.cost_usd - (earlier.cost_usd or 0), 0.0),
            self.turns,
        )

    def plus(self, other: "Usage") -> "Usage":
        return Usage(
            self.input_tokens + other.input_tokens,
            self.cached_input_tokens + other.cached_input_tokens,
            self.output_tokens + other.output_tokens,
            _add(self.cost_usd, other.cost_usd),
            None if (turns := _add(self.turns, other.turns)) is None else int(turns),
        )


class Event(NamedTuple):
    """One thing that happened. `text`: message, error, path or command; `tool`: its name.

    `usage` replaces what was known (a running total) unless `adds` says that it is one step's.
    `turn` marks what belongs to a new answer of the model; `status` is an HTTP status or 0;
    `joins` says that a message goes on where the last one stopped.
    """

    kind: Kind
    text: str = ""
    tool: str = ""
    session: str = ""
    usage: Usage | None = None
    adds: bool = False
    ok: bool = True
    turn: str = ""
    status: int = 0
    joins: bool = False


class LineReader:
    """Cuts pieces of a stream into lines without their newline; a line over MAX_LINE is dropped."""

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self.dropped = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        lines = data.split(b"\n")
        last = lines.pop()
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = b""
            if self._skipping:
                self._skipping = False
                del lines[0]
            yield from lines
        self._rest = b"" if self._skipping else self._rest + last
        if len(self._rest) > MAX_LINE:
            self._rest, self._skipping = b"", True
            self.dropped += 1

    def end(self) -> Iterator[bytes]:
        """The last line, if it has no newline."""
        if self._rest:
            yield self._rest
            self._rest = b""


class Tally:
    """What is kept of a run's events."""

    def __init__(self) -> None:
        self.started = False
        self.session = ""
        self.usage = Usage()
        self.turns = 0
        self.tool_calls = 0
        self.refused = 0
        self.file_changes: dict[str, None] = {}
        self.retries = 0
        self.errors: list[Event] = []
        self.ended: Event | None = None
        self._turn = ""
        self._texts: list[str] = []
        self._chars = 0

    @property
    def text(self) -> str:
        """The last messages, oldest first."""
        return "\n".join(self._texts)

    def add(self, event: Event) -> None:
        if event.session:
            self.session = event.session
        if event.turn and event.turn != self._turn:
            self._turn = event.turn
            self.turns += 1
        if event.usage is not None:
            self.usage = self.usage.plus(event.usage) if event.adds else event.usage
        match event.kind:
            case Kind.STARTED:
                self.started = True
            case Kind.MESSAGE:
                self._keep(event.text, joins=event.joins)
            case Kind.TOOL_CALL:
                self.tool_calls += 1
            case Kind.TOOL_REFUSED:
                self.refused += 1
            case Kind.FILE_CHANGE if len(self.file_changes) < 10_000:
                self.file_changes[event.text] = None
            case Kind.RETRY:
                self.retries += 1
            case Kind.ERROR:
                self.errors = [*self.errors[-9:], event]
            case Kind.ENDED:
                self.ended = event  # a client may end several times; the last one counts
            case _:
                pass

    def _keep(self, text: str, *, joins: bool) -> None:
        if joins and self._texts:
            last = self._texts.pop()
            self._chars -= len(last)
            text = last + text
        text = text[-MAX_TEXT:]
        self._texts.append(text)
        self._chars += len(text)
        while self._chars - len(self._texts[0]) >= MAX_TEXT:
            self._chars -= len(self._texts.pop(0))


def _add(one: float | None, other: float | None) -> float | None:
    if one is None:
        return other
    return one if other is None else one + other
