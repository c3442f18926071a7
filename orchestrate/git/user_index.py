"""The user's own index: read as bytes, never opened by a git that could lock or refresh it.

What a tree can say of it is kept as a tree; the rest (conflict stages, intent-to-add,
skip-worktree, assume-unchanged) as `specials`. An index that has not changed since is not read
again.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from orchestrate import whole_file
from orchestrate.git import index_file
from orchestrate.git.index_file import INTENT_TO_ADD, SKIP_WORKTREE, SPECIAL, STAGE, IndexEntry
from orchestrate.git.process import QUIET, run_git
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, path_text

CHECKSUM = 20  # bytes at the end that tell two index files apart when their stat data does not
_NO_SPLIT = ("-c", "core.splitIndex=false", "-c", "index.sparse=false")
_CONVERTED = {"filter", "working-tree-encoding"}  # the bytes on disk may be anything
_SHRUNK = {"text", "crlf", "eol", "ident"}  # git's copy is shorter, or is the same


class Special(NamedTuple):
    """An entry with more to it than a tree can say; `flags` as in `index_file`."""

    path: str
    mode: int
    oid: Oid
    flags: int

    @property
    def stage(self) -> int:
        return (self.flags & STAGE) >> 28


class UserIndex(NamedTuple):
    """The user's index as it was read: its stage 0 as a tree, and what the tree cannot hold.

    `skipped` is a digest of the entries outside a sparse checkout; `time_ns` the file's own time.
    """

    key: tuple[int, ...]
    tree: Oid
    specials: tuple[Special, ...]
    skipped: str
    time_ns: int


def read_settings(repo: Repository, work_tree: Path) -> dict[str, str]:
    """Git's whole configuration as it holds here: lower-case key -> last value ("true" if bare)."""
    found = run_git(["config", "-z", "--list", "--includes"], cwd=work_tree, git_dir=repo.git_dir)
    settings: dict[str, str] = {}
    for line in path_text(found.stdout).split("\0"):
        key, is_set, value = line.partition("\n")
        settings[key.lower()] = value if is_set else "true"
    return settings


def is_true(settings: dict[str, str], key: str, default: str) -> bool:
    """A boolean of git's configuration (git-config(1), Values); words of other meaning count."""
    return settings.get(key, default).lower() not in ("false", "no", "off", "0", "")


def index_key(path: Path) -> tuple[int, ...]:
    """What changes whenever the index file does; () when there is none."""
    try:
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            file.seek(max(found.st_size - CHECKSUM, 0))
            tail = int.from_bytes(file.read(), "big")
    except FileNotFoundError:
        return ()
    return (found.st_ino, found.st_mtime_ns, found.st_size, tail)


def read_user_index(repo: Repository, cache: Path) -> UserIndex:
    """The index of the repository's worktree; `cache` is a folder where the last answer is kept.

    Raises:
        Unsupported: a split or sparse index.
    """
    path = repo.git_dir / "index"
    known = _cached(cache / "user-index.json")
    # The tree is in no ref until a checkpoint holds it: a gc may have taken it.
    if known is not None and known.key == index_key(path) and repo.exists(known.tree):
        return known
    key, data = _read_stable(path)
    found = list(index_file.entries(data, only=SPECIAL))
    specials = tuple(
        Special(path_text(row.path), row.mode, row.hex, row.flags & SPECIAL) for row in found
    )
    skipped = [special for special in specials if special.flags & SKIP_WORKTREE]
    digest = hashlib.sha256(repr(skipped).encode("utf-8", "surrogateescape")).hexdigest()
    user = UserIndex(key, _tree(repo, cache, data, specials), specials, digest, _time(key))
    _keep(cache / "user-index.json", user)
    return user


def _read_stable(path: Path) -> tuple[tuple[int, ...], bytes]:
    """The file's key and bytes, which belong together: git replaces it by renaming."""
    while True:
        key = index_key(path)
        data = path.read_bytes() if key else b""
        if key == index_key(path):
            return key, data


def _time(key: tuple[int, ...]) -> int:
    return key[1] if key else 0


def _tree(repo: Repository, cache: Path, data: bytes, specials: Iterable[Special]) -> Oid:
    if any(special.stage for special in specials):
        rows = (row for row in index_file.entries(data) if not row.stage)
        data = index_file.encode(rows)
    with _copy(cache, data) as index:
        command = [*QUIET, *_NO_SPLIT, "write-tree", "--missing-ok"]
        found = run_git(command, git_dir=repo.git_dir, env={"GIT_INDEX_FILE": str(index)})
    return Oid(found.stdout.decode("ascii").strip())


@contextmanager
def _copy(cache: Path, data: bytes) -> Iterator[Path]:
    """A throw-away index file with these bytes."""
    cache.mkdir(parents=True, exist_ok=True)
    index = cache / f"copy.{secrets.token_hex(6)}"
    if data:
        index.write_bytes(data)
    try:
        yield index
    finally:
        index.unlink(missing_ok=True)


def _cached(path: Path) -> UserIndex | None:
    try:
        key, tree, specials, skipped, time_ns = json.loads(path.read_bytes())
        rows = tuple(Special(*row) for row in specials)
    except (OSError, ValueError, TypeError):
        return None
    return UserIndex(tuple(key), Oid(tree), rows, skipped, time_ns)


