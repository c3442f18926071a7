"""One pass over a text for everything at once: forbidden patterns and the secrets' triggers.

Rules kept here:

* The pass only rules out: a pattern that it does not report surely matches no line of the text.
  What it reports is confirmed by the check itself.
* One hyperscan database holds all expressions; where hyperscan is not installed, or cannot hold an
  expression, `may_match` says yes and the check runs its own linear-time search.
"""

import hashlib
import threading
from collections.abc import Iterable, Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import Any

from orchestrate.checks.hygiene import CONFLICT_MARK
from orchestrate.checks.patterns import is_plain, line_checks, role_checks
from orchestrate.checks.secrets import matcher as secret_matcher
from orchestrate.checks.secrets.engine import Scanner
from orchestrate.checks.secrets.matcher import BASE64, Expression, Place, Plain
from orchestrate.checks.secrets.rules import Ruleset, shipped
from orchestrate.policy.policy import Policy

MULTILINE = 4  # HS_FLAG_MULTILINE (hs_compile.h): ^ and $ at every line, as the checks read lines
SINGLEMATCH = 8  # HS_FLAG_SINGLEMATCH: whether, not how often


class Search:
    """The joint search of one policy. Not to be shared between threads (it owns scratch space)."""

    def __init__(self, patterns: Sequence[str], ruleset: Ruleset, database: Any = None) -> None:
        self.patterns = tuple(patterns)
        self.ruleset = ruleset
        self._numbers = {pattern: number for number, pattern in enumerate(self.patterns)}
        self._database = database
        self._text = b""
        self._found: frozenset[int] = frozenset()
        self._places: list[Place] = []

    @cached_property
    def scanner(self) -> Scanner:
        """The secret scanner, fed by the same pass."""
        return Scanner(self.ruleset, Plain(self.ruleset) if self._database is None else self)

    @cached_property
    def _searched(self) -> frozenset[str]:
        """The patterns that the database holds."""
        return frozenset(p for p in self.patterns if is_plain(p))

    def may_match(self, pattern: str, text: bytes) -> bool:
        """Whether a line of `text` may match; False is certain."""
        if self._database is None or pattern not in self._searched:
            return True
        self._pass(text)
        return self._numbers[pattern] in self._found

    def places(self, text: bytes) -> Iterable[Place]:
        """Where the secrets' forms may match: the Matcher that the scanner asks."""
        self._pass(text)
        return self._places

    def _pass(self, text: bytes) -> None:
        """Run the database over `text`, unless that was the text before."""
        if text is self._text:
            return
        first, forms = len(self.patterns), len(self.ruleset.forms)
        found: set[int] = set()
        places: list[Place] = []

        def on_match(id: int, start: int, end: int, flags: int, context: object) -> None:
            if id < first:
                found.add(id)
            else:
                places.append(Place(id - first if id - first < forms else BASE64, end))

        if text:
            # A lone CR ends a line for the checks (checks/lines.py), not for hyperscan.
            plain = text.replace(b"\r", b"\n") if b"\r" in text else text
            self._database.scan(plain, match_event_handler=on_match)
        self._text, self._found, self._places = text, frozenset(found), places


def policy_patterns(policy: Policy) -> list[str]:
    """The distinct patterns of a policy, those of every role included, in a stable order."""
    checks = line_checks(policy, None)
    for _, role in sorted(policy.roles.items()):
        checks += role_checks(role)
    return list(dict.fromkeys([*(check.pattern for check in checks), CONFLICT_MARK]))


def expressions(patterns: Sequence[str], ruleset: Ruleset) -> list[Expression]:
    """What the joint database is compiled from: patterns first, then the secrets' triggers."""
    own = [
        (number, pattern.encode(), MULTILINE | SINGLEMATCH)
        for number, pattern in enumerate(patterns)
        if is_plain(pattern)
    ]
    shifted = [
        (id + len(patterns), trigger, flags)
        for id, trigger, flags in secret_matcher.expressions(ruleset)
    ]
    return own + shifted


def expressions_digest(wanted: Iterable[Expression]) -> str:
    """A name for a database's content."""
    digest = hashlib.sha256()
    for expression in wanted:
        digest.update(repr(expression).encode())
    return digest.hexdigest()


def default_search(policy: Policy) -> Search:
    """The search for a policy; compiled once a process and loaded once a thread."""
    patterns = tuple(policy_patterns(policy))
    held: dict[tuple[str, ...], Search] = _of_thread.__dict__.setdefault("held", {})
    if patterns not in held:
        held.clear()
        serialized = _compiled(patterns)
        database = None if serialized is None else secret_matcher.load_database(serialized)
        held[patterns] = Search(patterns, shipped(), database)
    return held[patterns]


_of_thread = threading.local()


@lru_cache(maxsize=4)
def _compiled(patterns: tuple[str, ...]) -> bytes | None:
    """The serialized database, or None where hyperscan is not installed."""
    if find_spec("hyperscan") is None:
        return None
    return secret_matcher.compile_database(expressions(patterns, shipped()))
