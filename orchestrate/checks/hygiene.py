"""The checks that are code and that rules switch on by name (`builtin: invalid-json`).

Rules kept here:

* A file is judged as the change leaves it; what was already wrong in the old file and did not get
  worse is not this change's fault, except where the file must parse.
* A check whose kind of flaw leaves a mark in the bytes runs only where the mark is (`MARKS`).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from orchestrate.checks.change import Change
from orchestrate.checks.findings import Finding
from orchestrate.checks.parsing import (
    Flaw,
    invalid_json,
    invalid_toml,
    invalid_xml,
    invalid_yaml,
)
from orchestrate.checks.secrets.text import is_binary, readable
from orchestrate.checks.unsafe_path import link_reason, target_missing
from orchestrate.git.types import SYMLINK, EntryChange, path_text
from orchestrate.policy.globs import globs, may_take_in
from orchestrate.policy.policy import Policy
from orchestrate.policy.rules import Check

# What the joint search looks for before `merge_conflict` looks at lines.
CONFLICT_MARK = r"^(?:<{7}|>{7}|\|{7}) "

_MARK = re.compile(CONFLICT_MARK.encode(), re.MULTILINE)
MAX_MARKS = 100  # findings of one file; more say nothing new

BOMS = {b"\xef\xbb\xbf": "UTF-8", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}


OfFile = Callable[[bytes, bytes], Iterator[Flaw]]  # new bytes, old bytes (b"" if none) -> flaws


def switched_on(policy: Policy) -> list[Check]:
    """The checks of the policy that are code, in order."""
    return [c for rule in policy.rules for c in rule.checks if c.builtin is not None]


def check_tree(change: Change, checks: Iterable[Check]) -> Iterator[Finding]:
    """Findings on what the change makes of the tree as a whole."""
    for check in checks:
        if check.builtin in OF_TREE:
            for path, flaw in OF_TREE[check.builtin](change):
                if check.applies_to(path):
                    yield _finding(check, path, flaw)


class FileBuiltins:
    """The checks of single files, and a quick look at which of them a file could concern."""

    def __init__(self, checks: Iterable[Check]) -> None:
        of_file = [c for c in checks if c.builtin in OF_FILE]
        self._marked = [(MARKS[c.builtin], c) for c in of_file if c.builtin in MARKS]
        self._conflict = [c for c in of_file if c.builtin == "merge-conflict"]
        self._parsed = [c for c in of_file if c.builtin not in {*MARKS, "merge-conflict"}]
        self._may_parse = may_take_in(check.paths for check in self._parsed)

    def possible(self, path: str, data: bytes, *, conflict: bool) -> list[Check]:
        """The checks that may find something; `conflict` False: it holds no conflict's mark."""
        found = [check for has_mark, check in self._marked if has_mark(data)]
        if conflict:
            found += self._conflict
        if self._may_parse(path):  # one look for most files
            found += [check for check in self._parsed if globs(check.paths).match(path)]
        return found


def check_file(change: Change, entry: EntryChange, checks: Iterable[Check]) -> Iterator[Finding]:
    """Findings on one new or changed file."""
    data = change.content(entry)
    if data is None:
        return  # `too-large-to-scan` blocks it
    for check in checks:
        if check.builtin not in OF_FILE or not check.applies_to(entry.path):
            continue
        judged = [list(OF_FILE[check.builtin](data, o)) for o in change.old_contents(entry)]
        if all(judged):  # of a merge: what one parent has is not its fault
            yield from (_finding(check, entry.path, flaw) for flaw in judged[0])


def _finding(check: Check, path: str, flaw: Flaw) -> Finding:
    message = f"{check.message}: {flaw.detail}" if flaw.detail else check.message
    return Finding(check.id, check.severity, path, message, check.fix, flaw.line, flaw.column)


