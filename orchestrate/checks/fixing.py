"""Safe repairs: what a machine may change in a file without asking. Pure: bytes in, bytes out."""

from collections.abc import Mapping

from orchestrate.checks.hygiene import line_ends
from orchestrate.checks.secrets.text import is_binary

# The builtins (and ids) whose findings `repaired` takes away.
FIXABLE = frozenset(["mixed-line-endings", "no-final-newline", "byte-order-mark"])


def repaired(data: bytes, builtins: frozenset[str]) -> bytes:
    """The file without the flaws of these builtins; a binary file as it is."""
    if is_binary(data):
        return data
    if "byte-order-mark" in builtins:
        data = data.removeprefix(b"\xef\xbb\xbf")
    ends = line_ends(data)
    if "mixed-line-endings" in builtins and len(ends) > 1:
        data = _with_one_end(data, ends)
        ends = line_ends(data)
    if "no-final-newline" in builtins and data and not data.endswith((b"\n", b"\r")):
        data += max(ends, key=lambda end: ends[end], default=b"\n")
    return data


def _with_one_end(data: bytes, ends: Mapping[bytes, int]) -> bytes:
    """Every line ended as most are; LF where it is a draw."""
    wanted = max(ends, key=lambda end: (ends[end], end == b"\n"))
    plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return plain.replace(b"\n", wanted)
