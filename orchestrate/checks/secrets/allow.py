"""What the scanner may be told to overlook: paths, stop-words, known findings, marked lines.

A mark is a comment on the line or on the one above: `orchestrate: allow <rule id> <reason>`. It
counts only with a reason, and only for the rules it names.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from orchestrate.checks.secrets.lazy import lazy

_MARK = lazy(rb"orchestrate:\s*allow\s+([a-z0-9-]+(?:\s*,\s*[a-z0-9-]+)*)\s+(\S[^\n]*)")
_LONGEST = 2000  # bytes of a line that are searched for a mark, on either side


class Permits(NamedTuple):
    """The policy's exceptions. `baseline` holds fingerprints of findings that are known."""

    paths: tuple[str, ...] = ()
    stopwords: tuple[str, ...] = ()
    inline: bool = True
    baseline: frozenset[str] = frozenset()

    def allows_path(self, path: str) -> bool:
        """Whether files at `path` are not scanned."""
        if not self.paths:
            return False
        from orchestrate.policy.globs import globs

        return globs(self.paths).match(path)

    def allows_value(self, secret: str) -> bool:
        """Whether a stop-word stands in the secret, whatever its case."""
        folded = secret.casefold()
        return any(word.casefold() in folded for word in self.stopwords)


def allowed_inline(text: bytes, at: int, rule: str) -> bool:
    """Whether the line that holds offset `at`, or the line above it, carries a mark for `rule`."""
    start = text.rfind(b"\n", max(0, at - _LONGEST), at)
    above = text.rfind(b"\n", max(0, start - _LONGEST), start) if start > 0 else -1
    end = text.find(b"\n", at, at + _LONGEST)
    lines = text[above + 1 : at + _LONGEST if end < 0 else end]
    return any(rule.encode() in re.split(rb"[\s,]+", ids) for ids, _ in _MARK.findall(lines))