def _keep(path: Path, user: UserIndex) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole_file.write(path, json.dumps(user).encode())


def ignored_but_tracked(repo: Repository, work_tree: Path) -> list[str]:
    """The paths that the user tracks although git's ignore rules would leave them out."""
    command = [*QUIET, "ls-files", "-z", "--cached", "--ignored", "--exclude-standard"]
    found = run_git(command, cwd=work_tree, git_dir=repo.git_dir, work_tree=work_tree).stdout
    return [path_text(part) for part in found.split(b"\0") if part]


def without_conversions(
    repo: Repository, work_tree: Path, user: UserIndex, settings: dict[str, str]
) -> tuple[bytes, bool]:
    """An index file with those of the user's entries whose blob is the file's bytes, and whether
    that is all of them.

    An entry whose stat data matches says "this file, converted, is that blob". Line ends and
    `$Id$` only ever shrink on the way in, so equal sizes prove equal bytes; a filter proves
    nothing.
    """
    _, data = _read_stable(repo.git_dir / "index")
    doubtful = _doubtful(repo, work_tree, data, settings)
    plain = all(special.flags & SPECIAL == SKIP_WORKTREE for special in user.specials)
    if plain and not doubtful and data[4:8] != b"\0\0\0\4":
        return data or index_file.encode(()), True
    rows = [
        row._replace(flags=row.flags & SKIP_WORKTREE)
        for row in index_file.entries(data)
        if not row.stage and not row.flags & INTENT_TO_ADD and row.path not in doubtful
    ]
    return index_file.encode(rows), False


def _doubtful(
    repo: Repository, work_tree: Path, data: bytes, settings: dict[str, str]
) -> frozenset[bytes]:
    """The paths whose blob may differ from their file although the index says they match."""
    command = [*QUIET, "ls-files", "-z", "--cached"]
    names = run_git(command, cwd=work_tree, git_dir=repo.git_dir, work_tree=work_tree).stdout
    converted, shrunk = conversions(repo, work_tree, names, settings)
    if not shrunk - converted:
        return frozenset(converted)
    rows = [row for row in index_file.entries(data) if not row.stage and row.path in shrunk]
    sizes = _blob_sizes(repo, rows)
    return frozenset(converted | {row.path for row in rows if sizes[row.path] != row.size})


def conversions(
    repo: Repository, work_tree: Path, names: bytes, settings: dict[str, str]
) -> tuple[set[bytes], set[bytes]]:
    """Those of the paths that pass a filter or encoding, and those whose line ends may change.

    `names` are the paths, each with a NUL after it.
    """
    found = run_git(
        [*QUIET, "check-attr", "-z", "--stdin", "--all"],
        cwd=work_tree, git_dir=repo.git_dir, work_tree=work_tree,
        input=names,
    ).stdout.split(b"\0")  # fmt: skip
    converted: set[bytes] = set()
    # core.autocrlf is true, false or "input": anything but false converts.
    automatic = is_true(settings, "core.autocrlf", "false")
    shrunk = set(names.split(b"\0")[:-1]) if automatic else set[bytes]()
    for path, name, value in zip(found[::3], found[1::3], found[2::3], strict=False):
        if value in (b"unset", b"unspecified"):
            continue
        if name.decode() in _CONVERTED:
            converted.add(path)
        elif name.decode() in _SHRUNK:
            shrunk.add(path)
    return converted, shrunk


def has_attributes(repo: Repository, work_tree: Path, settings: dict[str, str]) -> bool:
    """Whether something besides `.gitattributes` files could make git convert files here."""
    home = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    places = (
        repo.common_dir / "info" / "attributes",
        Path(settings.get("core.attributesfile", f"{home}/git/attributes")).expanduser(),
        Path("/etc/gitattributes"),
    )
    return is_true(settings, "core.autocrlf", "false") or any(place.exists() for place in places)


def stat_dirty(repo: Repository, work_tree: Path, paths: Sequence[str]) -> dict[str, int]:
    """The paths whose index entry's stat data does not match the file, with the entry's size.

    Of all paths where none are given.
    """
    named = ["--", *paths] if len(paths) < 500 else []  # a command line has a limit
    found = run_git(
        [*QUIET, "diff-files", "-z", "--name-only", "--ignore-submodules=all", *named],
        cwd=work_tree,
        git_dir=repo.git_dir,
        work_tree=work_tree,
        env={"GIT_LITERAL_PATHSPECS": "1"},
    ).stdout
    dirty = frozenset(found.split(b"\0")[:-1])
    if not dirty:
        return {}
    _, data = _read_stable(repo.git_dir / "index")
    rows = index_file.entries(data, wanted=dirty)
    return {path_text(row.path): row.size for row in rows if not row.stage}


def _blob_sizes(repo: Repository, rows: list[IndexEntry]) -> dict[bytes, int]:
    if not rows:
        return {}
    found = run_git(
        ["cat-file", "--batch-check=%(objectsize)"],
        git_dir=repo.git_dir,
        input=b"".join(row.oid.hex().encode() + b"\n" for row in rows),
    ).stdout.split(b"\n")
    return {
        row.path: int(size) if size.isdigit() else -1
        for row, size in zip(rows, found, strict=False)
    }
