"""Numbers the sets of path patterns that a policy speaks of: classes of paths.

Which classes a path is in is asked of a database of all their expressions at once (`prefilter.py`).
"""

from collections.abc import Iterable, Sequence

from orchestrate.checks.search import SINGLEMATCH
from orchestrate.checks.secrets import matcher
from orchestrate.hooks.prefilter import EVERYWHERE, LOOK
from orchestrate.policy.globs import Globs

CASELESS, DOTALL = 1, 2  # HS_FLAG_CASELESS, HS_FLAG_DOTALL (hs_compile.h)
NOWHERE = -1  # a class that no path is in


class Classes:
    """Numbers the sets of globs that a policy speaks of."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, ...], int] = {}
        self.always_look: list[str] = []

    def id(self, globs: Sequence[str]) -> int:
        """The class of the paths that one of the globs takes in."""
        if not globs:
            return NOWHERE
        if "**" in globs:
            return EVERYWHERE
        return self._ids.setdefault(tuple(globs), len(self._ids))

    def look(self, globs: Iterable[str]) -> None:
        """Have the engine look at every change of such a path."""
        self.always_look += globs

    def expressions(self) -> list[matcher.Expression]:
        """For the database of names."""
        sets = [(globs, id) for globs, id in self._ids.items()]
        sets.append((tuple(dict.fromkeys(self.always_look)), LOOK))
        return [(id, joined(globs), DOTALL | SINGLEMATCH) for globs, id in sets if globs]

    def counting(self) -> frozenset[int]:
        """The classes whose globs may mean another thing on bytes than on text."""
        return frozenset(id for globs, id in self._ids.items() if not are_plain(globs))


def are_plain(globs: Iterable[str]) -> bool:
    """Whether globs mean the same on bytes and on text: they count no characters beyond ASCII."""
    return all(glob.isascii() and not set(glob) & set("?[") for glob in globs)


def joined(globs: Sequence[str]) -> bytes:
    """One expression for whole paths that any of the globs takes in."""
    return b"^(?:" + b"|".join(r.encode() for r in Globs(globs).regexes()) + rb")\z"
