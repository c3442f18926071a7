"""The one pass over all bytes: which forms could match, and where each such place ends.

Rules kept here:

* Both matchers see the same triggers and so report the same lines: `Hyperscan`, one automaton for
  all of them, and `Plain`, a search by keyword and then form by form with RE2 or `re`.
* A database that does not load here (other version, other processor, damaged file) is a ValueError;
  whoever cached it compiles a new one.
"""

import re
from collections.abc import Iterator, Sequence
from copy import copy
from typing import Any

from orchestrate.checks.linear import compile_regex
from orchestrate.checks.secrets.matching import Places
from orchestrate.checks.secrets.rules import Ruleset
from orchestrate.checks.secrets.transport import base64_forms

try:
    import hyperscan
except ImportError:  # no wheel for this machine
    hyperscan = None  # type: ignore[assignment]

Expression = tuple[int, bytes, int]  # id, pattern, hyperscan's flags


def has_hyperscan() -> bool:
    """Whether hyperscan's wheel is installed here."""
    return hyperscan is not None


def engine_version() -> str:
    """What a serialized database depends on besides its expressions, for cache keys."""
    if not has_hyperscan():
        return "plain"
    from importlib.metadata import version

    return f"hyperscan {version('hyperscan')}"


def expressions(ruleset: Ruleset) -> list[Expression]:
    """What to search for, for this scanner's database or one shared with other checks.

    Ids are those of `Place.form`, and from `len(ruleset.forms)` on the base64 probes.
    """
    triggers = [(i, form.trigger.encode(), 0) for i, form in enumerate(ruleset.forms)]
    found = [expression for expression in triggers if expression[1]]
    probes = enumerate(base64_forms(ruleset), len(ruleset.forms))
    return found + [(id, re.escape(probe), 0) for id, probe in probes]


def compile_database(wanted: Sequence[Expression]) -> bytes:
    """A serialized hyperscan database of the expressions.

    Raises:
        ValueError: hyperscan is not installed, or it refuses an expression.
    """
    if hyperscan is None:
        raise ValueError("hyperscan is not installed")
    database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
    ids, patterns, flags = zip(*wanted, strict=True)
    try:
        database.compile(expressions=patterns, ids=ids, elements=len(wanted), flags=flags)
    except hyperscan.error as e:
        raise ValueError(f"hyperscan refuses an expression: {e}") from e
    dumped: bytes = hyperscan.dumpb(database)
    return dumped


def load_database(serialized: bytes) -> Any:
    """The hyperscan database that `compile_database` made, ready to scan.

    Raises:
        ValueError: hyperscan is not installed, or the bytes are not a database for this machine.
    """
    if hyperscan is None:
        raise ValueError("hyperscan is not installed")
    try:
        database = hyperscan.loadb(serialized, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except (hyperscan.error, TypeError) as e:
        raise ValueError(f"not a hyperscan database for this machine: {e}") from e
    return database


class Hyperscan:
    """Searches with a loaded database. Not to be shared between threads: it owns scratch space."""

    def __init__(self, database: Any, forms: int) -> None:
        self._database = database
        self._forms = forms
        self._scratch = hyperscan.Scratch(database)

    def copy(self) -> "Hyperscan":
        """The same for another thread: the database is shared, the scratch space is not."""
        return Hyperscan(self._database, self._forms)

    def places(self, text: bytes) -> Places:
        """The places in `text`, by their ends."""
        found = Places(self._forms)

        def on_match(id: int, _start: int, end: int, _flags: int, _context: object) -> bool:
            return found.add(id, end)

        return found.found_by(self._database, text, on_match, scratch=self._scratch)


class Plain:
    """The same places without hyperscan, ten to a hundred times slower."""

    def __init__(self, ruleset: Ruleset) -> None:
        self._forms = [
            (i, form.trigger, form.keywords) for i, form in enumerate(ruleset.forms) if form.trigger
        ]
        self._count = len(ruleset.forms)
        self._probes = base64_forms(ruleset)
        self._compiled: dict[str, Any] = {}

    def copy(self) -> "Plain":
        """The same for another thread."""
        other = copy(self)
        other._compiled = {}  # the only thing that a search changes
        return other

    def places(self, text: bytes) -> Places:
        """The places in `text`, form by form."""
        found = Places(self._count)
        for id, end in self._ends(text):
            if found.add(id, end):
                break
        return found

    def _ends(self, text: bytes) -> Iterator[tuple[int, int]]:
        """(number of the expression, end) of each match."""
        lower = text.lower()
        for id, trigger, keywords in self._forms:
            if any(word.encode() in lower for word in keywords):
                yield from ((id, m.end()) for m in self._regex(trigger).finditer(text))
        for probe in self._probes:
            at = text.find(probe)
            while at >= 0:
                yield self._count, at + len(probe)
                at = text.find(probe, at + 1)

    def _regex(self, trigger: str) -> Any:
        if trigger not in self._compiled:
            self._compiled[trigger] = compile_regex(trigger)
        return self._compiled[trigger]
