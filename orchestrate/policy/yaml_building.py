"""Builds the value of a YAML document from ruamel's events, and refuses what yaml.py says."""

from dataclasses import dataclass, field
from typing import Any, NoReturn

from ruamel.yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    DocumentStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from orchestrate.errors import FileError
from orchestrate.policy import yaml as limits
from orchestrate.policy.scalars import LONE_SURROGATE, plain_value
from orchestrate.policy.yaml import Key, Place


@dataclass
class _Open:
    """A list or map being filled; `key` is the key read last that still waits for its value."""

    value: Any
    at: tuple[Key, ...]
    event: NodeEvent
    nodes: int  # count of all nodes when it was opened
    key: str | None = None


@dataclass
class Builder:
    """Builds the value from events without recursion, so that depth is ours to limit."""

    path: str
    first_line: int
    value: Any = None
    values: dict[tuple[Key, ...], Place] = field(default_factory=dict)
    keys: dict[tuple[Key, ...], Place] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)
    nodes: int = 0
    aliased: int = 0
    documents: int = 0
    line: int = 1  # where the last event began

    def take(self, event: Event) -> None:
        self.line, _ = self._place(event)
        if isinstance(event, ScalarEvent):
            self._scalar(event)
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            self._open(event)
        elif isinstance(event, CollectionEndEvent):
            self._close()
        elif isinstance(event, AliasEvent):
            self._alias(event)
        elif isinstance(event, DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self._refuse(event, "a second document begins here", "keep one document a file")

    def _refuse(self, event: Event, reason: str, hint: str = "") -> NoReturn:
        line, column = self._place(event)
        raise FileError(self.path, reason, line=line, column=column, hint=hint)

    def _place(self, event: Event) -> Place:
        mark = event.start_mark
        return mark.line + self.first_line, mark.column + 1

    def _scalar(self, event: ScalarEvent) -> None:
        self._count(event)
        if not event.value.isascii() and LONE_SURROGATE.search(event.value):
            self._refuse(event, "an escape names half a character", "write the character itself")
        if self._wants_key():
            self._key(event)
            return
        plain = event.style is None and not event.tag
        try:
            value = plain_value(event.value) if plain else event.value
        except ValueError as error:
            self._refuse(event, str(error), "quote it if it is text")
        self._add(event, value)
        if event.anchor:
            self.anchors[event.anchor] = (value, 1)

    def _wants_key(self) -> bool:
        top = self.stack[-1] if self.stack else None
        return top is not None and isinstance(top.value, dict) and top.key is None

    def _key(self, event: ScalarEvent) -> None:
        top, key = self.stack[-1], event.value
        if event.style is None and key == "<<":
            self._refuse(event, "merge keys are not part of YAML 1.2", "repeat the fields")
        if event.style is None and not isinstance(_plain_or_text(key), str):
            self._refuse(event, f"the key {key or 'null'!r} is not text", "quote the key")
        if key in top.value:
            line, _ = self.keys[*top.at, key]
            self._refuse(event, f"the key {key!r} is already set on line {line}", "remove one")
        self.keys[*top.at, key] = self._place(event)
        top.key = key

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        self._count(event)
        if self._wants_key():
            self._refuse(event, "a key must be text, not a list or a map", "quote the key")
        if len(self.stack) >= limits.MAX_DEPTH:
            self._refuse(event, f"nested deeper than {limits.MAX_DEPTH} levels")
        value: Any = {} if isinstance(event, MappingStartEvent) else []
        before = self.nodes
        at = self._add(event, value)
        self.stack.append(_Open(value, at, event, before))

    def _close(self) -> None:
        done = self.stack.pop()
        if done.event.anchor:
            self.anchors[done.event.anchor] = (done.value, self.nodes - done.nodes + 1)

    def _alias(self, event: AliasEvent) -> None:
        if self._wants_key():
            self._refuse(event, "a key must be text, not an alias", "write the key")
        if event.anchor not in self.anchors:
            self._refuse(event, f"no complete value has the anchor &{event.anchor} above this line")
        value, size = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > limits.MAX_ALIASED:
            self._refuse(
                event, f"aliases repeat more than {limits.MAX_ALIASED:,} values", "write less"
            )
        self.nodes += size - 1
        self._count(event)
        self._add(event, _copy(value))

    def _count(self, event: NodeEvent) -> None:
        self.nodes += 1
        if self.nodes > limits.MAX_NODES:
            self._refuse(event, f"more than {limits.MAX_NODES:,} values")
        tag = getattr(event, "tag", None)
        if tag and tag != "!":  # `! text` only says "this is text"
            self._refuse(event, f"the tag {tag} is not accepted", "write the plain value")

    def _add(self, event: NodeEvent, value: Any) -> tuple[Key, ...]:
        """Put `value` into the open list or map, or at the top; its place among the values."""
        at: tuple[Key, ...] = ()
        if not self.stack:
            self.value = value
        else:
            top = self.stack[-1]
            step: Key
            if isinstance(top.value, dict):
                assert top.key is not None  # `_wants_key` was false, so a key waits
                step, top.key = top.key, None
                top.value[step] = value
            else:
                step = len(top.value)
                top.value.append(value)
            at = (*top.at, step)
        self.values[at] = self._place(event)
        return at


def _copy(value: Any) -> Any:
    """A deep copy, so that no two places of a document share one list."""
    if isinstance(value, dict):
        return {key: _copy(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_copy(item) for item in value]
    return value


def _plain_or_text(text: str) -> object:
    try:
        return plain_value(text)
    except ValueError:
        return None
