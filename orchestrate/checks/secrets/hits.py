"""Secrets as they may be told: by rule, place, fingerprint and a few of their characters."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from orchestrate.checks.findings import Severity
from orchestrate.checks.secrets.allow import Permits, allowed_inline
from orchestrate.checks.secrets.text import Places, said

TYPE_CHECKING = False  # as typing's
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestrate.checks.secrets.confirming import Found
    from orchestrate.checks.secrets.rules import Rule


class Hit(NamedTuple):
    """One secret, without the secret. `start` and `end` are its offsets in the readable text.

    `fingerprint` depends on rule, path and secret only, so that it survives moved lines.
    """

    rule: str
    severity: Severity
    line: int
    column: int
    start: int
    end: int
    match: str
    fingerprint: str


def permitted(
    found: Iterable[Found], text: bytes, path: str, rules: tuple[Rule, ...], permits: Permits
) -> Iterator[Hit]:
    """What the policy does not accept, in order of place."""
    places = Places(text)
    for one in sorted(found, key=lambda one: one.start):
        line, column = places.of(one.start)
        rule = rules[one.rule]
        mark = fingerprint(rule.id, path, one.secret)
        if permits.allows_value(said(one.secret)) or mark in permits.baseline:
            continue
        if permits.inline and allowed_inline(text, one.start, rule.id):
            continue
        yield Hit(
            rule.id, rule.severity_at(path), line, column, one.start, one.end, masked(one.secret),
            mark,
        )  # fmt: skip


@lru_cache(maxsize=1024)
def fingerprint(rule: str, path: str, secret: bytes) -> str:
    """20 hex digits that name this secret in this file for this rule.

    A guess of the secret can be tested against it, so keep it where the file itself is kept.
    """
    import hashlib  # 3 ms, for who finds a secret

    text = b"\0".join((rule.encode(), path.encode("utf-8", "surrogateescape"), secret))
    return hashlib.blake2b(text, digest_size=10, person=b"orchestrate").hexdigest()


def masked(secret: bytes) -> str:
    """The secret's first characters, few enough to recognise and not to use, and its length."""
    text = said(secret)
    shown = 4 if len(text) >= 20 else 1 if len(text) >= 8 else 0
    return f"{text[:shown]}… ({len(text)} characters)"
