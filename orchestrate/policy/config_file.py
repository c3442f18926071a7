"""The config.yaml that `init` writes: every field with its description and default, commented out.

A line that begins with `#` and no space, or an even number of them, is a setting: without its `#`
it sets the default. `# text` is a comment, three spaces go on with an item of a list, and `# |`
stands before an example.
"""

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from orchestrate.policy.schema import schema, with_defaults

_EXAMPLE = "# |"
_WIDTH = 98  # characters of a comment line
_HEAD = """\
How orchestrate works in this repository. Every field is optional: a line such as `#name: value`
shows the default; take the `#` away (in a group, from its first line too) and change it.
It is read from the commit a change is built on, so a change here counts once it is committed."""

# What init sets: the rules are copied beside this file and pinned by it.
_SET = {"schema_version": 1, "rules": {"shipped": False}}


def config_text() -> str:
    """The text of a new config.yaml."""
    lines = list(_comment(_HEAD, keep=True))
    for name, part in schema("config")["properties"].items():
        lines += ["", *_comment(_described(part))]
        lines += _field(name, part, _SET.get(name))
        for example in part.get("examples", ()):
            lines += _example({name: example})
    return "\n".join(lines) + "\n"


def _example(value: Any) -> Iterator[str]:
    yield "# An example, for this repository's own commands to be put in; it holds once"
    yield f"# `{_EXAMPLE}` is taken from its lines:"
    for line in _flow(value):
        yield _EXAMPLE + line


def _flow(value: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    """A mapping as YAML; an item of a list stands on one line."""
    for key, below in value.items():
        if isinstance(below, Mapping):
            yield f"{indent}{key}:"
            yield from _flow(below, indent + "  ")
        elif isinstance(below, list):
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_inline(item)}" for item in below)
        else:
            yield f"{indent}{key}: {_scalar(below)}"


def _inline(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {_inline(below)}" for key, below in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inline, value))}]"
    return _scalar(value)


def _field(name: str, part: Mapping[str, Any], set_to: Any) -> Iterator[str]:
    """The lines of one top-level field; what `set_to` names is not commented out."""
    default = with_defaults({}, "config")[name]
    fields = part.get("properties", {})
    if part.get("additionalProperties") is not False and isinstance(default, dict):
        yield from _members(part)
        yield f"#{name}: {{}}"
    elif fields:
        chosen, inner = set_to or {}, _WIDTH - 3
        yield f"{name}:" if chosen else f"#{name}:"
        for field, below in fields.items():
            mark = "" if chosen else "#"
            for line in (*_comment(_described(below), width=inner), *_members(below, inner)):
                yield f"{mark}  {line}"
            hidden = "" if field in chosen else "#"
            for line in _setting(field, chosen.get(field, default[field])):
                yield f"{hidden}  {line}"
    else:
        yield from (line if set_to else f"#{line}" for line in _setting(name, default))


def _members(part: Mapping[str, Any], width: int = _WIDTH) -> Iterator[str]:
    """What each member of a map with free names may hold."""
    member = part.get("additionalProperties")
    fields = member.get("properties", {}) if isinstance(member, dict) else {}
    steps = fields.get("steps", {}).get("items", {}).get("properties", {})
    for field, below in (steps or fields).items():
        default = f" Default: {json.dumps(below['default'])}." if "default" in below else ""
        where = f"steps[].{field}" if steps else field
        yield from _comment(f"- {where}: {_described(below)}{default}", width=width)


def _described(part: Mapping[str, Any]) -> str:
    text = str(part.get("description", ""))
    choices = [c if isinstance(c, str) else json.dumps(c) for c in part.get("enum", ())]
    return f"{text} One of: {', '.join(choices)}." if choices else text


def _comment(text: str, *, width: int = _WIDTH, keep: bool = False) -> Iterator[str]:
    hang = "  " if text.startswith("- ") else ""
    wrapper = textwrap.TextWrapper(width - 2, break_on_hyphens=False, subsequent_indent=hang)
    lines = text.split("\n") if keep else wrapper.wrap(text)
    return (f"# {line}".rstrip() for line in lines)


def _setting(name: str, value: Any) -> list[str]:
    """`name: value`; a list that does not fit on one line stands one item a line."""
    if not isinstance(value, list):
        return [f"{name}: {_scalar(value)}"]
    line = f"{name}: [{', '.join(map(_scalar, value))}]"
    if len(line) <= _WIDTH - 2:
        return [line]
    return [f"{name}:", *(f"  - {_scalar(item)}" for item in value)]


_PLAIN = re.compile(r"(?!true|false|null)[A-Za-z./][A-Za-z0-9_./-]*")


def _scalar(value: Any) -> str:
    plain = isinstance(value, str) and _PLAIN.fullmatch(value)
    return value if plain else json.dumps(value)  # JSON is YAML
