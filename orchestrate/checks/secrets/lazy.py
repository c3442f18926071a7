"""Expressions of Python's `re` that are compiled when they are first used.

A hook that looks at one line needs a few of the many there are; compiling all of them would cost
it more than all else that it does. Tests compile each.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from typing import Any, AnyStr

_VERBS = ("search", "match", "fullmatch", "finditer", "findall", "sub", "split")


class Lazy:
    """Stands for a compiled expression, whose methods it takes over with the first use."""

    def __init__(self, pattern: str | bytes, flags: int) -> None:
        self._wanted = pattern, flags

    def __getattr__(self, name: str) -> Any:
        compiled: re.Pattern[Any] = re.compile(*self._wanted)
        for verb in _VERBS:
            setattr(self, verb, getattr(compiled, verb))
        return getattr(compiled, name)


def lazy(pattern: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """As `re.compile(pattern, flags)`."""
    return Lazy(pattern, flags)  # type: ignore[return-value]  # it has all of its methods
