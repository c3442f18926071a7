"""One pass over a text for everything at once: forbidden patterns and the secrets' triggers.

Rules kept here:

* The pass only rules out: a pattern that it does not report surely matches no line of the text.
  What it reports is confirmed by the check itself.
* Two hyperscan databases hold all expressions: the secrets' are the same under every policy, so
  that a new policy compiles its own patterns alone. Where hyperscan is not installed, or cannot
  hold an expression, anything may be there and the check runs its own linear-time search.
"""

import threading
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property, lru_cache
from importlib.util import find_spec
from typing import Any, NamedTuple

from orchestrate.checks.hygiene import CONFLICT_MARK
from orchestrate.checks.line_search import is_plain
from orchestrate.checks.patterns import line_checks, role_checks
from orchestrate.checks.secrets import matcher as secret_matcher
from orchestrate.checks.secrets.matcher import Expression, Plain
from orchestrate.checks.secrets.matching import Place, Places
from orchestrate.checks.secrets.rules import Ruleset, shipped
from orchestrate.checks.secrets.scanner import Scanner
from orchestrate.checks.secrets.shapes import loosened
from orchestrate.policy.policy import Policy

MULTILINE = 4  # HS_FLAG_MULTILINE (hs_compile.h): ^ and $ at every line, as the checks read lines
SINGLEMATCH = 8  # HS_FLAG_SINGLEMATCH: whether, not how often
SECRETS = 1 << 16  # ids of expressions from here on are the secrets', below a policy's patterns


class Seen(NamedTuple):
    """What the pass saw in one text; None is not known, so anything may be there."""

    patterns: frozenset[str] | None = None
    places: Places | None = None

    def may_match(self, pattern: str) -> bool:
        """Whether a line may match; False is certain."""
        return self.patterns is None or pattern in self.patterns


NOT_SEARCHED = Seen()


class Search:
    """The joint search of one policy. Not to be shared between threads (it owns scratch space)."""

    def __init__(self, patterns: Sequence[str], ruleset: Ruleset, database: Any = None) -> None:
        self.patterns = tuple(patterns)
        self.ruleset = ruleset
        self._database = database
        self._always = frozenset(p for p in self.patterns if not is_plain(p))
        self._text = b""
        self._seen = Seen(self._always, Places(0))

    @cached_property
    def scanner(self) -> Scanner:
        """The secret scanner, fed by the same pass."""
        return Scanner(self.ruleset, Plain(self.ruleset) if self._database is None else self)

    def places(self, text: bytes) -> Iterable[Place]:
        """Where the secrets' forms may match: the Matcher that the scanner asks."""
        return self.look(text).places or ()

    def look(self, text: bytes) -> Seen:
        """What one pass of the database sees in `text`; the last text is remembered."""
        if self._database is None:
            return NOT_SEARCHED
        if text is not self._text:
            self._seen = self._pass(text)
            self._text = text
        return self._seen

    def _pass(self, text: bytes) -> Seen:
        found: set[int] = set()
        places = Places(len(self.ruleset.forms))

        def on_match(id: int, start: int, end: int, flags: int, context: object) -> bool:
            if id < SECRETS:
                found.add(id)
                return False
            return places.add(id - SECRETS, end)

        # A lone CR ends a line for the checks (checks/lines.py), not for hyperscan.
        plain = text.replace(b"\r", b"\n") if b"\r" in text else text
        places.found_by(self._database, plain, on_match)
        if places.is_cut:
            return Seen(None, places)  # what stands behind the cut is not known
        if not found:
            return Seen(self._always, places)
        return Seen(self._always.union(map(self.patterns.__getitem__, found)), places)


def policy_patterns(policy: Policy) -> list[str]:
    """The distinct patterns of a policy, those of every role included, in a stable order."""
    checks = line_checks(policy, None)
    for _, role in sorted(policy.roles.items()):
        checks += role_checks(role)
    return list(dict.fromkeys([*(check.pattern for check in checks), CONFLICT_MARK]))


def pattern_expressions(patterns: Sequence[str]) -> list[Expression]:
    """What the database of a policy's patterns is compiled from."""
    return [
        (number, loosened(pattern).encode(), MULTILINE | SINGLEMATCH)
        for number, pattern in enumerate(patterns)
        if is_plain(pattern)
    ]


def secret_expressions(ruleset: Ruleset) -> list[Expression]:
    """What the database of the secrets' triggers is compiled from."""
    found = secret_matcher.expressions(ruleset)
    return [(SECRETS + id, trigger, flags) for id, trigger, flags in found]


class Joined:
    """Databases that are searched as one."""

    def __init__(self, *databases: Any) -> None:
        self._databases = databases

    def scan(self, text: bytes, match_event_handler: Callable[..., object]) -> None:
        """One pass of each; as with one alone, the handler ends it by what it returns."""
        for database in self._databases:
            database.scan(text, match_event_handler=match_event_handler)


def default_search(policy: Policy) -> Search:
    """The search for a policy; compiled once a process and loaded once a thread."""
    patterns = tuple(policy_patterns(policy))
    held: dict[tuple[str, ...], Search] = _of_thread.__dict__.setdefault("held", {})
    if patterns not in held:
        held.clear()
        database = None
        if find_spec("hyperscan") is not None:
            serialized = _compiled_patterns(patterns), _compiled_secrets()
            database = Joined(*map(secret_matcher.load_database, serialized))
        held[patterns] = Search(patterns, shipped(), database)
    return held[patterns]


_of_thread = threading.local()


@lru_cache(maxsize=4)
def _compiled_patterns(patterns: tuple[str, ...]) -> bytes:
    return secret_matcher.compile_database(pattern_expressions(patterns))


@lru_cache(maxsize=1)
def _compiled_secrets() -> bytes:
    return secret_matcher.compile_database(secret_expressions(shipped()))
