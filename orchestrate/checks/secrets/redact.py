"""Text without its secrets: `[redacted:<rule id>:<four hex digits>]` stands where each one was.

Rules kept here:

* Everything the runner stores goes through here. Both tiers are redacted: a word too many hidden
  costs little, a secret kept costs much.
* The four digits tell two secrets apart and are too few to confirm a guess.
* A file is read in blocks that overlap by more than any match is long, cut at line ends where there
  are any; a secret across a cut is seen whole in one of them. Memory stays within a few blocks.
"""

import hashlib
from pathlib import Path

from orchestrate.checks.secrets.budget import unlimited
from orchestrate.checks.secrets.cache import shipped_scanner
from orchestrate.checks.secrets.engine import Scanner, secrets_in
from orchestrate.checks.secrets.text import readable

BLOCK = 1_048_576  # bytes read at a time
OVERLAP = 32_768  # bytes seen twice: beyond the longest private key
AS_PATH = "output.log"  # what text of unknown origin is read as
CUT_SHORT = b"\n[cut: output over %d bytes]\n"


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


def redact_file(
    source: Path, target: Path, *, cap_bytes: int | None = None, scanner: Scanner | None = None
) -> int:
    """Write the redacted text of `source` to `target`; at most `cap_bytes` of it are read.

    Returns the bytes written. A longer source ends in a line that says it was cut.
    """
    scanner = scanner or shipped_scanner()
    left = source.stat().st_size if cap_bytes is None else cap_bytes
    written, pending = 0, b""
    with source.open("rb") as reading, target.open("wb") as writing:
        while block := reading.read(min(BLOCK, left)):
            left -= len(block)
            done, pending = _settled(pending + block, scanner)
            written += writing.write(done)
        written += writing.write(redact(pending, scanner=scanner))
        if cap_bytes is not None and reading.read(1):
            written += writing.write(CUT_SHORT % cap_bytes)
    return written


def _settled(text: bytes, scanner: Scanner) -> tuple[bytes, bytes]:
    """What can be written of `text`, redacted, and the raw rest that needs what comes after it."""
    if len(text) <= 2 * OVERLAP:
        return b"", text
    edge = len(text) - OVERLAP
    line_end = text.rfind(b"\n", edge - OVERLAP, edge)
    edge = line_end + 1 if line_end >= 0 else edge
    out, at = [], 0
    for start, end, mark in _marks(text, AS_PATH, scanner):
        if start >= edge:
            break
        out += [text[at:start], mark]
        at = end
    edge = max(edge, at)
    return b"".join([*out, text[at:edge]]), text[edge:]


def _marks(text: bytes, path: str, scanner: Scanner) -> list[tuple[int, int, bytes]]:
    """(start, end, replacement) of each secret in `text`, in order."""
    rules = scanner.ruleset.rules
    found = sorted(secrets_in(text, path, scanner, unlimited()), key=lambda one: one.start)
    return [(one.start, one.end, _mark(rules[one.rule].id, one.secret)) for one in found]


def _mark(rule: str, secret: bytes) -> bytes:
    digits = hashlib.blake2b(secret, digest_size=2, person=b"redacted").hexdigest()
    return f"[redacted:{rule}:{digits}]".encode()
