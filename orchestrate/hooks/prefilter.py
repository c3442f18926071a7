"""Decides in a few milliseconds that a change surely gives no finding, or leaves it to the engine.

Rules kept here:

* The only answers are "surely nothing", "look closer at these files" (`Suspect`) and "look at it
  all" (`Doubt`). Nothing is judged here: of a hit `closer.py` decides, of anything unusual and of
  any error the whole engine.
* Nothing slow is imported: no re, typing, dataclasses, json, pathlib (a JSON file in the change
  costs json; see `_parses`). tests/hooks measures it.
* What it looks for was compiled from the same policy by `compiling.py`; tests hold the two
  together over every sample: a finding of the engine is a doubt here.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from orchestrate.git.changes import Objects, Raw
    from orchestrate.git.loose import LooseFirst

    Classes = tuple[set[int], set[int]]
    Contents = Objects | LooseFirst

FILE, EXECUTABLE = 0o100644, 0o100755
REGULAR = (FILE, EXECUTABLE)

# Ids in the database of names that are no class of paths.
LOOK = 1 << 20  # the engine looks at every change of such a path
UNSAFE = LOOK + 1  # the path may be unsafe or unprintable
EVERYWHERE = LOOK + 2  # the class of all paths, which is in no database

# Bytes; the engine refuses larger JSON, and bounds what larger TOML may cost.
MAX_PARSED = {"invalid-json": 4 * 1024 * 1024, "invalid-toml": 64 * 1024}
MAX_LINE = 2000  # bytes; the engine searches longer lines in windows of their own
MAX_MATCHES = 2_000_000  # in one file: a second of callbacks
MAX_NARROWED = 50  # files whose old content is read as well; with more the engine is as fast


class Doubt(Exception):
    """The engine must look; the text says why.

    `paths` are the files whose content is in doubt, when nothing else of the change is; None means
    all of it is.
    """

    def __init__(self, why: str, paths: frozenset[bytes] | None = None) -> None:
        super().__init__(why)
        self.paths = paths


class Shipped:
    """What is the same under every policy, made ready by `compiling.py`: what secrets need."""

    def __init__(self, value: dict[str, Any], hyperscan: Any) -> None:
        self.value = value
        self.hyperscan = hyperscan
        self.triggers = load(hyperscan, value["triggers"])
        self.names = load(hyperscan, value["names"])


class Compiled:
    """A policy made ready by `compiling.py`, with its databases loaded."""

    def __init__(self, table: dict[str, Any], shipped: Shipped) -> None:
        self.table = table
        self.shipped = shipped
        self.names = load(shipped.hyperscan, table["names"]), shipped.names
        self.content = load(shipped.hyperscan, table["patterns"]), shipped.triggers
        self.secrets = range(*table["secrets"])
        self.needles: dict[int, list[tuple[str, int, int, int]]] = table["needles"]

    def relevant(self, hits: set[int], classes: Classes, role: str) -> set[int]:
        """The hits that mean something for a file in these classes, under a task of this role."""
        found = set()
        maybe, surely = classes
        for id in hits:
            for owner, include, exclude, _ in self.needles[id]:
                if (not owner or owner == role) and include in maybe and exclude not in surely:
                    found.add(id)
        return found

    def line_checks(self, suspect: Suspect, role: str) -> set[int]:
        """The numbers of the line checks that the suspect's hits stand for."""
        maybe, surely = suspect.classes
        return {
            check
            for id in suspect.hits
            for owner, include, exclude, check in self.needles[id]
            if (not owner or owner == role) and include in maybe and exclude not in surely
            if check >= 0
        }


class Suspect:
    """A new or changed file in which the joint pass saw something: `data` is its new content."""

    def __init__(self, entry: Raw, data: bytes, classes: Classes, hits: set[int]) -> None:
        self.path, self.old = entry[0], entry[3]
        self.data = data
        self.classes = classes
        self.hits = hits


