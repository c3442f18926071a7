"""Reads what a tool prints while it runs, and says when that alone is a reason to end it."""

from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.detectors import Detectors
from orchestrate.agents.events import Event, Kind, LineReader, Tally
from orchestrate.agents.guard import fired_file
from orchestrate.agents.reasons import Reason
from orchestrate.agents.text_loop import TextLoop
from orchestrate.agents.tool import Tool


class Stream:
    """Reads a tool's output while it runs; `stop` is why it had to be ended, if it had."""

    def __init__(self, tool: Tool, attempt: AttemptRequest) -> None:
        earlier = attempt.session.usage.cost_usd if attempt.session and tool.cumulative else None
        self.tally = Tally()
        self.stop: tuple[Reason, str] | None = None
        self._tool = tool
        self._silent = fired_file(attempt) if tool.capabilities.hooks else None
        self._lines = LineReader()
        repeats = attempt.max_repeats
        self._detectors = Detectors(
            attempt.max_turns, attempt.max_cost_usd, earlier or 0.0, repeats
        )
        self._events = tool.capabilities.events
        self._text = None if self._events or repeats is None else TextLoop(repeats)

    def feed(self, data: bytes) -> str | None:
        """A reason to end the process, or None."""
        lines = list(self._lines.feed(data))
        for line in lines if self._events else ():
            self._line(line)
        if self._text is not None and self.stop is None and (loop := self._text.feed(lines)):
            self.stop = Reason.OUTPUT_LOOP, loop
        return self.stop[1] if self.stop else None

    def close(self) -> None:
        for line in self._lines.end() if self._events else ():
            self._line(line)

    def _line(self, line: bytes) -> None:
        for event in self._tool.parse(line):
            self.tally.add(event)
            if self.stop is None:
                self.stop = self._hooks_silent(event) or self._detectors.see(event, self.tally)

    def _hooks_silent(self, event: Event) -> tuple[Reason, str] | None:
        """Whether the model calls a tool although no hook fired, not even at the session's start.

        The clients ignore broken settings without a word; this is where that shows.
        """
        if self._silent is None or event.kind is not Kind.TOOL_CALL:
            return None
        fired, self._silent = self._silent.stat().st_size > 0, None
        what = f"{self._tool.name} called a tool and its hooks did not fire"
        return None if fired else (Reason.HOOKS_SILENT, what)
