"""Who holds a claim, written so that a later run can tell whether it still lives."""

import os
import re
import socket
from collections.abc import Iterable

import psutil

_OWNER = re.compile(r"worker:(?P<host>[^:]*):(?P<pid>\d+):(?P<start>\d+)")


def this_owner() -> str:
    """The owner of this process's claims: host, process id, and when the process started.

    The start time tells a process from a later one of the same id.
    """
    return f"worker:{_host()}:{os.getpid()}:{_started(os.getpid())}"


def dead_owners(owners: Iterable[str]) -> frozenset[str]:
    """Those of the owners that are provably gone: processes of this host that no longer run.

    Of another host nothing can be said; its leases run out.
    """
    return frozenset(owner for owner in set(owners) if _is_dead(owner))


def _is_dead(owner: str) -> bool:
    found = _OWNER.fullmatch(owner)
    if found is None or found["host"] != _host():
        return False
    return _started(int(found["pid"])) != int(found["start"])


def _host() -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "-", socket.gethostname())


def _started(pid: int) -> int | None:
    """When the process started, in 1/100 s since the epoch; None when there is none."""
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return round(process.create_time() * 100)
    except psutil.Error:
        return None
