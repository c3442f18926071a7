"""Text without its secrets: `[redacted:<rule id>:<four hex digits>]` stands where each one was.

Rules kept here:

* Everything the runner stores goes through here. Both tiers are redacted: a word too many hidden
  costs little, a secret kept costs much.
* A text with more candidates than are looked at is not kept at all: what was not read could be a
  secret anywhere in it.
* A value that was found to be a secret in one place is hidden in every other one too.
* The four digits tell two secrets apart and are too few to confirm a guess.
"""

import hashlib

from orchestrate.checks.secrets.budget import budget_for
from orchestrate.checks.secrets.cache import shipped_scanner
from orchestrate.checks.secrets.engine import secrets_in
from orchestrate.checks.secrets.scanner import Scanner
from orchestrate.checks.secrets.text import readable

TOO_MANY = b"[redacted: %d bytes with more candidates for secrets than are looked at]\n"
SHORTEST_REPEATED = 8  # bytes of a secret that is looked for elsewhere
MAX_REPEATED = 200  # different ones: each is another pass over the text
AS_PATH = "output.log"  # what text of unknown origin is read as


def redact(data: bytes, *, path: str = AS_PATH, scanner: Scanner | None = None) -> bytes:
    """`data` with each secret replaced; UTF-16 comes back as UTF-8. `path` says whose
    formats to expect.
    """
    scanner = scanner or shipped_scanner()
    text = readable(data)
    budget = budget_for(len(text))
    found = secrets_in(text, path, scanner, budget)
    if budget.is_spent:
        return TOO_MANY % len(text)
    marks = {one.secret: _mark(scanner.ruleset.rules[one.rule].id, one.secret) for one in found}
    repeated = [secret for secret in marks if len(secret) >= SHORTEST_REPEATED][:MAX_REPEATED]
    out, at = [], 0
    for one in sorted(found, key=lambda one: one.start):
        out += [_without(text[at : one.start], repeated, marks), marks[one.secret]]
        at = one.end
    return b"".join([*out, _without(text[at:], repeated, marks)])


def _without(text: bytes, secrets: list[bytes], marks: dict[bytes, bytes]) -> bytes:
    for secret in secrets:
        text = text.replace(secret, marks[secret])
    return text


def _mark(rule: str, secret: bytes) -> bytes:
    digits = hashlib.blake2b(secret, digest_size=2, person=b"redacted").hexdigest()
    return f"[redacted:{rule}:{digits}]".encode()
