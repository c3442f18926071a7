"""Changes and objects read through the git command: no pygit2, no subprocess, no pathlib.

Hooks start from here, so nothing slow is imported; and it reads repositories that libgit2 cannot
open (SHA-256, reftable, split and sparse index, partial clone).

Rules kept here:

* Only plumbing that reads ids: `diff-index --raw` and `cat-file`. No patch is made, so that no
  attribute (`-diff`, `binary`, textconv), driver or option of the user's can hide content.
* Git runs in the environment the hook was given: the index under commit is the one that
  GIT_INDEX_FILE names.
* Both ends of each pipe are served in rounds that fit the pipe, so that nobody waits for ever.
"""

from __future__ import annotations

import os

from orchestrate.errors import Unsupported

TYPE_CHECKING = False  # as typing's, which takes 8 ms to import
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

# Neither of git's own caches, monitors and hooks, nor of diff's settings, may change what we read.
_NO_MONITOR = ("-c", "core.fsmonitor=false")
_READING = (*_NO_MONITOR, "-c", "core.hooksPath=/dev/null")
_RAW = (
    "--raw", "-z", "-r", "--no-renames", "--no-abbrev", "--no-relative",
    "--ignore-submodules=none", "--ita-invisible-in-index",
)  # fmt: skip

# Object names with NUL or newline do not occur; LC_ALL keeps answers in one language. Replaced
# objects and grafts would show what is neither committed nor pushed.
_SETTINGS = {
    "LC_ALL": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_GRAFT_FILE": "/dev/null/none",
}

ROUND = 1000  # objects asked for at once: 1,000 lines of at most 65 bytes fit a pipe of 64 KB

SEVERAL = 50  # objects from which the pipe is widened
PIPE = 1 << 20  # bytes a pipe holds where the system lets us say so, for some usual files

# path, old mode, new mode, old id, new id: EntryChange without importing typing
Raw = tuple[bytes, int, int, str, str]


class GitCommandFailed(Unsupported):
    """Git could not be started, ended early or said something unexpected."""


def find_git() -> str:
    """The path of the git command, or "git" where git itself tells nothing better.

    GUI clients start hooks with an empty PATH, but git names its own folder in GIT_EXEC_PATH.
    """
    for folder in os.environ.get("PATH", "").split(":"):
        if folder and os.access(path := f"{folder}/git", os.X_OK):
            return path
    inside = os.environ.get("GIT_EXEC_PATH", "")
    if inside and os.access(path := f"{inside}/git", os.X_OK):
        return path
    for path in ("/usr/bin/git", "/usr/local/bin/git", "/opt/homebrew/bin/git"):
        if os.access(path, os.X_OK):
            return path
    raise GitCommandFailed("there is no git command on PATH")


class Running:
    """One git process: `out` is the descriptor of its output, `into` of its input or -1."""

    def __init__(self, args: Sequence[str], folder: str = "", *, fed: bool = False) -> None:
        out, child_out = os.pipe()
        actions: list[tuple[object, ...]] = [(os.POSIX_SPAWN_DUP2, child_out, 1)]
        child_in = self.into = -1
        if fed:
            child_in, self.into = os.pipe()
            actions.append((os.POSIX_SPAWN_DUP2, child_in, 0))
        else:
            actions.append((os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0))
        actions.append((os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0))
        where = ("-C", folder) if folder else ()
        command = find_git()
        try:
            self.pid = os.posix_spawn(
                command, ["git", *where, *_READING, *args], _environment(), file_actions=actions
            )
        except OSError as error:
            raise GitCommandFailed(f"the git command cannot be started: {error}") from None
        finally:
            os.close(child_out)
            if fed:
                os.close(child_in)
        self.out = out
        self._verb = args[0]

    def read_all(self) -> bytes:
        """Everything it prints.

        Raises:
            GitCommandFailed: it did not end with 0.
        """
        data = _read_to_end(self.out)
        self.close()
        return data

    def close(self, *, check: bool = True) -> None:
        """Close both pipes and wait for its end.

        Raises:
            GitCommandFailed: it did not end with 0 and `check` is set.
        """
        for descriptor in (self.into, self.out):
            if descriptor >= 0:
                os.close(descriptor)
        self.into = self.out = -1
        _, status = os.waitpid(self.pid, 0)
        if check and status:
            raise GitCommandFailed(f"git {self._verb} ended with {status >> 8 or status}")


