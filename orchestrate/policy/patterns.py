"""Regular expressions of policy files: only what a linear-time engine runs.

A change chooses the text that these expressions meet, so a pattern that could go back and forth
over it would let a change stall the gate. RE2 decides what is accepted.
"""

import re

from orchestrate.policy.yaml import Document, Key

try:
    import re2
except ImportError:  # no wheel on this machine; see `_refused_by_re`
    re2 = None


def refused(pattern: str) -> str | None:
    """Why RE2 cannot run `pattern`, or None when it can."""
    return _refused_by_re(pattern) if re2 is None else _refused_by_re2(pattern)


def check_regex(pattern: str, at: tuple[Key, ...], document: Document, owner: str) -> None:
    """Refuse an expression, at its place in the file, that has no linear-time form.

    Raises:
        FileError: with the reason and `owner`, the name of the rule and check it stands in.
    """
    reason = refused(pattern)
    if reason is not None:
        raise document.error(
            at,
            f"{owner}: the expression {pattern!r} cannot run: {reason}",
            hint="write it in RE2's syntax: no look-around, no back-references "
            "(`unless` names lines that are fine)",
        )


def _refused_by_re2(pattern: str) -> str | None:
    options = re2.Options()
    options.log_errors = False
    try:
        # No limit of time or memory at run time saves a pattern that is itself too large.
        re2.compile(pattern, options)
    except re2.error as error:
        text = error.args[0] if error.args else "it is not valid"
        return text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    return None


# What `re` accepts and RE2 does not: look-around, back-references, conditions, atomic groups and
# possessive repeats. An even number of backslashes before it leaves its meaning.
_NOT_LINEAR = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?(?:[=!>(]|<[=!]|P=)|\\[1-9]|[*+?}]\+)", re.ASCII)


def _refused_by_re(pattern: str) -> str | None:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    found = _NOT_LINEAR.search(pattern)
    return f"`{found[0]}` has no linear-time form" if found else None
