"""A scanner made once and kept on disk, so that the next start costs milliseconds.

Rules kept here:

* A cache is a shortcut, never an authority: anything odd about it (age, owner, damage, another
  processor) means that it is made again.
* It is only read when it belongs to this user and nobody else can write it.
* Writing is a rename of a finished file: two processes that build it at once do no harm.
"""

import hashlib
import os
import threading
from functools import lru_cache
from pathlib import Path

from orchestrate import __version__, resources
from orchestrate.checks.secrets import matcher
from orchestrate.checks.secrets.rules import FORMAT, Ruleset, load, pack, unpack
from orchestrate.checks.secrets.scanner import Scanner

_SPLIT = 8  # bytes that say how long the packed rules are


_of_thread = threading.local()


def shipped_scanner() -> Scanner:
    """The scanner of the rules that ship, from the user's cache; each thread has its own."""
    found: Scanner | None = getattr(_of_thread, "scanner", None)
    if found is None:
        first = _first_scanner()
        assert isinstance(first.matcher, matcher.Hyperscan | matcher.Plain)
        found = _of_thread.scanner = Scanner(first.ruleset, first.matcher.copy())
    return found


@lru_cache(maxsize=1)
def _first_scanner() -> Scanner:
    import platformdirs

    folder = Path(platformdirs.user_cache_dir("orchestrate"))
    return scanner_for(resources.read("rules", "secrets.yaml"), folder)


def scanner_for(rules: bytes, cache: Path | None) -> Scanner:
    """The scanner of a rule file's bytes; `cache` is a folder, or None to keep nothing.

    Raises:
        FileError: the rules do not load.
    """
    key = f"{__version__}:{FORMAT}:{matcher.engine_version()}:".encode() + rules
    file = cache / f"secrets-{hashlib.sha256(key).hexdigest()[:32]}.bin" if cache else None
    kept = _read(file) if file else None
    if kept is not None:
        try:
            return _open(kept)
        except ValueError:
            pass  # damaged, or made on another machine: made again below
    ruleset = load(rules)[0]
    made = _joined(ruleset)
    if file is not None:
        _write(file, made)
    return _open(made)


def build_scanner(ruleset: Ruleset, *, plain: bool = False) -> Scanner:
    """A scanner made here and now; `plain` does without hyperscan."""
    if plain or not matcher.has_hyperscan():
        return Scanner(ruleset, matcher.Plain(ruleset))
    return _open(_joined(ruleset))


def _joined(ruleset: Ruleset) -> bytes:
    packed = pack(ruleset)
    database = b""
    if matcher.has_hyperscan():
        database = matcher.compile_database(matcher.expressions(ruleset))
    return len(packed).to_bytes(_SPLIT, "big") + packed + database


def _open(joined: bytes) -> Scanner:
    """Raises ValueError where the bytes are not what `_joined` makes here."""
    size = int.from_bytes(joined[:_SPLIT], "big")
    ruleset = unpack(joined[_SPLIT : _SPLIT + size])
    database = joined[_SPLIT + size :]
    if not database and not matcher.has_hyperscan():
        return Scanner(ruleset, matcher.Plain(ruleset))
    loaded = matcher.load_database(database)
    return Scanner(ruleset, matcher.Hyperscan(loaded, len(ruleset.forms)))


def _read(file: Path) -> bytes | None:
    try:
        with file.open("rb") as reading:
            about = os.fstat(reading.fileno())
            if about.st_uid != os.getuid() or about.st_mode & 0o022:
                return None
            return reading.read()
    except OSError:
        return None


def _write(file: Path, content: bytes) -> None:
    """Best effort: a cache that cannot be written is no reason to stop."""
    mode = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    fresh = file.with_name(f"{file.name}.{os.getpid()}.{os.urandom(4).hex()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, mode, 0o600), "wb") as writing:
            writing.write(content)
        fresh.replace(file)
    except OSError:
        return
