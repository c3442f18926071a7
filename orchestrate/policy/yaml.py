"""Strict YAML 1.2 from bytes: values as JSON knows them, and the place of each in the file.

Rules kept here:

* ruamel.yaml reads the text and gives events; the values are built here, so that a document can
  hold only text, whole numbers, floats, booleans, null, lists and maps with text keys. No tags, no
  timestamps (they stay text), no merge keys, no second document.
* `true` and `false` are the only booleans; `yes`, `no`, `on` and `off` are text (YAML 1.2, 10.3.2).
* Limits hold while reading, before memory is spent: size, depth, nodes, nodes made by aliases.
* Every refusal is a FileError with line and column.

Measured on a plan of 1,000 tasks (35,000 events): 0.6 s, of which the scanner takes 0.45; ruamel's
own safe loader takes 0.9 and its round-trip loader 1.3. libyaml would scan faster but reads YAML
1.1, where a few texts differ, so that a file could mean two things on two machines.
"""

import io
from dataclasses import dataclass, field
from typing import Any, NoReturn

import ruamel.yaml
from ruamel.yaml.error import MarkedYAMLError, YAMLError
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
from ruamel.yaml.reader import ReaderError

from orchestrate.errors import FileError
from orchestrate.policy.scalars import LONE_SURROGATE, plain_value

MAX_BYTES = 2_000_000  # about 6,000 tasks, four seconds
MAX_DEPTH = 64  # levels of lists and maps
MAX_NODES = 200_000  # values and keys of one document
MAX_ALIASED = 10_000  # values that aliases may add

Key = str | int
Place = tuple[int, int]  # line and column, both from 1


@dataclass(frozen=True)
class Document:
    """What a file holds, and where each value and each key stands in it."""

    path: str
    value: Any
    values: dict[tuple[Key, ...], Place]
    keys: dict[tuple[Key, ...], Place]

    @classmethod
    def without_file(cls, name: str, value: Any) -> "Document":
        """A value that stands in no file; errors name `name` and the field, and no line."""
        return cls(name, value, {(): (0, 0)}, {})

    def place(self, at: tuple[Key, ...], *, key: bool = False) -> Place:
        """Line and column of the value at `at`, or of its key; of the nearest parent if absent."""
        if key and at in self.keys:
            return self.keys[at]
        while at and at not in self.values:
            at = at[:-1]
        return self.values.get(at, (1, 1))

    def error(
        self, at: tuple[Key, ...], message: str, *, hint: str = "", key: bool = False
    ) -> FileError:
        """The error to raise about the value at `at`."""
        line, column = self.place(at, key=key)
        return FileError(self.path, message, line=line, column=column, hint=hint)


def load_yaml(data: bytes, path: str) -> Any:
    """The value in a YAML file.

    Raises:
        FileError: it does not parse, goes over a limit or uses what is refused here.
    """
    return load_document(data, path).value


def load_document(data: bytes, path: str, *, first_line: int = 1) -> Document:
    """The value in a YAML file with the places of its parts.

    `first_line` is the line that the text begins on, for YAML inside another file.

    Raises:
        FileError: see `load_yaml`.
    """
    builder = _Builder(path, first_line)
    text = _text(data, path)
    try:
        for event in ruamel.yaml.YAML(typ="safe", pure=True).parse(io.StringIO(text)):
            builder.take(event)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + first_line, mark.column + 1) if mark else (0, 0)
        reason = ", ".join(part for part in (error.context, error.problem) if part)
        raise FileError(path, f"not valid YAML: {reason}", line=line, column=column) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + first_line
        reason = f"character U+{error.character:04X} is not allowed in YAML"
        raise FileError(path, reason, line=line) from None
    except (ValueError, OverflowError):
        # ruamel passes the number of an escape such as "\U99999999" to chr() as it is.
        reason = "not valid YAML: an escape names a character that does not exist"
        raise FileError(path, reason, line=builder.line) from None
    except YAMLError as error:
        raise FileError(path, f"not valid YAML: {error}") from None
    return Document(path, builder.value, builder.values, builder.keys)


def _text(data: bytes, path: str) -> str:
    if len(data) > MAX_BYTES:
        raise FileError(path, f"{len(data):,} bytes, at most {MAX_BYTES:,} are read")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        raise FileError(
            path,
            f"byte 0x{data[error.start]:02x} is not UTF-8",
            line=line,
            column=column,
            hint="save the file as UTF-8",
        ) from None


@dataclass
class _Open:
    """A list or map being filled; `key` is the key read last that still waits for its value."""

    value: Any
    at: tuple[Key, ...]
    event: NodeEvent
    nodes: int  # count of all nodes when it was opened
    key: str | None = None


@dataclass
class _Builder:
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
        if len(self.stack) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
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
        if self.aliased > MAX_ALIASED:
            self._refuse(event, f"aliases repeat more than {MAX_ALIASED:,} values", "write less")
        self.nodes += size - 1
        self._count(event)
        self._add(event, _copy(value))

    def _count(self, event: NodeEvent) -> None:
        self.nodes += 1
        if self.nodes > MAX_NODES:
            self._refuse(event, f"more than {MAX_NODES:,} values")
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
