"""What is wrong with a document, in words: what was found, what is expected, what to do next."""

import json
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from orchestrate.errors import FileError
from orchestrate.policy.yaml import Document, Key


def told(document: Document, error: Any) -> Iterator[FileError]:
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
    shown = name if len(name) <= 60 else f"{name[:57]}..."
    return f"unknown {kind} `{shown}`", hint


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


def wanted_type(part: Mapping[str, Any]) -> str:
    """The types that a part of a schema accepts, in words."""
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
        return f"must be {wanted_type(error.schema)}, not {_shown(error.instance)}"
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
