"""Texts that stand in whatever an expression matches: a cheap look before it is compiled.

Agents' hooks compile an expression only when a command line holds its texts; a compilation costs
them a millisecond, the look nothing.
"""

import re
from collections.abc import Callable, Iterable
from re import _parser as parser  # type: ignore[attr-defined]  # the only reader of expressions
from typing import Any

MAX_WAYS = 64  # of one expression; beyond, the part with the longer texts stands for both

Texts = frozenset[str]
Way = tuple[Texts, str]  # and the text that what follows goes on with


def needed(pattern: str) -> list[list[str]]:
    """The ways to match, each as the texts that all stand in a match of that way, in lower case.

    No text holds a space, a quote, a backslash or an operator of a shell, as these differ between a
    command as it is typed and as it is searched. A way without texts may match anything.
    """
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return [[]]
    ways = {texts for texts, _ in _closed(_after([_START], parsed))}
    return sorted(sorted(way) for way in ways if not any(other < way for other in ways))


_START: Way = (frozenset(), "")


def _after(ways: list[Way], items: Iterable[Any]) -> list[Way]:
    """The ways behind parts that follow each other: a text may run over several of them."""
    for name, argument in items:
        ways = _behind_part(ways, str(name), argument)
    return ways


def _behind_part(ways: list[Way], name: str, argument: Any) -> list[Way]:
    match name:
        case "LITERAL":
            return [(texts, run + chr(argument).lower()) for texts, run in ways]
        case "IN" if _is_few(argument):
            return _bounded(ways, lambda before: _followed(before, argument))
        case "AT":  # takes no room: the text goes on behind it
            return ways
        case "SUBPATTERN":
            return _bounded(ways, lambda before: _after(before, argument[-1]))
        case "BRANCH":
            branches = argument[1]
            return _bounded(ways, lambda before: [w for b in branches for w in _after(before, b)])
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if argument[0]:
            return _closed(_bounded(ways, lambda before: _after(before, argument[2])))
    return _closed(ways)


def _followed(ways: list[Way], letters: list[Any]) -> list[Way]:
    return [(texts, run + chr(letter).lower()) for texts, run in ways for _, letter in letters]


def _is_few(members: list[Any]) -> bool:
    """Whether a class is two characters, such as one in both cases."""
    return len(members) == 2 and all(str(name) == "LITERAL" for name, _ in members)


def _bounded(ways: list[Way], part: Callable[[list[Way]], list[Way]]) -> list[Way]:
    """The ways behind a part; where they are too many, those before it or those of it alone."""
    found = list(dict.fromkeys(part(ways)))
    if len(found) <= MAX_WAYS:
        return found
    return max(_closed(ways), _closed(part([_START])), key=_least)


def _least(ways: list[Way]) -> int:
    return min(sum(map(len, texts)) for texts, _ in ways)


def _closed(ways: list[Way]) -> list[Way]:
    """The ways where what follows begins a text of its own."""
    return list(dict.fromkeys((texts | _texts(run), "") for texts, run in ways))


def _texts(run: str) -> Texts:
    # What letters beyond ASCII match without case is a book of its own: they are no text here.
    return frozenset(re.findall(r"[^\s;&|(){}<>'\"\\\x7f-\U0010ffff]+", run))
