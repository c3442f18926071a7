"""Texts that stand in whatever an expression matches: a cheap look before it is compiled.

Agents' hooks compile an expression only when a command line holds its texts; a compilation costs
them a millisecond, the look nothing.
"""

import re
from collections.abc import Iterable
from itertools import product
from re import _parser as parser  # type: ignore[attr-defined]  # the only reader of expressions
from typing import Any

MAX_WAYS = 64  # of one expression; beyond, the part with the longer texts stands for both

Way = frozenset[str]


def needed(pattern: str) -> list[list[str]]:
    """The ways to match, each as the texts that all stand in a match of that way, in lower case.

    No text holds a space, a quote, a backslash or an operator of a shell, as these differ between a
    command as it is typed and as it is searched. A way without texts may match anything.
    """
    try:
        parsed = parser.parse(pattern)
    except (re.error, RecursionError, OverflowError):
        return [[]]
    ways = set(_of_sequence(parsed))
    return sorted(sorted(way) for way in ways if not any(other < way for other in ways))


def _of_sequence(items: Iterable[Any]) -> list[Way]:
    """The ways of parts that follow each other: a text may run over several of them."""
    ways: list[Way] = [frozenset()]
    run = ""
    for name, argument in items:
        if str(name) == "LITERAL":
            run += chr(argument)
            continue
        ways = _joined(_joined(ways, [_way(run)]), _of_part(str(name), argument))
        run = ""
    return _joined(ways, [_way(run)])


def _of_part(name: str, argument: Any) -> list[Way]:
    match name:
        case "SUBPATTERN":
            return _of_sequence(argument[-1])
        case "BRANCH":
            return [way for branch in argument[1] for way in _of_sequence(branch)]
        case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT" if argument[0]:
            return _of_sequence(argument[2])
    return [frozenset()]


def _joined(ones: list[Way], others: list[Way]) -> list[Way]:
    if len(ones) * len(others) > MAX_WAYS:
        return max(ones, others, key=lambda ways: min(sum(map(len, way)) for way in ways))
    return list({one | other for one, other in product(ones, others)})


def _way(run: str) -> Way:
    # What letters beyond ASCII match without case is a book of its own: they are no text here.
    return frozenset(re.findall(r"[^\s;&|(){}<>'\"\\\x7f-\U0010ffff]+", run.lower()))
