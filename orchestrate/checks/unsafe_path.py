"""Judges the names, modes and links of a change. Pure over the change.

Rules kept here:

* A path is refused when any filesystem git supports would take a part of it for `.git`, whatever
  the machine that checks. The foldings are those of git's own `verify_path` (read-cache.c):
  `is_hfs_dotgit` (utf8.c) and `is_ntfs_dotgit`, `is_ntfs_dotgitmodules` (path.c).
* Where a symlink leads is worked out in the candidate tree, through the other links in it. A link
  that no finding names is one that cannot leave the tree.
* The files that git itself reads must not be symlinks (fsck's gitmodulesSymlink and its kin).
"""

import re
from collections.abc import Iterator

from orchestrate.checks.catalogue import finding
from orchestrate.checks.change import MAX_CONTENT, REGULAR, Change
from orchestrate.checks.findings import Finding
from orchestrate.git.types import (
    EXECUTABLE,
    FILE,
    SUBMODULE,
    SYMLINK,
    TREE,
    EntryChange,
    path_bytes,
    path_text,
)
from orchestrate.policy.config import FilesConfig
from orchestrate.policy.globs import Globs
from orchestrate.policy.rules import Check

# utf8.c, next_hfs_char: the code points that HFS+ leaves out when it compares names.
_HFS_IGNORED = dict.fromkeys(
    [*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF]
)
# path.c, is_ntfs_dotgit: `.git` or `git~1`, then dots and spaces, then the end, a stream or a
# backslash. Other tails of the short name are possible where files were made in another order.
_NTFS_GIT = re.compile(r"(?:\.git|git~[0-9])[. ]*(?:[:\\].*)?", re.IGNORECASE | re.DOTALL)
_DRIVE = re.compile(r"[A-Za-z]:")
# fsck.c and read-cache.c, verify_dotfile: files git reads; short names from path.c.
_GIT_READS = re.compile(
    r"(?:\.git(?:modules|attributes|ignore)|\.mailmap"
    r"|gitmod~[1-4]|gitatt~[1-4]|gitign~[1-4]|mailma~[1-4]"
    r"|gi7eba~[1-9]|gi7d29~[1-9]|gi250a~[1-9]|maba30~[1-9])[. ]*(?::.*)?",
    re.IGNORECASE | re.DOTALL,
)
# Most paths: folders and a file whose names begin with no dot and hold only such characters.
_PART = r"[A-Za-z0-9_@+=-][A-Za-z0-9_@+=.-]*"
_ORDINARY = re.compile(rf"{_PART}(?:/{_PART})*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

GITMODULES = ".gitmodules"  # gitmodules(5): at the top of the tree
MAX_LINK_STEPS = 40  # Linux' limit on links followed in one path (path_resolution(7))


def check_names(change: Change) -> Iterator[Finding]:
    """Findings on the names of all entries that exist after the change."""
    for entry in change.entries:
        if entry.is_deleted or _ORDINARY.fullmatch(entry.path):
            continue  # taking a bad name away is the cure
        reason = unsafe_reason(entry.path)
        if reason:
            yield finding("unsafe-path", entry.path, reason)
        if entry.is_added and _CONTROL.search(entry.path):
            yield finding(
                "unprintable-path", entry.path, f"the name is {ascii(path_bytes(entry.path))[1:]}"
            )


def unsafe_reason(path: str) -> str:
    """Why no checkout should meet this path, or ""."""
    if path.startswith("/") or _DRIVE.match(path):
        return "the path is absolute"
    if "\0" in path:
        return "the path holds a NUL"
    for part in path.split("/"):
        if part in ("", ".", ".."):
            return f"the path has a part {part!r}, which leaves the tree or is folded away"
        if is_dot_git(part):
            return f"{part!r} is git's own folder on some filesystem"
        if "\\" in part:
            return f"{part!r} holds a backslash, which Windows takes for a folder"
    return ""


def is_dot_git(name: str) -> bool:
    """Whether some filesystem takes one path component for `.git`."""
    folded = name.translate(_HFS_IGNORED)
    if _NTFS_GIT.fullmatch(folded) or _NTFS_GIT.fullmatch(name):
        return True
    # On Windows a backslash separates folders.
    return "\\" in name and any(is_dot_git(part) for part in name.split("\\"))


def check_modes(change: Change, files: FilesConfig) -> Iterator[Finding]:
    """Findings on files that become executable and on submodules."""
    expected = Globs(files.executables)
    for entry in change.entries:
        becomes = entry.new_mode == EXECUTABLE and entry.old_mode != EXECUTABLE
        if becomes and not expected.match(entry.path):
            what = "file becomes executable" if entry.old_mode == FILE else "new executable"
            yield finding("new-executable", entry.path, what, severity=files.new_executable)
        if SUBMODULE in (entry.old_mode, entry.new_mode):
            message = _submodule_message(entry)
            yield finding("submodule-changed", entry.path, message, severity=files.submodule)
        elif entry.path == GITMODULES:
            message = "this file says where submodules come from"
            yield finding("submodule-changed", entry.path, message, severity=files.submodule)


def _submodule_message(entry: EntryChange) -> str:
    if entry.new_mode != SUBMODULE:
        return f"submodule at {entry.old_oid[:12]} removed"
    if entry.old_mode != SUBMODULE:
        return f"new submodule at {entry.new_oid[:12]}"
    return f"submodule moves from {entry.old_oid[:12]} to {entry.new_oid[:12]}"


def check_size(
    change: Change, entry: EntryChange, files: FilesConfig, rule: Check | None = None
) -> Iterator[Finding]:
    """Findings on new content over the limit; a file that was over it before may not grow.

    A `rule` with the builtin `huge-file` says where it holds and how bad it is.
    """
    size = change.size(entry.new_oid)
    if size > MAX_CONTENT:
        yield finding("too-large-to-scan", entry.path, f"{size / 2**20:,.0f} MB were not read")
    if size <= files.max_file_kb * 1024 or Globs(files.large).match(entry.path):
        return
    if entry.old_mode in REGULAR and size <= change.size(entry.old_oid):
        return
    message = f"{size / 1024:,.0f} KB, at most {files.max_file_kb:,} are allowed"
    if rule is None:
        yield finding("huge-file", entry.path, message)
    elif rule.applies_to(entry.path):
        text = f"{rule.message}: {message}"
        yield Finding(rule.id, rule.severity, entry.path, text, rule.fix)


def check_symlinks(change: Change) -> Iterator[Finding]:
    """Findings on new symlinks, and on old ones that the change makes leave the tree."""
    for entry in change.entries:
        if entry.new_mode != SYMLINK:
            continue
        if _GIT_READS.fullmatch(entry.path.rpartition("/")[2].translate(_HFS_IGNORED)):
            yield finding("unsafe-symlink", entry.path, "git reads this file and it is a symlink")
            continue
        reason = link_reason(change, entry.path)
        if reason:
            yield finding("unsafe-symlink", entry.path, reason)
    yield from _links_made_unsafe(change)


def link_reason(change: Change, path: str) -> str:
    """Why the symlink at `path` is unsafe in the candidate tree, or ""."""
    return _follow(change, path)[0]


def target_missing(change: Change, path: str) -> bool:
    """Whether the safe symlink at `path` leads to nothing in the candidate tree."""
    reason, at = _follow(change, path)
    return not reason and change.mode_after(at) == 0


def _follow(change: Change, path: str) -> tuple[str, str]:
    """Why the link at `path` is unsafe, or "" and the path that it leads to."""
    target = _target(change, path)
    if target is None:
        return "the link's target is longer than any system follows", ""
    if target.startswith(("/", "\\")) or _DRIVE.match(target):
        return f"points to the absolute path {target!r}", ""
    return _walk(change, path.rpartition("/")[0], target)


def _target(change: Change, path: str) -> str | None:
    _, oid = change.node_after(path)
    data = change.link_bytes(oid)
    return None if data is None else path_text(data)


def _walk(change: Change, folder: str, target: str) -> tuple[str, str]:
    """Follow `target` from `folder` part by part, as the kernel does (path_resolution(7))."""
    at = folder.split("/") if folder else []
    left = target.split("/")[::-1]
    steps = 0
    while left:
        part = left.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not at:
                return f"points to {target!r}, outside the tree", ""
            at.pop()
            continue
        if is_dot_git(part):
            return f"points to {target!r}, inside git's own folder", ""
        at.append(part)
        here = "/".join(at)
        if change.mode_after(here) != SYMLINK:
            continue
        steps += 1
        inner = _target(change, here)
        if steps > MAX_LINK_STEPS or inner is None:
            return f"points to {target!r}, which leads through too many links", ""
        if inner.startswith("/"):
            return f"points to {target!r}, which leads through {here!r} to {inner!r}", ""
        at.pop()
        left.extend(inner.split("/")[::-1])
    return "", "/".join(at)


def _links_made_unsafe(change: Change) -> Iterator[Finding]:
    """Old links that were safe and are not, because something on their way changed.

    Only a symlink that comes, goes or moves can do that.
    """
    if not any(SYMLINK in (e.old_mode, e.new_mode) for e in change.entries):
        return
    before = Change((), change.blobs, change.base_children)
    for path in _base_links(change, ""):
        if change.entry(path) is None and not link_reason(before, path):
            reason = link_reason(change, path)
            if reason:
                yield finding("unsafe-symlink", path, f"because of this change it {reason}")


def _base_links(change: Change, folder: str) -> Iterator[str]:
    for child in change.base_children(folder):
        if child.mode == SYMLINK:
            yield child.path
        elif child.mode == TREE:
            yield from _base_links(change, child.path)