def _widen(pipe: int) -> None:
    """Let the other end run ahead of us (Linux: F_SETPIPE_SZ, fcntl(2))."""
    import fcntl  # a shared library to load: only where there is much to read

    if hasattr(fcntl, "F_SETPIPE_SZ"):
        try:
            fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
        except OSError:
            pass  # over the user's limit: slower, no less right


def _environment() -> dict[str, str]:
    return {**os.environ, **_SETTINGS}


def _staged(against: str) -> tuple[str, ...]:
    return ("diff-index", "--cached", *_RAW, against, "--")


def start_staged(against: str, folder: str = "") -> Running:
    """The comparison of the index with a commit, started; `parse_raw(x.read_all())` reads it."""
    return Running(_staged(against), folder)


# What `staged_in_shell` runs and says, as an argument: grows with each change of it.
GIVEN = "--staged=1"


def staged_in_shell(against: str) -> str:
    """The comparison of `start_staged`, with git's exit code behind it, for a shell to start.

    It starts no hook, so that none is switched off: the checks refuse a script that does.
    """
    settings = " ".join(f"{name}={value}" for name, value in _SETTINGS.items())
    return f"{settings} git {' '.join((*_NO_MONITOR, *_staged(against)))}; echo $?"


def read_given(descriptor: int) -> bytes:
    """What `staged_in_shell` says, less the exit code.

    Raises:
        GitCommandFailed: git did not end with 0.
    """
    said = _read_to_end(descriptor)
    data = said.removesuffix(b"0\n")
    if data == said or data[-1:] not in (b"", b"\0"):
        raise GitCommandFailed("git's comparison did not end as it should")
    return data


