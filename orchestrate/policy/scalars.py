"""What an unquoted scalar means: YAML 1.2's core schema, less what JSON cannot hold."""

import re

LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # no UTF-8 file can hold one
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# YAML 1.2.2, 10.3.2: the core schema's tag resolution.
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_OCTAL = re.compile(r"0o[0-7]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_JSON = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")
_MAX_DIGITS = 18  # what every JSON reader holds exactly enough, and no slow conversion


def plain_value(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means.

    Raises:
        ValueError: a number that JSON cannot hold.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "0123456789+-.":
        return text
    if _NOT_JSON.match(text):
        raise ValueError(f"{text} is not a number that JSON can hold")
    number = _number(text)
    return text if number is None else number


def _number(text: str) -> int | float | None:
    for expression, base in ((_INTEGER, 10), (_OCTAL, 8), (_HEX, 16)):
        if expression.match(text):
            if len(text) > _MAX_DIGITS:
                raise ValueError(f"a number of {len(text)} digits, at most {_MAX_DIGITS} are read")
            return int(text.replace("0o", ""), base)
    if not _FLOAT.match(text):
        return None
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text} is not a number that JSON can hold")
    return value