class Task:
    """The active task made ready: `names` holds its scopes as classes ALLOW, DENY and ROLE."""

    ALLOW, DENY, ROLE = 0, 1, 2

    def __init__(self, value: dict[str, Any], hyperscan: Any) -> None:
        self.role: str = value["role"]
        self.has_role_scope: bool = value["has_role_scope"]
        self.planned: frozenset[bytes] | None = value["planned"]
        self.plain_globs: bool = value["plain_globs"]
        self.names = load(hyperscan, value["names"])


def load(hyperscan: Any, serialized: bytes) -> Any:
    """A database ready to scan. Raises: Doubt when it is not one for this machine."""
    try:
        database = hyperscan.loadb(serialized, hyperscan.HS_MODE_BLOCK)
        database.scratch = hyperscan.Scratch(database)
    except (hyperscan.HyperscanError, TypeError, ValueError) as error:
        raise Doubt(f"the database does not load: {error}") from None
    return database


def found_in(data: bytes, *databases: Any) -> set[int]:
    """The ids that match somewhere in `data`. Raises: Doubt when they match all over it."""
    found: set[int] = set()
    matches = 0

    def on_match(id: int, *place: object) -> bool:
        nonlocal matches
        matches += 1
        found.add(id)
        return matches > MAX_MATCHES

    try:
        if data:
            for database in databases:
                database.scan(data, match_event_handler=on_match)
    except Exception as error:
        if matches > MAX_MATCHES:
            raise Doubt("more matches than are counted") from error
        raise
    return found