def _read_to_end(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def start_between(old: str, new: str, folder: str = "") -> Running:
    """The comparison of two commits or trees, started."""
    return Running(("diff-tree", *_RAW, old, new, "--"), folder)


def start_worktree(against: str, folder: str = "") -> Running:
    """The comparison of the tracked files on disk with a commit, started."""
    return Running(("diff-index", *_RAW, against, "--"), folder)


def parse_raw(data: bytes) -> list[Raw]:
    """The entries of a raw comparison, in git's order; an absent side has mode 0 and id "".

    Raises:
        GitCommandFailed: it is not in git's raw format.
    """
    fields = data.split(b"\0")
    if fields.pop() or len(fields) % 2:
        raise GitCommandFailed("git's raw comparison ends in the middle")
    found = []
    for at in range(0, len(fields), 2):
        head = fields[at].decode("ascii").split(" ")
        if len(head) != 5 or head[0][:1] != ":" or len(head[4]) != 1:
            raise GitCommandFailed(f"git's raw comparison holds {fields[at][:80]!r}")
        old_mode, new_mode, old, new = int(head[0][1:], 8), int(head[1], 8), head[2], head[3]
        found.append(
            (fields[at + 1], old_mode, new_mode, old if old_mode else "", new if new_mode else "")
        )
    return found


class Objects:
    """`git cat-file --batch-command`: kinds, sizes and contents of objects by any name.

    A blob of more than `most` bytes is not read: the reader is of no use after that. 0 reads all.
    Git is started by the first question.
    """

    def __init__(self, folder: str = "", *, most: int = 0) -> None:
        self.folder = folder
        self.most = most
        self._git: Running | None = None
        self._read = b""  # what git said
        self._at = 0  # where in it the next answer begins
        self._is_wide = False

    def close(self) -> None:
        """End the process."""
        if self._git is not None:
            self._git.close(check=False)

    def __enter__(self) -> Objects:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def for_child(self) -> Objects:
        """The same for a process that was split off: this git answers its parent."""
        if self._git is not None:
            os.close(self._git.into)
            os.close(self._git.out)
            self._git = None
        return Objects(self.folder, most=self.most)

    def ask_info(self, names: Iterable[str]) -> None:
        """Ask for kinds and sizes; `read_info` gives one answer for each name."""
        self._send("info", names)

    def read_info(self) -> tuple[str, str, int] | None:
        """The next (id, kind, size), or None where there is no such object."""
        return self._head(self._line())

    def info(self, name: str) -> tuple[str, str, int] | None:
        """Id, kind and size of one object, or None."""
        self.ask_info([name])
        return self.read_info()

    def contents(self, names: Sequence[str]) -> Iterator[tuple[str, str, bytes] | None]:
        """(id, kind, content) of each object in order, None where there is none."""
        for at in range(0, len(names), ROUND):
            part = names[at : at + ROUND]
            self.ask_contents(part)
            for _ in part:
                yield self.read_content()

    def ask_contents(self, names: Sequence[str]) -> None:
        """Ask for contents, at most `ROUND` at once; `read_content` gives one for each name."""
        if len(names) >= SEVERAL and not self._is_wide:
            _widen(self._started().out)
            self._is_wide = True
        self._send("contents", names)

    def read_content(self) -> tuple[str, str, bytes] | None:
        """The next (id, kind, content), or None where there is no such object.

        Raises:
            GitCommandFailed: a blob of more than `most` bytes.
        """
        head = self._head(self._line())
        if head is not None and head[1] == "blob" and 0 < self.most < head[2]:
            raise GitCommandFailed(
                f"{head[0]} has {head[2]:,} bytes, at most {self.most:,} are read"
            )
        if head is None:
            return None
        data = self._exactly(head[2])
        self._exactly(1)  # a newline
        return head[0], head[1], data

    def _started(self) -> Running:
        if self._git is None:
            self._git = Running(("cat-file", "--batch-command", "--buffer"), self.folder, fed=True)
        return self._git

    def _send(self, verb: str, names: Iterable[str]) -> None:
        text = "".join(f"{verb} {name}\n" for name in names) + "flush\n"
        data = text.encode("utf-8", "surrogateescape")
        into = self._started().into
        try:
            while data:
                data = data[os.write(into, data) :]
        except BrokenPipeError:
            raise GitCommandFailed("git cat-file ended early") from None

    def _head(self, line: bytes) -> tuple[str, str, int] | None:
        if line.endswith((b" missing", b" ambiguous")):
            return None
        parts = line.decode("ascii", "replace").split(" ")
        if len(parts) != 3 or not parts[2].isdigit():
            raise GitCommandFailed(f"git cat-file said {line[:80]!r}")
        return parts[0], parts[1], int(parts[2])

    def _line(self) -> bytes:
        while (end := self._read.find(b"\n", self._at)) < 0:
            self._read, self._at = self._read[self._at :] + self._more(), 0
        line, self._at = self._read[self._at : end], end + 1
        return line

    def _exactly(self, size: int) -> bytes:
        end = self._at + size
        if end <= len(self._read):
            data, self._at = self._read[self._at : end], end
            return data
        parts, missing = [self._read[self._at :]], end - len(self._read)
        while missing > 0:
            self._read, self._at = self._more(), missing
            parts.append(self._read[:missing])
            missing -= len(self._read)
        return b"".join(parts)

    def _more(self) -> bytes:
        data = os.read(self._started().out, 1 << 17)
        if not data:
            raise GitCommandFailed("git cat-file ended early")
        return data


def parse_tree(data: bytes, hash_bytes: int) -> list[tuple[bytes, int, str]]:
    """The (name, mode, id) of each entry of a raw tree object; ids have `hash_bytes` bytes."""
    found, at = [], 0
    while at < len(data):
        space = data.index(b" ", at)
        end = data.index(b"\0", space)
        next_at = end + 1 + hash_bytes
        found.append((data[space + 1 : end], int(data[at:space], 8), data[end + 1 : next_at].hex()))
        at = next_at
    return found
