r"""What one path pattern means: refused with a reason, or an expression for a whole path.

Rules kept here:

* What git ignores for a pattern is what matches it here (`git check-ignore` is the reference).
* No negation and no comments: what a scope allows must be readable line by line.
* A pattern that git would quietly never match (`./src`, `a\b`, `{a,b}`) is an error, not a no-op.
"""

import re
from collections.abc import Callable

from pathspec import GitIgnoreSpec

from orchestrate.errors import InvalidInput

MAX_LENGTH = 1024  # characters of one pattern; a path of git's has at most 4,096 bytes
MAX_WILDCARDS = 32  # stars and question marks of one pattern


def expression(pattern: str) -> str:
    """The source of a regular expression that matches each whole path of the pattern.

    Raises:
        InvalidInput: the pattern is over a limit or does not mean what it seems to.
    """
    _check(pattern)
    try:
        compiled = list(GitIgnoreSpec.from_lines([pattern]).patterns)
    except (ValueError, re.error) as error:  # pathspec's own error is a ValueError
        raise InvalidInput(f"path pattern {pattern!r}: {error}") from None
    source = compiled[0].regex if len(compiled) == 1 else None
    if source is None:
        raise InvalidInput(
            f"path pattern {pattern!r}: git matches no path with it",
            hint="a range such as `[z-a]` must run upward, and a `[` must be closed",
        )
    return _whole(str(source.pattern))


def _whole(source: str) -> str:
    """Pathspec's expression, meant for a search, rewritten for a match of the whole path."""
    # Pathspec marks the slash after a matched folder with a named group; the end may stand for it.
    body = source.replace("(?P<ps_d>/)", "/")
    if body == ".":
        return "(?s:.+)"
    body = body.removeprefix("^") if body.startswith("^") else f".*{body}"
    if body.endswith("(?:/|$)"):
        body = body.removesuffix("(?:/|$)") + "(?:/.*)?"
    elif body.endswith("$") and not body.endswith("\\$"):
        body = body.removesuffix("$")
    else:
        body += ".*"
    return f"(?s:{body})"  # `s`: a name may hold a newline


def _check(pattern: str) -> None:
    """Refuse a pattern that is over a limit or would not do what its author expects.

    Raises:
        InvalidInput: with the reason, and what to write instead.
    """
    if len(pattern) > MAX_LENGTH:
        raise InvalidInput(
            f"path pattern of {len(pattern)} characters, at most {MAX_LENGTH} are accepted"
        )
    for is_wrong, reason, instead in _MISTAKES:
        if is_wrong(pattern):
            raise InvalidInput(f"path pattern {pattern!r}: {reason}", hint=instead)


# (is this mistake made?, what is wrong, what to write instead), the first that holds is told.
_MISTAKES: tuple[tuple[Callable[[str], bool], str, str], ...] = (
    (lambda p: not p.strip(), "it is empty", "remove it, or write `**` for everything"),
    (lambda p: "\0" in p, "it holds a NUL, which no path can", "remove the character"),
    (lambda p: p != p.strip(), "it begins or ends with white space", "remove the white space"),
    (
        lambda p: p.startswith("!"),
        "negation is not supported, because the order of patterns would decide what is allowed",
        "list what is forbidden under `deny`, or write `\\!` for a name that begins with `!`",
    ),
    (
        lambda p: p.startswith("#"),
        "git reads it as a comment",
        "write `\\#` for a name that begins with `#`",
    ),
    (lambda p: not p.strip("/"), "it names no file", "write `**` for everything"),
    (
        lambda p: any(s in (".", "..") for s in p.strip("/").split("/")),
        "git never matches a pattern with `.` or `..` in it",
        "write the path from the top of the repository, such as `src/`",
    ),
    (
        lambda p: re.search(r"(?<!\\)\[[^\]]*(?:\[|--|&&|~~|\|\|)", p) is not None,
        "a bracket, a named class or a doubled sign stands within brackets",
        "write the characters one by one, such as `[a-z0-9_]`; `\\[` is a bracket itself",
    ),
    (
        lambda p: p.endswith("**/"),
        "git reads it as the folders below, and not the files beside them",
        "write `src/**` for everything below `src`",
    ),
    (lambda p: "//" in p, "git never matches an empty folder name", "write one slash"),
    (
        lambda p: re.search(r"\\(?:[A-Za-z0-9_]|$)", p) is not None,
        "a backslash only takes the meaning off the character after it",
        "separate folders with `/`",
    ),
    (
        lambda p: re.search(r"(?<!\\)\{[^{}]*,[^{}]*\}", p) is not None,
        "braces are not alternatives in gitignore patterns",
        "write one pattern for each alternative",
    ),
    (
        lambda p: sum(map(p.count, "*?")) > MAX_WILDCARDS,
        f"it has more than {MAX_WILDCARDS} wildcards",
        "write several simpler patterns",
    ),
)
