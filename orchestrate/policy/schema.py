"""The formats people write, defined once: `schemas/<name>.schema.json`.

A document is checked against its schema here, and what it leaves out is filled in from the
schema's `default`s, so that no format and no default stands anywhere else. Every problem is told
with its place in the file, what was found and what is expected; an unknown field is an error.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from orchestrate.errors import FileError, InvalidInput
from orchestrate.policy.globs import regex
from orchestrate.policy.yaml import Document, Key, load_document
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


def load(data: bytes, path: str, name: str) -> Any:
    """The value in a YAML file of the format `name`, checked and with its defaults filled in.

    Raises:
        FileError: it does not parse or does not fit the schema.
    """
    document = load_document(data, path)
    validate(document, name)
    return with_defaults(document.value, name)


def validate(document: Document, name: str) -> None:
    """Accept the document, or say everything that is wrong with it.

    Raises:
        FileError: at the first problem in the file; the hint lists the others.
    """
    if document.value is None:
        raise document.error((), f"the file is empty, {_wanted(schema(name))} is expected")
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
        yield from _told(document, error)


def _told(document: Document, error: Any) -> Iterator[FileError]:
    """The errors for people behind one of jsonschema's."""
    at: tuple[Key, ...] = tuple(error.absolute_path)
    value, wanted = error.instance, error.validator_value
    if error.validator == "additionalProperties":
        known = list(error.schema.get("properties", ()))
        for field in value:
            if field not in known:
                message, hint = unknown("field", field, known)
                yield document.error((*at, field), message, hint=hint, key=True)
    elif error.validator == "required":
        for field in wanted:
            if field not in value:
                where = f" in {_dotted(at)}" if at else ""
                yield document.error(at, f"the field `{field}` is missing{where}")
    elif error.validator == "propertyNames" or "propertyNames" in error.schema_path:
        message = f"the name {_shown(value)} is not accepted: {_reason(error)}"
        yield document.error((*at, value), message, key=True)
    else:
        yield document.error(at, f"{_dotted(at)} {_reason(error)}", hint=_hint(error))


def unknown(kind: str, name: str, known: Sequence[str]) -> tuple[str, str]:
    """Message and hint for a name that is not among the known ones."""
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    names = ", ".join(known) or "none"
    hint = f"did you mean `{near[0]}`?" if near else f"known here: {names}"
    return f"unknown {kind} `{name}`", hint


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


def _dotted(at: tuple[Key, ...]) -> str:
    """`tasks[2].scope`, or "the file" for the top."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in at)
    return f"`{text.lstrip('.')}`" if text else "the file"


_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}


def _wanted(part: Schema) -> str:
    types = part.get("type", [])
    return " or ".join(_TYPES[t] for t in ([types] if isinstance(types, str) else types))


def _shown(value: Any) -> str:
    """The value as found, short enough for a message."""
    if isinstance(value, dict):
        return "a map"
    if isinstance(value, list):
        return "a list"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


# Keyword -> what is wrong, from the value found and what the schema wants.
_REASONS: Mapping[str, Any] = {
    "enum": lambda value, wanted: (
        f"must be one of {', '.join(map(_word, wanted))}, not {_shown(value)}"
    ),
    "pattern": lambda value, wanted: f"must match {wanted}, which {_shown(value)} does not",
    "minLength": lambda value, wanted: "must not be empty",
    "maxLength": lambda value, wanted: (
        f"has {len(value)} characters, at most {wanted} are accepted"
    ),
    "minItems": lambda value, wanted: "must not be empty",
    "maxItems": lambda value, wanted: f"has {len(value)} items, at most {wanted} are accepted",
    "uniqueItems": lambda value, wanted: "names the same thing twice",
    "minimum": lambda value, wanted: f"must be at least {wanted}, not {value}",
    "maximum": lambda value, wanted: f"must be at most {wanted}, not {value}",
    "exclusiveMinimum": lambda value, wanted: f"must be more than {wanted}, not {value}",
}


def _word(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _reason(error: Any) -> str:
    if error.validator == "type":
        return f"must be {_wanted(error.schema)}, not {_shown(error.instance)}"
    if error.validator == "const":
        return f"must be {_shown(error.validator_value)}, not {_shown(error.instance)}"
    tell = _REASONS.get(error.validator)
    return str(tell(error.instance, error.validator_value) if tell else error.message)


def _hint(error: Any) -> str:
    value, wanted = error.instance, error.validator_value
    if error.validator == "enum" and isinstance(value, str):
        near = get_close_matches(value, [w for w in wanted if isinstance(w, str)], n=1)
        return f"did you mean `{near[0]}`?" if near else ""
    if error.validator == "const" and "schema_version" in error.absolute_path:
        newer = isinstance(value, int) and value > wanted
        return "upgrade orchestrate" if newer else f"write `schema_version: {wanted}`"
    if error.validator != "type":
        return ""
    types = [wanted] if isinstance(wanted, str) else wanted
    if "boolean" in types and str(value).lower() in ("yes", "no", "on", "off"):
        return "YAML 1.2 knows only true and false"
    if "string" in types and isinstance(value, bool | int | float):
        return "quote it"
    if types == ["string"] and isinstance(value, dict):
        return "quote it: a colon and a space make a map"
    if "array" in types and isinstance(value, str):
        return f"write it as a list: [{value}]"
    return ""
