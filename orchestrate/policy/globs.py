r"""Path patterns in the manner of .gitignore: `src/`, `src/**`, `*.py`, `/a/b`.

Rules kept here:

* A pattern without a slash, or with one only at its end, matches at any depth; a pattern with a
  slash before its end is anchored at the top. A matched folder takes in everything below it.
* Matching is case sensitive and covers every path git can hold, newlines and undecodable bytes
  included.
* What a pattern may be, and how it is read, is in `glob_source.py`.
* The cost of a match stays linear in the path whatever its author named it: a pattern with more
  than one floating wildcard runs on RE2.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache

from orchestrate.errors import InvalidInput

try:
    import re2
except ImportError:  # no wheel on this machine: `re` gives the same answers, slower at worst
    re2 = None

MAX_PATTERNS = 1000  # patterns of one list
MAX_FLOATING = 1  # floating wildcards that `re` may try: linear in the path; two are quadratic

Matcher = Callable[[str], object]

# Lone surrogates stand for undecodable bytes (git/types.py); RE2 takes only UTF-8, so it sees them
# as the last private-use characters instead.
_SURROGATES = {0xDC00 + byte: 0x10FF00 + byte for byte in range(0x80, 0x100)}


class Globs:
    """A list of patterns; a path matches when one of them does. No pattern matches nothing."""

    __slots__ = ("_match", "patterns")

    def __init__(self, patterns: Sequence[str]) -> None:
        """Compile `patterns`.

        Raises:
            InvalidInput: a pattern is over a limit or does not mean what it seems to.
        """
        if len(patterns) > MAX_PATTERNS:
            raise InvalidInput(f"{len(patterns)} patterns, at most {MAX_PATTERNS} are accepted")
        self.patterns = tuple(patterns)
        self._match = _matcher(self.patterns)

    def __repr__(self) -> str:
        return f"Globs({list(self.patterns)!r})"

    def match(self, path: str) -> bool:
        """Whether a pattern takes in the file at `path`, relative to the repository's top."""
        return self._match(path) is not None

    def which(self, path: str) -> str | None:
        """The first pattern that takes in `path`, or None: for messages."""
        return next((p for p in self.patterns if _matcher((p,))(path) is not None), None)

    def regexes(self) -> list[str]:
        """The source of each pattern, to be matched against a whole path (`re.fullmatch`).

        They use only what `re`, RE2 and hyperscan share.
        """
        return [regex(pattern) for pattern in self.patterns]


@lru_cache(maxsize=1024)
def globs(patterns: tuple[str, ...]) -> Globs:
    """`Globs(patterns)`, made once.

    Raises:
        InvalidInput: see `Globs`.
    """
    return Globs(patterns)


def may_take_in(lists: Iterable[tuple[str, ...]]) -> Callable[[str], bool]:
    """Says of a path whether one of many lists may take it in, in one look; False is certain."""
    patterns = tuple(dict.fromkeys(pattern for one in lists for pattern in one))
    return globs(patterns).match if len(patterns) <= MAX_PATTERNS else lambda path: True


def regex(pattern: str) -> str:
    """The pattern as a regular expression for a whole path.

    Raises:
        InvalidInput: see `Globs`.
    """
    return _regex(pattern)


def names_paths(pattern: str) -> bool:
    """Whether a pattern names something, other than `**`, `*` and `**/*`."""
    return bool(pattern.strip("*/?"))


def _floating(pattern: str) -> int:
    """How many wildcards of `pattern` can match in several ways at once: the degree of its cost."""
    segments = pattern.strip("/").split("/")
    anchored = "/" in pattern.rstrip("/")
    doubled = sum(s == "**" for s in segments) + (not anchored and segments[0] != "**")
    return doubled + sum(max(0, s.count("*") - 1) for s in segments if s != "**")


MAX_KEPT = 4096  # translated patterns that a process keeps
_sources: dict[str, str] = {}


def translated(patterns: Iterable[str]) -> dict[str, str]:
    """The expressions of `patterns`, for a cache that another process gives to `remember`."""
    return {pattern: _regex(pattern) for pattern in patterns}


def remember(sources: Mapping[str, str]) -> None:
    """Take translations that `translated` made: a process with all it needs imports no pathspec."""
    _sources.update(sources)


def _regex(pattern: str) -> str:
    if pattern not in _sources:
        if len(_sources) >= MAX_KEPT:
            _sources.clear()
        from orchestrate.policy.glob_source import expression  # 11 ms, which `remember` saves

        _sources[pattern] = expression(pattern)
    return _sources[pattern]


@lru_cache(maxsize=1024)
def _matcher(patterns: tuple[str, ...]) -> Matcher:
    """Says whether one of the patterns takes in a path.

    Most patterns name a folder, a file or an ending: these are looked for as text, which needs no
    expression to be compiled. Only the others, and paths of no usual form, meet `re`.
    """
    for pattern in patterns:
        _regex(pattern)  # refuses what means nothing
    texts = {p: _text_of(p) for p in patterns}
    anywhere = tuple(text for text, is_folder in filter(None, texts.values()) if not is_folder)
    folders = tuple(text for text, is_folder in filter(None, texts.values()) if is_folder)
    rest = tuple(p for p in patterns if texts[p] is None)
    everything = _later(patterns)
    others = _later(rest) if rest else _nothing

    def match(path: str) -> object:
        if path[:1] in ("", "/") or path[-1] == "/" or "//" in path:
            return everything(path)
        whole = f"/{path}/"
        for text in anywhere:
            if text in whole:
                return True
        above = whole[:-1]
        for text in folders:
            if text in above:
                return True
        return others(path)

    return match


def _text_of(pattern: str) -> tuple[str, bool] | None:
    """The text that stands in `/<path>/` for every path of the pattern, or None.

    With True it must stand there before the last slash: the pattern names folders only.
    """
    is_folder = pattern.endswith("/")
    name = pattern.rstrip("/")
    plain = name.strip("*")
    if not plain or set(plain) & set("*?[]\\/") or "/" in name or "**" in name:
        return None
    if name[0] == "*" and name[-1] == "*":
        return None
    begin, end = "" if name[0] == "*" else "/", "" if name[-1] == "*" else "/"
    return (f"{begin}{plain}{end}", is_folder) if end or not is_folder else None


def _later(patterns: tuple[str, ...]) -> Matcher:
    """The expressions of the patterns, compiled when a path first needs them."""
    held: list[Matcher] = []

    def match(path: str) -> object:
        if not held:
            held.append(_expressions(patterns))
        return held[0](path)

    return match


def _nothing(path: str) -> object:
    return None


def _expressions(patterns: tuple[str, ...]) -> Matcher:
    if re2 is None:
        return _alternatives([_regex(p) for p in patterns])
    plain = _alternatives([_regex(p) for p in patterns if _floating(p) <= MAX_FLOATING])
    costly = [_regex(p) for p in patterns if _floating(p) > MAX_FLOATING]
    if not costly:
        return plain
    linear = re2.compile("|".join(costly).translate(_SURROGATES)).fullmatch

    def match(path: str) -> object:
        return plain(path) or linear(path if path.isascii() else path.translate(_SURROGATES))

    return match


def _alternatives(sources: list[str]) -> Matcher:
    # An empty alternation would match the empty path; no pattern must match nothing.
    return re.compile("|".join(sources) if sources else r"[^\s\S]").fullmatch
