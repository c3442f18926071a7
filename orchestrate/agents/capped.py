"""A file that takes output of any length in constant memory and says where it was cut.

It holds the first bytes and the last (64 KiB, or half of a small limit); between them stands one
line that says how many bytes are missing. The end is kept: results and errors stand there.
"""

import errno
from collections import deque
from pathlib import Path

TAIL_BYTES = 64 * 1024
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


class CappedFile:
    """Takes bytes in order; `total` counts all of them, `truncated` says that some were cut."""

    def __init__(self, path: Path, limit: int | None) -> None:
        self._file = path.open("wb", buffering=0)
        self._limit = limit
        self._keep_last = TAIL_BYTES if limit is None else min(TAIL_BYTES, limit // 2)
        self._head = None if limit is None else limit - self._keep_last
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._dropped = 0
        self.no_room = False  # the end could not be written: the disk is full
        self.total = 0

    @property
    def truncated(self) -> bool:
        return self._dropped > 0

    @property
    def full(self) -> bool:
        """More came than the limit allows."""
        return self._limit is not None and self.total > self._limit

    def write(self, data: bytes) -> None:
        written = self.total
        self.total += len(data)
        if self._head is None:
            self._file.write(data)
            return
        room = max(self._head - written, 0)
        if room:
            self._file.write(data[:room])
        if rest := data[room:]:
            self._keep(rest)

    def _keep(self, data: bytes) -> None:
        self._tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(self._tail[0]) >= self._keep_last:
            dropped = len(self._tail.popleft())
            self._tail_bytes -= dropped
            self._dropped += dropped

    def close(self) -> None:
        tail = b"".join(self._tail)
        over = max(len(tail) - self._keep_last, 0)
        self._dropped += over
        with self._file:
            try:
                if self._dropped:
                    self._file.write(b"\n[orchestrate: %d bytes cut here]\n" % self._dropped)
                self._file.write(tail[over:])
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                self.no_room = True

    def __enter__(self) -> "CappedFile":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def read_tail(path: Path, limit: int = TAIL_BYTES) -> bytes:
    """The last `limit` bytes of a file; fewer when it is shorter, none when it is not there."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(size - limit, 0))
            return file.read(limit)
    except FileNotFoundError:
        return b""
