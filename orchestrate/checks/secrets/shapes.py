"""Patterns built from patterns, in the syntax that `re`, RE2 and hyperscan share.

Rules kept here:

* A trigger matches wherever the pattern it is made from matches (it may match elsewhere too), and
  every one of its matches ends inside the pattern's. It is what the one pass over the bytes runs.
* A trigger is short: a repeat beyond `CUT` ends it, because each counted character is a state of
  the automaton and 200 patterns of 64 characters would no longer fit a processor's cache.
"""

import re
from collections.abc import Iterator

from orchestrate.checks.secrets.lazy import lazy

CUT = 14  # repeats a trigger follows; 64^14 values are rare enough in ordinary text

_NAMED_GROUP = lazy(r"\(\?P<\w+>")
_REPEAT = lazy(r"\{(\d+)(,?)(\d*)\}")


def assigned(names: list[str], value: str) -> str:
    """A pattern for `value` (group 1) assigned to a name that holds one of `names`.

    Covers `name = "v"`, `name: v`, `"name": "v"`, `name => v`, `name := v`, `name("v")` and
    `--name v`.
    """
    operator = r"(?:=>|:=|={1,3}|:|,|\(|[ \t])"
    return (
        rf"(?i:{'|'.join(names)})[\w.-]{{0,24}}[\"'`\])\\]{{0,3}}[ \t]{{0,8}}{operator}[ \t]{{0,8}}"
        rf"(?:(?i:bearer|token|basic)[ \t])?[@\"'`\\]{{0,3}}({value})(?:$|[^\w+/=-])"
    )


def trigger_of(pattern: str) -> str:
    r"""The part of `pattern` worth searching for: no names, no `\b` at its edges, cut short."""
    plain = _NAMED_GROUP.sub("(?:", pattern)
    while plain.startswith((r"\b", "^")):
        plain = plain[2:] if plain.startswith(r"\b") else plain[1:]
    for repeat in _REPEAT.finditer(plain):
        if int(repeat[1]) > CUT:
            cut = _close(plain, repeat.start())
            if cut is not None:
                return cut
    return plain.removesuffix(r"\b")


def _close(pattern: str, at: int) -> str | None:
    """`pattern` up to the repeat at `at`, that repeat shortened and the open groups closed.

    None where that would refuse what the pattern accepts: an open group, or the pattern itself,
    has further alternatives, or an open group may be absent.
    """
    enclosing = level = opened = _open_groups(pattern[:at])
    for place, token in _tokens(pattern, at):
        if token == "|" and level == enclosing:
            return None
        level += {"(": 1, ")": -1, "|": 0}[token]
        if level < enclosing:
            enclosing = level
            if pattern[place + 1 : place + 2] in ("?", "*") or pattern[place + 1 :].startswith(
                "{0"
            ):
                return None
    return f"{pattern[:at]}{{{CUT}}}" + ")" * opened


def _open_groups(pattern: str) -> int:
    tokens = [token for _, token in _tokens(pattern, 0)]
    return tokens.count("(") - tokens.count(")")


def _tokens(pattern: str, at: int) -> Iterator[tuple[int, str]]:
    """The parentheses and bars of `pattern` that are syntax, from `at` (not inside a class) on."""
    in_class = False
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
            at += pattern[at + 1 : at + 2] == "^"
            at += pattern[at + 1 : at + 2] == "]"
        elif char in "()|":
            yield at, char
        at += 1


# What a line may begin with before what an alternative is about: a line's start or the neighbour
# that shows where a word begins, blanks, and a group that may be absent.
_LEADING = lazy(
    r"(?:\^|\\s\*\??|\(\?:\^\|\[[^\]\\]*(?:\\.[^\]\\]*)*\]\)"
    r"|\(\?:(?:[^()|\\\[]|\\[^()|])*\)[?*]\??)+"
)


def loosened(pattern: str) -> str:
    """An expression that matches, in any text, where `pattern` does, and is cheaper to look for.

    What each alternative may begin with is left out: an expression that begins with a text is
    looked for by that text, and one that begins with blanks is tried at each of them.
    """
    found = []
    for alternative in _alternatives(pattern):
        leading = _LEADING.match(alternative)
        rest = alternative[leading.end() :] if leading else alternative
        found.append(rest if rest[:1] not in ("", "*", "+", "?", "{") else alternative)
    return "|".join(found)


def _alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern as a whole."""
    found, level, last = [], 0, 0
    for place, token in _tokens(pattern, 0):
        level += {"(": 1, ")": -1, "|": 0}[token]
        if token == "|" and not level:
            found.append(pattern[last:place])
            last = place + 1
    return [*found, pattern[last:]]


def path_regex(globs: list[str]) -> str:
    """A regular expression for whole paths of files that one of `globs` names.

    Not a gitignore list (`policy/globs.py`): `*rc` is `.bashrc` in any folder, not all of `src/`.
    """
    parts = {"*": "[^/]*", "?": "[^/]"}
    bodies = ["".join(parts.get(char, re.escape(char)) for char in glob) for glob in globs]
    return rf"(?:.*/)?(?:{'|'.join(bodies)})" if bodies else ""
