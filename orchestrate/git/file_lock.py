"""A flock that is taken at once or not at all; the kernel drops it with its last holder."""

import fcntl


def take(fd: int) -> bool:
    """Whether the exclusive lock of the open file is ours now: False where somebody has it."""
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
