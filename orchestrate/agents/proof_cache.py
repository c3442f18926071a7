"""What was proved of clients, kept below the user's cache folder so that it costs once.

Rules:
 * A file is believed only when it is a plain file that this user owns and nobody else may write,
   and when it names the very thing that is asked for. Anything wrong with it: not proved.
 * Only what passed is kept, and for a week: a wrapper may start another program tomorrow.
 * Who proves the same thing at the same time waits for the first to have done it.
"""

import fcntl
import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from orchestrate import whole_file
from orchestrate.machine_json import to_json

MAX_AGE_SEC = 7 * 24 * 3600
MAX_BYTES = 64 * 1024


def folder() -> Path:
    """Where the proofs lie."""
    return user_cache_path("orchestrate") / "proofs"


def read(identity: Mapping[str, object], now: float) -> dict[str, Any] | None:
    """What was proved of that, or None; `now` in seconds since the epoch."""
    try:
        descriptor = os.open(_path(identity), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        if not _is_ours(os.fstat(descriptor)):
            return None
        try:
            record = json.loads(file.read(MAX_BYTES))
            proof = dict(record["proof"])
            fresh = 0 <= now - proof["at"] <= MAX_AGE_SEC
        except (ValueError, KeyError, TypeError):
            return None
    return proof if fresh and record["identity"] == json.loads(json.dumps(identity)) else None


def write(identity: Mapping[str, object], proof: Mapping[str, Any]) -> None:
    """Keep it, whole or not at all. Raises: OSError."""
    path = _path(identity)
    whole_file.write(path, to_json({"identity": identity, "proof": proof}), mode=0o600)
    _forget_old(path.parent)


@contextmanager
def alone(identity: Mapping[str, object]) -> Iterator[None]:
    """Nobody else proves it meanwhile. Raises: OSError."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder() / f"{identity['adapter']}.lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _forget_old(where: Path) -> None:
    for path in where.glob("*.json"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > MAX_AGE_SEC:
                path.unlink()


def _path(identity: Mapping[str, object]) -> Path:
    text = json.dumps(identity, sort_keys=True).encode("utf-8", "surrogateescape")
    return folder() / f"{identity['adapter']}-{hashlib.sha256(text).hexdigest()[:16]}.json"


def _is_ours(about: os.stat_result) -> bool:
    others = about.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return stat.S_ISREG(about.st_mode) and about.st_uid == os.geteuid() and not others
