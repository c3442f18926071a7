"""What is made of the shipped files once for all repositories of a user, and kept.

Rules kept here:

* A value is named by what it was made of: the shipped files and the caller's own content.
* A cache that cannot be written costs time and nothing else.
"""

import fcntl
import hashlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from orchestrate.hooks import cache_file


def made_once(path: str, make: Callable[[], Any]) -> Any:
    """The value kept at `path`, made when it is not there; others wait meanwhile for it.

    The lock saves work when many hooks start at once; that each would be right without it stands
    in cache_file.py.
    """
    value = cache_file.read(path)
    if value is not None:
        return value
    with suppress(OSError), _lock(path):
        value = cache_file.read(path)
        if value is None:
            value = make()
            cache_file.write(path, value)
    return make() if value is None else value


@contextmanager
def _lock(path: str) -> Iterator[None]:
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with open(f"{path}.lock", "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # the system takes it back when the process ends
        yield


def place_of(kind: str, content: object) -> str:
    """Where this user's cache, which all repositories share, keeps something made of `content`."""
    digest = hashlib.sha256(repr((shipped_inputs(), content)).encode()).hexdigest()
    return os.path.join(_cache_folder(), kind, digest[:32])


def _cache_folder() -> str:
    """What `platformdirs.user_cache_dir` says, without its 5 ms on the system most hooks run on."""
    if sys.platform != "linux":
        import platformdirs

        return platformdirs.user_cache_dir("orchestrate")
    named = os.environ.get("XDG_CACHE_HOME", "").strip()
    return os.path.join(named or os.path.expanduser("~/.cache"), "orchestrate")


def shipped_inputs() -> list[tuple[str, int, int]]:
    """(path, mtime in ns, size) of each file of ours that a compiled policy depends on."""
    top = Path(__file__).parent.parent
    data = top / "_data" if (top / "_data").is_dir() else top.parent
    folders = [top / "checks", top / "policy", top / "hooks", data / "rules", data / "schemas"]
    found = []
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".md", ".yaml", ".json"):
                about = path.stat()
                found.append((str(path), about.st_mtime_ns, about.st_size))
    return found
