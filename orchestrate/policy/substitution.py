r"""`{{context}}` and `{{vars.name}}` in templates.

Rules kept here:

* One pass: what was put in is never searched again, so no text of a person's or of an agent's can
  bring placeholders of its own.
* A text that is one placeholder and nothing else takes the variable's value with its type.
* What is not known is an error that names it; `\{{` stands for two braces.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrate.errors import InvalidInput
from orchestrate.policy.problems import unknown
from orchestrate.policy.yaml import Key

_HOLE = re.compile(r"\\\{\{|\{\{([^{}]*)\}\}")
_NAME = re.compile(r"\s*(context|vars\.[a-z][a-z0-9_]*)\s*")


def substitute(value: Any, values: Mapping[str, Any]) -> Any:
    """A copy of `value` with every placeholder in its texts filled.

    `values` has the key `context`, and `vars.<name>` for each variable.

    Raises:
        InvalidInput: a placeholder has no value, or a list stands amid text.
    """
    if isinstance(value, dict):
        return {key: substitute(item, values) for key, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, values) for item in value]
    return _text(value, values) if isinstance(value, str) else value


def _text(text: str, values: Mapping[str, Any]) -> Any:
    whole = _HOLE.fullmatch(text)
    if whole and whole[1] is not None:
        return _value(whole[1], values)
    return _HOLE.sub(lambda hole: _part(hole, values), text)


def _part(hole: re.Match[str], values: Mapping[str, Any]) -> str:
    if hole[1] is None:
        return "{{"
    value = _value(hole[1], values)
    if isinstance(value, list):
        raise InvalidInput(f"`{hole[0]}` is a list; it must be the whole value, not part of a text")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _value(inside: str, values: Mapping[str, Any]) -> Any:
    name = _NAME.fullmatch(inside)
    if name is None or name[1] not in values:
        known = sorted(values)
        message, hint = unknown("variable", inside.strip(), known)
        raise InvalidInput(message, hint=f"{hint}; `\\{{{{` stands for two braces")
    return values[name[1]]


def texts(value: Any, at: tuple[Key, ...] = ()) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Every text below `value` with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from texts(item, (*at, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from texts(item, (*at, i))


def holes(text: str) -> list[str]:
    """The names of the placeholders in `text`."""
    return [hole[1].strip() for hole in _HOLE.finditer(text) if hole[1] is not None]
