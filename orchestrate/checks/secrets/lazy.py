"""Expressions of Python's `re` that are compiled when they are first used.

Rules kept here:

* A hook that looks at one line needs a few of the many there are; compiling all of them would cost
  it more than all else that it does. Tests compile each.
* `re` compiles in Python, half a millisecond each: hooks keep what it made of them (`made_of`,
  `take`). Made by another interpreter, or not there, an expression is compiled as ever.
"""

from __future__ import annotations

import re
import sys

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, AnyStr

    Wanted = tuple[str | bytes, int]  # expression and flags

_VERBS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "split")

_all: list[Wanted] = []
_taken: dict[Wanted, tuple[Any, ...]] = {}


class Lazy:
    """Stands for a compiled expression, whose methods it takes over with the first use."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._wanted = pattern, flags
        _all.append(self._wanted)

    def __getattr__(self, name: str) -> Any:
        compiled = compiled_or_taken(*self._wanted)
        for verb in _VERBS:
            setattr(self, verb, getattr(compiled, verb))
        return getattr(compiled, name)


def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile(pattern, flags)`."""
    return Lazy(pattern, flags)  # type: ignore[return-value]  # it has all of its methods


def compiled_or_taken(pattern: str | bytes, flags: int = 0) -> re.Pattern[Any]:
    """As `re.compile(pattern, flags)`, from what was taken where it is there."""
    kept = _taken.get((pattern, int(flags)))
    if kept is None:
        return re.compile(pattern, flags)
    import _sre  # type: ignore[import-not-found]  # what `re` makes its patterns with

    all_flags, code, *groups = kept
    made: re.Pattern[Any] = _sre.compile(
        pattern, all_flags, memoryview(code).cast("I").tolist(), *groups
    )
    return made


def made_of(more: Iterable[Wanted]) -> tuple[object, dict[Wanted, tuple[Any, ...]]]:
    """What `take` takes: the expressions named so far and `more`, compiled; marshal writes it.

    It is empty where the interpreter's `re` is made otherwise than those of 3.11 to 3.13.
    """
    found = {}
    for pattern, flags in {*_all, *more}:
        try:
            found[pattern, int(flags)] = _parts_of(pattern, flags)
        except re.error:
            continue  # who uses it hears of it
        except (ImportError, AttributeError, TypeError):
            return _stamp(), {}
    return _stamp(), found


def _parts_of(pattern: str | bytes, flags: int) -> tuple[Any, ...]:
    """What `_sre.compile` takes behind the pattern; the code as bytes."""
    from array import array
    from re import _compiler, _parser  # type: ignore[attr-defined]  # there is no other way

    parsed = _parser.parse(pattern, flags)
    code = array("I", _compiler._code(parsed, flags)).tobytes()
    names = parsed.state.groupdict
    by_index: list[str | None] = [None] * parsed.state.groups
    for name, index in names.items():
        by_index[index] = name
    all_flags = int(flags | parsed.state.flags)
    return all_flags, code, parsed.state.groups - 1, dict(names), tuple(by_index)


def take(made: tuple[object, dict[Wanted, tuple[Any, ...]]]) -> None:
    """Use what `made_of` made, when this interpreter made it."""
    stamp, found = made
    if stamp == _stamp():
        _taken.update(found)


def _stamp() -> tuple[object, ...]:
    import _sre

    return sys.implementation.name, sys.hexversion, _sre.MAGIC, _sre.CODESIZE
