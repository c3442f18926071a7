"""The checks that a file parses: JSON, TOML, YAML and XML.

Rules kept here:

* Nothing here expands, constructs or executes what it reads: JSON and TOML are data, YAML is read
  as events, XML without its entities.
* A file too large or too deep to parse in reasonable time is a finding, not a pass.
"""

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

MAX_PARSED = 4 * 1024 * 1024  # bytes of JSON, TOML and XML: about a second
MAX_YAML = 256 * 1024  # bytes; a pure Python parser reads some 200 KB a second
MAX_YAML_DEPTH = 64  # the parser looks at every open level again for each token
MAX_EXPANDED = 32 * 1024 * 1024  # bytes that XML's entities may come to inside attributes
# Bytes times declared attributes: expat goes over all of an element's for each of that name, and
# over those before to declare one.
MAX_ATTRIBUTES = 400_000_000
MAX_TOML_DOTS = 100_000_000  # squares of dots in a line: a key's parts are read with those before
MAX_YAML_LEVELS = 2_000_000  # open levels, counted again at each event: some two seconds
MAX_DIGITS = 100_000  # in a row: TOML's parser takes 100 bytes of memory for each of a number
_DIGITS = bytes(0x31 if chr(byte) in "0123456789abcdefABCDEF_" else 0x20 for byte in range(256))
MAX_DEPTH_MESSAGE = "it is nested too deeply to be read"


# Encodings of several bytes a character, which expat does not read itself.
_ENCODING = re.compile(
    rb"""(?i)<\?xml[^>]{0,100}?\sencoding=["'](shift_jis|euc-(?:jp|kr)|iso-2022-jp|gb(?:2312|k|18030)"""
    rb"""|big5(?:-hkscs)?)["']"""
)


class Flaw(NamedTuple):
    """What is wrong and where; line 0 is the file as a whole."""

    detail: str
    line: int = 0
    column: int = 0


def invalid_json(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether the file is JSON in UTF-8, -16 or -32 as RFC 8259 wants it: no NaN, no Infinity."""
    if len(data) > MAX_PARSED:
        yield _too_large(data, MAX_PARSED)
        return
    try:
        json.loads(data, parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        yield Flaw(error.msg, error.lineno, error.colno)
    except UnicodeDecodeError as error:
        yield Flaw("it is not UTF-8", data.count(b"\n", 0, error.start) + 1)
    except ValueError as error:
        yield Flaw(str(error))
    except RecursionError:
        yield Flaw(MAX_DEPTH_MESSAGE)


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def invalid_toml(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether the file is TOML."""
    if len(data) > MAX_PARSED:
        yield _too_large(data, MAX_PARSED)
        return
    import tomllib  # 6 ms: most changes hold no TOML

    if is_hard_toml(data):
        yield Flaw("lines with very many dots are not read: keys of so many parts take too long")
        return
    if b"1" * (MAX_DIGITS + 1) in data.translate(_DIGITS):
        yield Flaw(f"more than {MAX_DIGITS:,} digits in a row are not read")
        return
    try:
        tomllib.loads(data.decode())
    except UnicodeDecodeError as error:
        yield Flaw("it is not UTF-8", data.count(b"\n", 0, error.start) + 1)
    except ValueError as error:  # TOML's own, or that of an int() of thousands of digits
        yield Flaw(str(error).partition(";")[0])
    except RecursionError:
        yield Flaw(MAX_DEPTH_MESSAGE)


def is_hard_toml(data: bytes) -> bool:
    """Whether keys of many parts might keep the parser busy for more than some seconds."""
    dots = (line.count(b".") for line in data.split(b"\n"))
    return sum(number * number for number in dots) > MAX_TOML_DOTS


def invalid_yaml(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether the file is one or more YAML documents; tags and anchors are only read."""
    from ruamel.yaml import YAML  # 30 ms to import: most changes hold no YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    if len(data) > MAX_YAML:
        yield _too_large(data, MAX_YAML)
        return
    depth = levels = 0
    try:
        for event in YAML(typ="safe", pure=True).parse(data):
            kind = type(event).__name__
            depth += kind.endswith("StartEvent")
            depth -= kind.endswith("EndEvent")
            levels += depth
            if depth > MAX_YAML_DEPTH or levels > MAX_YAML_LEVELS:
                yield Flaw(MAX_DEPTH_MESSAGE, event.start_mark.line + 1)
                return
    except MarkedYAMLError as error:
        mark = error.problem_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        yield Flaw(str(error.problem or error.context or "it does not parse"), *place)
    except (YAMLError, UnicodeDecodeError) as error:
        yield Flaw(str(error).partition("\n")[0])
    except RecursionError:
        yield Flaw(MAX_DEPTH_MESSAGE)


def invalid_xml(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether the file is well-formed XML. External things are not fetched, entities not expanded.

    With a default handler set, expat hands references over unexpanded (expat.h,
    XML_SetDefaultHandler); an entity made of entities is refused, wherever it is used, and so is
    what a document declares to keep the parser busy.
    """
    if len(data) > MAX_PARSED:
        yield _too_large(data, MAX_PARSED)
        return
    from xml.parsers import expat

    of_many = _ENCODING.match(data)
    parser = expat.ParserCreate("utf-8" if of_many else None)
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    declared = _Declared(len(data), data.count(b"&"))
    parser.EntityDeclHandler = declared.entity
    parser.AttlistDeclHandler = declared.attribute
    parser.DefaultHandler = _ignore
    try:
        parser.Parse(data.decode(of_many[1].decode()).encode() if of_many else data, True)
    except expat.ExpatError as error:
        yield Flaw(expat.ErrorString(error.code), error.lineno, error.offset + 1)
    except (LookupError, ValueError) as error:  # an encoding nobody knows, or bytes that are none
        yield Flaw(str(error))
    except _Hostile as reason:
        yield Flaw(str(reason), parser.CurrentLineNumber)


class _Hostile(Exception):
    """What the document declares would keep the parser busy; the text says what it is."""


class _Declared:
    """What an XML document of `size` bytes with this many references declares."""

    def __init__(self, size: int, references: int) -> None:
        self._size = size
        self._references = references
        self._longest = 0  # bytes of an entity
        self._attributes = 0

    def entity(self, name: str, is_parameter: int, value: str | None, *rest: object) -> None:
        """Accept an entity. Raises: _Hostile."""
        if value and ("&" in value or "%" in value):
            raise _Hostile(f"the entity {name!r} is made of entities")
        # Inside attributes expat expands references, whatever handlers are set.
        self._longest = max(self._longest, len(value or ""))
        if self._longest * self._references > MAX_EXPANDED:
            raise _Hostile(f"with the entity {name!r} the file may come to far more than it is")

    def attribute(self, *declaration: object) -> None:
        """Accept the declaration of an attribute. Raises: _Hostile."""
        self._attributes += 1
        if self._attributes * self._size > MAX_ATTRIBUTES:
            raise _Hostile("it declares so many attributes that reading it takes too long")


def _ignore(data: str) -> None:
    pass


def _too_large(data: bytes, limit: int) -> Flaw:
    return Flaw(f"{len(data) / 1024:,.0f} KB, more than the {limit // 1024:,} KB that are read")
