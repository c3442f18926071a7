"""Edits JSON as text: what is put in can be taken out again, and every other byte stays.

A reader of places, not a parser: it knows where each value lies, passes over comments and trailing
commas as the clients' own readers do, and gives the values themselves to `json`.
"""

import json
import re
from typing import Any, NamedTuple

from orchestrate.errors import InvalidInput

_SPACE = re.compile(r"(?:\s+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s,\]}:"]+', re.DOTALL)
MAX_DEPTH = 100


class Node(NamedTuple):
    """A value and where it lies; `items` are an object's or an array's, `key_at` a member's key."""

    start: int
    end: int
    kind: str  # "{", "[" or "" for anything else
    items: tuple["Node", ...] = ()
    key: str = ""
    key_at: int = 0

    def member(self, key: str) -> "Node | None":
        """The member of an object by its key, the last one where there are several."""
        return next((item for item in reversed(self.items) if item.key == key), None)


def read(text: str) -> Node:
    """Where everything lies.

    Raises:
        InvalidInput: it is not one JSON value.
    """
    node = _value(text, _skip(text, 0), 0)
    if _skip(text, node.end) != len(text):
        raise InvalidInput(f"not JSON: something follows the value at character {node.end + 1}")
    return node


def value(text: str, node: Node) -> Any:
    """The value itself.

    Raises:
        InvalidInput: it does not read.
    """
    if node.kind == "{":
        return {item.key: value(text, item) for item in node.items}
    if node.kind == "[":
        return [value(text, item) for item in node.items]
    try:
        return json.loads(text[node.start : node.end])
    except ValueError as error:
        raise InvalidInput(f"not JSON at character {node.start + 1}: {error}") from None


def insert(text: str, parent: Node, what: Any, key: str = "") -> str:
    """The text with a value more at the end of an array, or of an object under `key`.

    It follows the layout of what is there. In an empty container it begins with a space, by which
    `remove` knows that the container was there before.
    """
    last = parent.items[-1] if parent.items else None
    begin = "" if last is None else _indent(text, last.key_at if key else last.start)
    label = f"{json.dumps(key)}: " if key else ""
    if last is None:
        added = " " + label + json.dumps(what)
        return text[: parent.start + 1] + added + text[parent.start + 1 :]
    if begin is None:
        return text[: last.end] + ", " + label + json.dumps(what) + text[last.end :]
    unit = "\t" if "\t" in begin else "  "
    block = json.dumps(what, indent=unit).replace("\n", "\n" + begin)
    return f"{text[: last.end]},\n{begin}{label}{block}{text[last.end :]}"


def remove(text: str, parent: Node, item: Node) -> str:
    """The text without an item, and without what `insert` put around it."""
    at = parent.items.index(item)
    start = item.key_at if item.key_at else item.start
    if at:
        return text[: parent.items[at - 1].end] + text[item.end :]
    if len(parent.items) > 1:
        after = parent.items[1]
        return text[:start] + text[after.key_at or after.start :]
    return text[: parent.start + 1] + text[item.end :]


def was_empty(text: str, parent: Node) -> bool:
    """Whether the container was there, and empty, before `insert` put its first item in."""
    first = parent.items[0]
    return text[parent.start + 1 : first.key_at or first.start] == " "


def _indent(text: str, at: int) -> str | None:
    """The white space that the line begins with where `at` is the first thing on it, else None."""
    begin = text.rfind("\n", 0, at) + 1
    before = text[begin:at]
    return before if begin and not before.strip() else None


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _value(text: str, at: int, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise InvalidInput(f"not JSON that we edit: nested over {MAX_DEPTH} deep")
    if text[at : at + 1] in ("{", "["):
        return _container(text, at, depth)
    found = _SCALAR.match(text, at)
    if not found:
        raise InvalidInput(f"not JSON: no value at character {at + 1}")
    return Node(at, found.end(), "")


def _container(text: str, start: int, depth: int) -> Node:
    kind, items = text[start], []
    close = "}" if kind == "{" else "]"
    at = _skip(text, start + 1)
    while text[at : at + 1] != close:
        key, key_at = "", 0
        if kind == "{":
            named = _value(text, at, depth + 1)
            key, key_at = str(value(text, named)), at
            at = _skip(text, named.end)
            if text[at : at + 1] != ":":
                raise InvalidInput(f"not JSON: no colon at character {at + 1}")
            at = _skip(text, at + 1)
        item = _value(text, at, depth + 1)._replace(key=key, key_at=key_at)
        items.append(item)
        at = _skip(text, item.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != close:
            raise InvalidInput(f"not JSON: no comma or `{close}` at character {at + 1}")
    return Node(start, at + 1, kind, tuple(items))
