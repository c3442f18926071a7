"""The formats people write, defined once: `schemas/<name>.schema.json`.

A document is checked against its schema here, and what it leaves out is filled in from the
schema's `default`s, so that no format and no default stands anywhere else. Every problem is told
with its place in the file, what was found and what is expected; an unknown field is an error.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from orchestrate.errors import FileError, InvalidInput
from orchestrate.policy.globs import regex
from orchestrate.policy.problems import told, wanted_type
from orchestrate.policy.yaml import Document, Key
from orchestrate.resources import read

MAX_PROBLEMS = 10  # problems of one file that one message tells

Schema = Mapping[str, Any]


@cache
def schema(name: str) -> Schema:
    """The schema of a format, such as `config` or `plan`, with every reference followed.

    No format of ours holds itself, so that this ends; checking is ten times faster for it.
    """
    followed = _follow(_raw(name), name)
    assert isinstance(followed, dict)
    return followed


@cache
def _raw(name: str) -> Any:
    return json.loads(read("schemas", f"{name}.schema.json"))


def _follow(part: Any, name: str) -> Any:
    """A copy of a part of the schema `name` without `$ref`; what stands beside one wins over it."""
    if isinstance(part, list):
        return [_follow(item, name) for item in part]
    if not isinstance(part, dict):
        return part
    followed = {key: _follow(item, name) for key, item in part.items() if key != "$defs"}
    if "$ref" not in part:
        return followed
    target, _, pointer = followed.pop("$ref").partition("#/")
    name = target.removesuffix(".schema.json") or name
    found = _raw(name)
    for step in pointer.split("/"):
        found = found[step]
    return {**_follow(found, name), **followed}


def validate(document: Document, name: str) -> None:
    """Accept the document, or say everything that is wrong with it.

    Raises:
        FileError: at the first problem in the file; the hint lists the others.
    """
    if document.value is None:
        raise document.error((), f"the file is empty, {wanted_type(schema(name))} is expected")
    problems = sorted(
        _problems(document, name), key=lambda problem: (problem.line, problem.column, str(problem))
    )
    if not problems:
        return
    first, others = problems[0], problems[1:MAX_PROBLEMS]
    lines = [first.hint] if first.hint else []
    lines += [f"also {other}" + (f" ({other.hint})" if other.hint else "") for other in others]
    if len(problems) > MAX_PROBLEMS:
        lines.append(f"and {len(problems) - MAX_PROBLEMS} more")
    raise FileError(
        first.path, first.reason, line=first.line, column=first.column, hint="\n".join(lines)
    )


def with_defaults(value: Any, name: str) -> Any:
    """A copy of a valid value with every absent field that has a default."""
    return _fill(copy.deepcopy(value), schema(name))


def _fill(value: Any, part: Schema) -> Any:
    if isinstance(value, dict):
        known, other = part.get("properties", {}), part.get("additionalProperties")
        for field, sub in known.items():
            if field not in value and "default" in sub:
                value[field] = copy.deepcopy(sub["default"])
        for field, item in value.items():
            sub = known.get(field, other)
            if isinstance(sub, dict):
                value[field] = _fill(item, sub)
    elif isinstance(value, list) and "items" in part:
        value[:] = [_fill(item, part["items"]) for item in value]
    return value


@cache
def _validator(name: str) -> Any:
    # Imported on first use: jsonschema costs 70 ms, and a policy may come from a cache.
    from jsonschema import Draft202012Validator, ValidationError
    from jsonschema.validators import extend

    def pattern(_: Any, wanted: str, value: Any, __: Any) -> Iterator[ValidationError]:
        # Python's `$` also matches before a newline at the end; JSON Schema's (ECMA 262) does not.
        expression = wanted[:-1] + r"\Z" if wanted.endswith("$") else wanted
        if isinstance(value, str) and not re.search(expression, value):
            yield ValidationError(f"{value!r} does not match {wanted!r}")

    make: Any = extend
    return make(Draft202012Validator, {"pattern": pattern})(schema(name))


def _problems(document: Document, name: str) -> Iterator[FileError]:
    for error in _validator(name).iter_errors(document.value):
        yield from told(document, error)


def check_globs(patterns: Sequence[str], at: tuple[Key, ...], document: Document) -> None:
    """Refuse a list of path patterns, at its place in the file, that holds a bad one.

    Raises:
        FileError: with what is wrong with the pattern.
    """
    for i, pattern in enumerate(patterns):
        check_glob(pattern, (*at, i), document)


def check_glob(pattern: str, at: tuple[Key, ...], document: Document) -> None:
    """Refuse a path pattern at its place in the file.

    Raises:
        FileError: with what is wrong with it.
    """
    try:
        regex(pattern)
    except InvalidInput as error:
        raise document.error(at, error.message, hint=error.hint) from None