def mixed_line_endings(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether a text file ends some lines one way and some another."""
    if is_binary(data) or len(ends := line_ends(data)) < 2 or len(line_ends(old)) > 1:
        return
    rarest = min(ends, key=lambda end: ends[end])
    counts = ", ".join(f"{ends[end]:,} {NAMES[end]}" for end in sorted(ends))
    yield Flaw(counts, _line_of(data, rarest))


NAMES = {b"\r\n": "CR LF", b"\n": "LF", b"\r": "CR"}


def line_ends(data: bytes) -> dict[bytes, int]:
    """How often each kind of line end stands in a file."""
    both = data.count(b"\r\n")
    counts = {b"\r\n": both, b"\n": data.count(b"\n") - both, b"\r": data.count(b"\r") - both}
    return {end: count for end, count in counts.items() if count}


def _line_of(data: bytes, end: bytes) -> int:
    """The number of the first line that ends with `end`."""
    at = 0
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        at += len(line)
        tail = b"\r\n" if line.endswith(b"\r\n") else line[-1:]
        if tail == end:
            return number
    return 0


def byte_order_mark(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether the file begins with a byte order mark and did not before."""
    for mark, name in BOMS.items():
        if data.startswith(mark) and not old.startswith(mark):
            yield Flaw(f"of {name}", 1, 1)
            return


def merge_conflict(data: bytes, old: bytes) -> Iterator[Flaw]:
    """The lines of a conflict that git left and nobody resolved, the first `MAX_MARKS` of them."""
    text, before = readable(data), readable(old)
    if sum(1 for _ in conflict_marks(text)) > sum(1 for _ in conflict_marks(before)):
        for number, mark in islice(conflict_marks(text), MAX_MARKS):
            yield Flaw(mark, number, 1)


def conflict_marks(data: bytes) -> Iterator[tuple[int, str]]:
    """Line number and text of each line that begins or ends one side of a conflict."""
    # `=======` alone underlines headings, so it proves nothing.
    plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
    number, at = 1, 0
    for found in _MARK.finditer(plain):
        number += plain.count(b"\n", at, found.start())
        at = found.start()
        yield number, found[0].strip().decode()


def no_final_newline(data: bytes, old: bytes) -> Iterator[Flaw]:
    """Whether a text file's last line does not end."""
    if data and not data.endswith((b"\n", b"\r")) and not is_binary(data):
        yield Flaw("", data.count(b"\n") + 1)


def case_conflicts(change: Change) -> Iterator[tuple[str, Flaw]]:
    """Added paths that differ from another path of the tree in case alone, at any level."""
    told: set[str] = set()
    for entry in change.entries:
        if not entry.is_added:
            continue
        path = entry.path
        while path and path not in told:
            told.add(path)
            folder = path.rpartition("/")[0]
            for other in change.same_folded(folder, path):
                if other != path:
                    yield entry.path, Flaw(f"{path!r} and {other!r} are one file on many systems")
                    break
            path = folder


def broken_symlinks(change: Change) -> Iterator[tuple[str, Flaw]]:
    """New symlinks that lead to nothing in the tree; unsafe ones are told elsewhere."""
    for entry in change.entries:
        if entry.new_mode != SYMLINK or link_reason(change, entry.path):
            continue
        if target_missing(change, entry.path):
            target = path_text(change.link_bytes(entry.new_oid) or b"")
            yield entry.path, Flaw(f"there is no {target!r}")


OF_FILE: dict[str, OfFile] = {
    "invalid-json": invalid_json,
    "invalid-yaml": invalid_yaml,
    "invalid-toml": invalid_toml,
    "invalid-xml": invalid_xml,
    "mixed-line-endings": mixed_line_endings,
    "byte-order-mark": byte_order_mark,
    "merge-conflict": merge_conflict,
    "no-final-newline": no_final_newline,
}
# What stands in every file that such a check finds something in, and is quickly looked for.
MARKS: dict[str, Callable[[bytes], bool]] = {
    "mixed-line-endings": lambda data: b"\r" in data,
    "byte-order-mark": lambda data: data.startswith(tuple(BOMS)),
    "no-final-newline": lambda data: not data.endswith((b"\n", b"\r")),
}
OF_TREE: dict[str, Callable[[Change], Iterator[tuple[str, Flaw]]]] = {
    "case-conflict": case_conflicts,
    "broken-symlink": broken_symlinks,
}
BUILTINS = frozenset([*OF_FILE, *OF_TREE, "huge-file"])
