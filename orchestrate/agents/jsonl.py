"""Events of a tool that prints one JSON object a line (`parse: jsonl`), in this form:

    {"event": "message", "text": "...", "tool": "...", "session": "...", "turn": "...",
     "usage": {"input_tokens": 1, "output_tokens": 2, "cost_usd": 0.1}, "ok": true}

`event` is a kind of `events.Kind`; usage is the run's total so far. A field of another type counts
as absent, and other lines are passed over.
"""

from collections.abc import Iterable
from typing import Any

from orchestrate.agents.client import json_object
from orchestrate.agents.events import Event, Kind, Usage


class JsonLines:
    """Reads such lines."""

    def parse(self, line: bytes) -> Iterable[Event]:
        document = json_object(line) if b'"event"' in line else {}
        try:
            kind = Kind(str(document.get("event")))
        except ValueError:
            return ()
        usage = document.get("usage")
        return (
            Event(
                kind,
                text=_text(document, "text"),
                tool=_text(document, "tool"),
                session=_text(document, "session"),
                turn=_text(document, "turn"),
                usage=_usage(usage) if isinstance(usage, dict) else None,
                ok=document.get("ok") is not False,
            ),
        )


def count(document: dict[str, Any], name: str) -> int:
    """A whole number that is not negative; 0 for anything else."""
    value = document.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def dollars(document: dict[str, Any], name: str) -> float | None:
    """An amount that is not negative; None for anything else."""
    value = document.get(name)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if number and value is not None and value >= 0 else None


def _usage(document: dict[str, Any]) -> Usage:
    return Usage(
        count(document, "input_tokens"),
        count(document, "cached_input_tokens"),
        count(document, "output_tokens"),
        dollars(document, "cost_usd"),
        count(document, "turns") or None,
    )


def _text(document: dict[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
