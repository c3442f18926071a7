"""Text without its secrets: `[redacted:<rule id>:<four hex digits>]` stands where each one was.

Rules kept here:

* Everything the runner stores goes through here. Both tiers are redacted: a word too many hidden
  costs little, a secret kept costs much.
* The four digits tell two secrets apart and are too few to confirm a guess.
"""

import hashlib

from orchestrate.checks.secrets.budget import unlimited
from orchestrate.checks.secrets.cache import shipped_scanner
from orchestrate.checks.secrets.engine import secrets_in
from orchestrate.checks.secrets.scanner import Scanner
from orchestrate.checks.secrets.text import readable

AS_PATH = "output.log"  # what text of unknown origin is read as


def redact(data: bytes, *, path: str = AS_PATH, scanner: Scanner | None = None) -> bytes:
    """`data` with each secret replaced; UTF-16 comes back as UTF-8. `path` says whose
    formats to expect.
    """
    scanner = scanner or shipped_scanner()
    text = readable(data)
    out, at = [], 0
    for start, end, mark in _marks(text, path, scanner):
        out += [text[at:start], mark]
        at = end
    return b"".join([*out, text[at:]])


def _marks(text: bytes, path: str, scanner: Scanner) -> list[tuple[int, int, bytes]]:
    """(start, end, replacement) of each secret in `text`, in order."""
    rules = scanner.ruleset.rules
    found = sorted(secrets_in(text, path, scanner, unlimited()), key=lambda one: one.start)
    return [(one.start, one.end, _mark(rules[one.rule].id, one.secret)) for one in found]


def _mark(rule: str, secret: bytes) -> bytes:
    digits = hashlib.blake2b(secret, digest_size=2, person=b"redacted").hexdigest()
    return f"[redacted:{rule}:{digits}]".encode()
