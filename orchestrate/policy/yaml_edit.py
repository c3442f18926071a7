"""YAML written: new files from values, and edits of people's files with their comments kept.

An edit is proved before it is handed out: the new text is read again by the strict reader and must
hold the old value with exactly the asked change.
"""

import copy
import io
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

from orchestrate.errors import FileError, InvalidInput
from orchestrate.policy.scalars import LONE_SURROGATE
from orchestrate.policy.yaml import Key, load_yaml

_WIDTH = 4096  # characters; a long line of a person's is not folded


def dump_yaml(value: Any, *, comment: str = "") -> bytes:
    """The value as YAML for people, in the order given, with `comment` lines on top.

    Texts of several lines stand as blocks.

    Raises:
        InvalidInput: a text is not valid Unicode, as from an argument that was not UTF-8.
    """
    out = io.StringIO()
    for line in comment.splitlines():
        out.write(f"# {line}".rstrip() + "\n")
    _writer(2).dump(_blocks(value), out)
    return out.getvalue().encode()


def set_values(data: bytes, path: str, edits: Sequence[tuple[Sequence[Key], Any]]) -> bytes:
    """The file with each value put at its place; maps on the way are made where they are missing.

    Raises:
        FileError: the file does not parse, or cannot be written again without changing more.
        InvalidInput: a place leads through what is no map or list, or past a list's end.
    """
    wanted = load_yaml(data, path)
    wanted = {} if wanted is None else wanted
    text = data.decode("utf-8-sig")
    yaml = _writer(_offset(text))
    try:
        edited = yaml.load(text)
    except YAMLError as error:
        raise FileError(path, f"cannot be edited: {error}") from None
    edited = {} if edited is None else edited
    for at, value in edits:
        _put(wanted, at, value)
        _put(edited, at, _blocks(value))
    out = io.StringIO()
    yaml.dump(edited, out)
    # ruamel hangs comments on values; where no value is left, they are at the file's head.
    head = text if load_yaml(data, path) is None else ""
    result = (head + out.getvalue()).encode()
    if load_yaml(result, path) != wanted:
        raise FileError(path, "cannot be edited without changing more", hint="edit it by hand")
    return result


def _writer(offset: int) -> YAML:
    yaml = YAML()
    yaml.width = _WIDTH
    yaml.preserve_quotes = True
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    return yaml


def _offset(text: str) -> int:
    """How far the file indents the dash of a list below its key: 0 or 2."""
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    for above, line in pairwise(lines):
        if line.lstrip().startswith("- ") and above.rstrip().endswith(":"):
            bare = above.lstrip().removeprefix("- ")
            key = len(above) - len(bare)
            return 2 if len(line) - len(line.lstrip()) > key else 0
    return 2


def _put(at: Any, steps: Sequence[Key], value: Any) -> None:
    shown = ".".join(map(str, steps))
    for step in steps[:-1]:
        if isinstance(at, dict) and at.get(str(step)) is None:
            at[str(step)] = {}
        at = at[_step(at, step, shown)]
    at[_step(at, steps[-1], shown)] = value


def _step(at: Any, step: Key, shown: str) -> Key:
    if isinstance(at, dict):
        return str(step)
    if isinstance(at, list) and isinstance(step, int) and 0 <= step < len(at):
        return step
    raise InvalidInput(f"{shown}: `{step}` leads nowhere in this file")


def _blocks(value: Any) -> Any:
    """A copy whose texts are written so that they are read back: as blocks, or with escapes."""
    if isinstance(value, dict):
        return {_text(key): _blocks(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_blocks(item) for item in value]
    if not isinstance(value, str):
        return copy.copy(value)
    text = _text(value)
    return LiteralScalarString(text) if text is value and "\n" in value else text


def _text(text: str) -> str:
    if LONE_SURROGATE.search(text):
        raise InvalidInput(f"the text {text[:40]!r} is not valid Unicode")
    return DoubleQuotedScalarString(text) if _AS_ESCAPES.search(text) else text


# What a reader of YAML refuses, or takes for a line's end or the file's beginning (YAML 1.2.2, 5).
_AS_ESCAPES = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff\\ufffe\\uffff]")
