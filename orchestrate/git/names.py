"""Every name that reaches git is looked at here first: ids, refs, paths, identities, trailers.

What passes cannot be taken for an option, leave its folder, or break the object it is written in.
No pygit2 here: hooks import this.
"""

import re
from collections.abc import Iterable

from orchestrate.errors import InvalidInput

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_OID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")
_REF_BANNED = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")  # git-check-ref-format(1)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_TRAILER_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_TRAILER_LINE = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)[ \t]*:[ \t]*(.*)")


def valid_id(text: str) -> bool:
    """Whether `text` can be the id of a plan or a task."""
    return _ID.fullmatch(text) is not None


def check_id(text: str, what: str = "id") -> str:
    """`text` itself.

    Raises:
        InvalidInput: it is not lower-case letters, digits and hyphens, 1 to 63 of them.
    """
    if not valid_id(text):
        raise InvalidInput(
            f"{text!r} is not a valid {what}",
            hint="use 1 to 63 lower-case letters, digits and hyphens, not a hyphen first",
        )
    return text


def is_oid(text: str) -> bool:
    """Whether `text` is a full object id in lower-case hex."""
    return _OID.fullmatch(text) is not None


def check_ref_name(name: str) -> str:
    """`name` itself, a full ref name below `refs/`.

    Raises:
        InvalidInput: git would not take it as a ref (git-check-ref-format(1)).
    """
    parts = name.split("/")
    bad = (
        len(parts) < 3
        or parts[0] != "refs"
        or name.endswith(".")
        or any(not part or part.startswith(".") or part.endswith(".lock") for part in parts)
        or _REF_BANNED.search(name)
        or not _is_utf8(name)
    )
    if bad:
        raise InvalidInput(
            f"{name!r} is not a valid ref name",
            hint="a ref is refs/<kind>/<name> without spaces, '..', '~^:?*[\\' or a '.lock' end",
        )
    return name


def check_path(path: str) -> str:
    """`path` itself, a file's path inside a tree: relative, `/` between its parts.

    Raises:
        InvalidInput: a part is empty, `.`, `..` or git's own folder, or it holds a NUL.
    """
    parts = path.split("/")
    if "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise InvalidInput(f"{path!r} is not a path that a git tree may hold")
    return path


def check_identity(name: str, email: str) -> tuple[str, str]:
    """Name and email, as git writes them into a commit.

    Raises:
        InvalidInput: one is empty, or holds a character that would break the commit's header.
    """
    for what, text in (("name", name), ("email", email)):
        if not text.strip(" .,:;<>\"'\\"):  # git strips these from both ends (ident.c)
            raise InvalidInput(f"the identity's {what} is empty: {name!r} <{email}>")
        if _CONTROL.search(text) or "<" in text or ">" in text or not _is_utf8(text):
            raise InvalidInput(f"the identity's {what} {text!r} holds a character git refuses")
    return name, email


def check_trailer(key: str, value: str) -> tuple[str, str]:
    """Key and value of one trailer line.

    Raises:
        InvalidInput: the key is not letters, digits and hyphens, or the value is not one line.
    """
    if not _TRAILER_KEY.fullmatch(key):
        raise InvalidInput(f"{key!r} is not a trailer's key: use letters, digits and hyphens")
    if not value.strip() or _CONTROL.search(value) or not _is_utf8(value):
        raise InvalidInput(f"the trailer {key} needs one line of text, found {value!r}")
    return key, value


def compose_message(subject: str, body: str = "", trailers: Iterable[tuple[str, str]] = ()) -> str:
    """A commit message: subject, blank line, body, blank line, trailers, newline at the end.

    Raises:
        InvalidInput: the subject is empty or has more than a line, or a trailer is malformed.
    """
    if not subject.strip() or _CONTROL.search(subject):
        raise InvalidInput(f"a commit's subject is one line of text, found {subject!r}")
    lines = "\n".join(f"{key}: {value.strip()}" for key, value in _checked(trailers))
    return "\n\n".join(part for part in (subject.strip(), body.strip("\n"), lines) if part) + "\n"


def _checked(trailers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return [check_trailer(key, value) for key, value in trailers]


def parse_trailers(message: str) -> tuple[tuple[str, str], ...]:
    """The `Key: value` lines of the last paragraph, in order; none if it is prose.

    A folded line (one that begins with white space) belongs to the line before it.
    """
    paragraphs = re.split(r"\n[ \t]*\n\s*", message.strip())
    if len(paragraphs) < 2:
        return ()
    found: list[tuple[str, str]] = []
    for line in paragraphs[-1].split("\n"):
        if line[:1] in (" ", "\t") and found:
            key, value = found[-1]
            found[-1] = (key, f"{value} {line.strip()}")
        elif match := _TRAILER_LINE.fullmatch(line):
            found.append((match[1], match[2].strip()))
        elif not line.startswith("(cherry picked from commit "):
            return ()
    return tuple(found)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
