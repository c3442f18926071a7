"""Reading and writing single git objects through libgit2, as raw bytes.

Commits are encoded here and not by libgit2: it strips identities silently and reads back the tree
and the parents on every write, which costs more than the write.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pygit2
from pygit2.enums import ObjectType

from orchestrate.git.errors import ObjectMissing
from orchestrate.git.names import check_identity, is_oid, parse_trailers
from orchestrate.git.process import read_start
from orchestrate.git.types import Commit, Oid, Signature

_SIGNATURE = re.compile(r"(.*?) ?<([^>\n]*)>(?: (-?\d+))?(?: ([+-]\d{4}))?.*")
_IN_MEMORY = 16 * 1024 * 1024  # bytes; a larger blob is read only as far as it is wanted


def read_object(handle: pygit2.Repository, oid: str, kind: ObjectType) -> bytes:
    """The object's content.

    Raises:
        ObjectMissing: there is none of that id, or it is of another kind.
    """
    try:
        found, data = handle.read(oid)
    except (KeyError, ValueError):
        raise ObjectMissing(oid, kind.name.lower()) from None
    if found != kind:
        raise ObjectMissing(oid, kind.name.lower())
    return data


def object_header(handle: pygit2.Repository, oid: str) -> tuple[ObjectType, int]:
    """The object's kind and its size in bytes, without reading it whole.

    Raises:
        ObjectMissing: there is none of that id.
    """
    try:
        kind, size = handle.odb.read_header(oid)
    except (KeyError, ValueError):
        raise ObjectMissing(oid) from None
    return ObjectType(kind), size


def read_blob(handle: pygit2.Repository, oid: Oid, limit: int | None) -> bytes:
    """The blob's first `limit` bytes, or all of it.

    Raises:
        ObjectMissing: there is no such blob.
    """
    if limit is None:
        return read_object(handle, oid, ObjectType.BLOB)
    kind, size = object_header(handle, oid)
    if kind == ObjectType.BLOB and size > max(limit, _IN_MEMORY):
        return read_start(["cat-file", "blob", oid], limit, git_dir=Path(handle.path))
    return read_object(handle, oid, ObjectType.BLOB)[:limit]


def write_object(handle: pygit2.Repository, kind: ObjectType, data: bytes) -> Oid:
    """The id under which the object now stands in the repository."""
    return Oid(str(handle.write(kind, data)))


def write_commit(
    handle: pygit2.Repository,
    tree: Oid,
    parents: Iterable[Oid],
    message: str,
    author: Signature,
    committer: Signature,
) -> Oid:
    """The id of a new commit object; no ref moves.

    Raises:
        InvalidInput: an identity that git could not hold.
        ObjectMissing: the tree or a parent is not there.
    """
    head = [("tree", tree, ObjectType.TREE)]
    head += [("parent", parent, ObjectType.COMMIT) for parent in parents]
    for _, oid, kind in head:
        if not is_oid(oid) or not handle.odb.exists(oid):
            raise ObjectMissing(oid, kind.name.lower())
    lines = [f"{key} {oid}" for key, oid, _ in head]
    lines += [f"author {_signature_line(author)}", f"committer {_signature_line(committer)}"]
    text = "\n".join([*lines, "", message]).replace("\0", "")
    return write_object(handle, ObjectType.COMMIT, text.encode("utf-8", "surrogateescape"))


def _signature_line(who: Signature) -> str:
    name, email = check_identity(who.name, who.email)
    sign = "-" if who.offset < 0 else "+"
    hours, minutes = divmod(abs(who.offset), 60)
    return f"{name} <{email}> {who.time} {sign}{hours:02}{minutes:02}"


def read_commit(handle: pygit2.Repository, oid: Oid) -> Commit:
    """The commit of that id.

    Raises:
        ObjectMissing: there is no such commit.
    """
    raw = read_object(handle, oid, ObjectType.COMMIT)
    head, _, body = raw.partition(b"\n\n")
    fields = dict[str, list[str]]()
    text = head.decode("utf-8", "surrogateescape")
    for line in text.split("\n"):
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)  # "" gathers the folded lines of signatures
    message = _decode(body, fields.get("encoding", ["utf-8"])[0])
    return Commit(
        oid=oid,
        tree=Oid(fields["tree"][0]),
        parents=tuple(Oid(parent) for parent in fields.get("parent", ())),
        author=_parse_signature(fields["author"][0]),
        committer=_parse_signature(fields["committer"][0]),
        message=message,
        trailers=parse_trailers(message),
    )


def _decode(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding, "surrogateescape")
    except (LookupError, UnicodeDecodeError):
        return body.decode("utf-8", "surrogateescape")


def _parse_signature(line: str) -> Signature:
    """Old tools left out the time or the zone; both are 0 then."""
    match = _SIGNATURE.fullmatch(line)
    if match is None:
        return Signature(line, "", 0)
    zone = int(match[4] or 0)
    minutes = (abs(zone) // 100 * 60 + abs(zone) % 100) * (-1 if zone < 0 else 1)
    return Signature(match[1], match[2], int(match[3] or 0), minutes)


def first_parents(handle: pygit2.Repository, tip: Oid) -> Iterator[Commit]:
    """The commit and its first parents, newest first; ends at a shallow clone's edge."""
    oid: Oid | None = tip
    while oid is not None:
        commit = read_commit(handle, oid)
        yield commit
        parent = commit.parents[0] if commit.parents else None
        oid = parent if parent and handle.odb.exists(parent) else None