def judge_together(entries: Sequence[Raw], compiled: Compiled, task: Task | None,
                   objects: Contents) -> None:  # fmt: skip
    """Nothing, when what no file shows by itself surely gives no finding.

    Raises:
        Doubt: it may give one.
    """
    table = compiled.table
    if task is None and entries and table["require_task"] == "always":
        raise Doubt("no task")
    if entries and table["secrets_engine"] != "builtin":
        raise Doubt("another program looks for secrets too")
    added = [entry[0] for entry in entries if entry[1] == 0]
    if added and table["case_conflict"]:
        from orchestrate.hooks.prefilter_case import judge_case

        judge_case(added, entries, objects, len(entries[0][3] or entries[0][4]) // 2)


def judge_each(
    entries: Iterable[Raw], compiled: Compiled, task: Task | None, objects: Contents
) -> list[Suspect]:
    """The files that may give a finding, when the others by themselves surely give none.

    Raises:
        Doubt: something else than these files' lines may give one.
    """
    to_read: list[tuple[Raw, Classes]] = []
    for entry in entries:
        path, old_mode, new_mode, old, new = entry
        classes = _judge_path(path, compiled, task)
        if new_mode == 0:
            if old_mode not in REGULAR:
                raise Doubt("a submodule or symlink goes")
            continue
        if new_mode not in REGULAR or old_mode not in (0, FILE, EXECUTABLE):
            raise Doubt("not a regular file")
        if new_mode == EXECUTABLE and old_mode != EXECUTABLE:
            raise Doubt("becomes executable")
        if old != new:
            to_read.append((entry, classes))
    return _judge_contents(to_read, compiled, task, objects)


def _judge_path(path: bytes, compiled: Compiled, task: Task | None) -> Classes:
    """The classes of paths that `path` may be in, and those that it surely is in."""
    table = compiled.table
    found = found_in(path, *compiled.names)
    found.add(EVERYWHERE)
    if LOOK in found or UNSAFE in found:
        raise Doubt("a path that the engine looks at")
    classes = found, found
    if not path.isascii():
        try:
            path.decode()
        except UnicodeDecodeError:
            raise Doubt("a path that is not UTF-8") from None
        if table["counting_look"] or (task is not None and not task.plain_globs):
            raise Doubt("a path beyond ASCII and patterns that count characters")
        # Globs count characters and the database bytes; the secret rules look at lower case.
        classes = found | table["counting"] | table["secret_classes"], found - table["counting"]
    if task is not None:
        scopes = found_in(path, task.names)
        inside = Task.ALLOW in scopes and Task.DENY not in scopes
        if not inside or (task.has_role_scope and Task.ROLE not in scopes):
            raise Doubt("outside the scope")
        if task.planned is not None and path not in task.planned:
            raise Doubt("not planned")
    return classes


def _judge_contents(
    to_read: list[tuple[Raw, Classes]], compiled: Compiled, task: Task | None, objects: Contents
) -> list[Suspect]:
    suspects: list[Suspect] = []
    unusual: set[bytes] = set()
    role = task.role if task else ""
    same: dict[str, list[tuple[Raw, Classes]]] = {}
    for one in to_read:
        same.setdefault(one[0][4], []).append(one)
    for files, answer in zip(same.values(), objects.contents(list(same)), strict=True):
        if answer is None or answer[1] != "blob":
            raise Doubt("a blob is not there")
        data = answer[2]
        found = found_in(_plain(data), *compiled.content)
        for entry, classes in files:
            if not _is_ordinary(entry[0], data, classes, compiled.table):
                unusual.add(entry[0])
            elif found and (hits := compiled.relevant(found, classes, role)):
                suspects.append(Suspect(entry, data, classes, hits))
    suspects = _without_old_lines(suspects, compiled, objects)
    if unusual:
        unusual.update(suspect.path for suspect in suspects)
        raise Doubt("content is in doubt", frozenset(unusual))
    return suspects


def _plain(data: bytes) -> bytes:
    """The content as lines that end with LF alone."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def _without_old_lines(
    suspects: list[Suspect], compiled: Compiled, objects: Contents
) -> list[Suspect]:
    """The suspects without those where only lines that stood in the old file were hit."""
    in_lines = compiled.table["in_lines"]
    narrowed = [s for s in suspects if s.old and in_lines.issuperset(s.hits)][:MAX_NARROWED]
    if not narrowed:
        return suspects
    from orchestrate.checks.added import added_texts

    cleared = set()
    olds = objects.contents([suspect.old for suspect in narrowed])
    for suspect, answer in zip(narrowed, olds, strict=True):
        if answer is None:
            raise Doubt("an old blob is not there")
        added = added_texts(_plain(answer[2]), _plain(suspect.data))
        is_long = any(len(line) > MAX_LINE for line in added)
        if not is_long and not found_in(b"\n".join(added), *compiled.content) & suspect.hits:
            cleared.add(suspect.path)
    return [suspect for suspect in suspects if suspect.path not in cleared]


def _is_ordinary(path: bytes, data: bytes, classes: Classes, table: dict[str, Any]) -> bool:
    """Whether the built-in checks and the limits surely say nothing to one file's bytes."""
    if len(data) > table["max_bytes"]:
        raise Doubt("a large file")
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    if data[:2] == b"#!" and table["judges_commands"] and b"." not in path.rpartition(b"/")[2]:
        return False
    maybe, surely = classes
    return all(
        _parses(builtin, data)
        for builtin, include, exclude in table["builtins"]
        if include in maybe and exclude not in surely
    )


def _parses(builtin: str, data: bytes) -> bool:
    """Whether a built-in check surely has nothing to say."""
    if len(data) > MAX_PARSED.get(builtin, len(data)):
        return False
    if builtin == "invalid-json":
        import json

        try:
            json.loads(data, parse_constant=_refuse)
        except (ValueError, RecursionError):
            return False
        return True
    if builtin == "invalid-toml":
        import tomllib

        try:
            tomllib.loads(data.decode())
        except (ValueError, RecursionError):
            return False
        return True
    if builtin == "mixed-line-endings":
        if b"\r" not in data:  # which is faster than counting them
            return True
        returns = data.count(b"\r")
        return returns == data.count(b"\r\n") == data.count(b"\n")
    if builtin == "byte-order-mark":
        return data[:3] != b"\xef\xbb\xbf"
    if builtin == "no-final-newline":
        return not data or data.endswith((b"\n", b"\r"))
    return False


def _refuse(name: str) -> None:
    raise ValueError(name)
