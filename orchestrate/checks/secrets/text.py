"""Bytes as the engine reads them, and places in them.

Rules kept here:

* Patterns see bytes. UTF-8 and Latin-1 are read as they stand, UTF-16 with a byte order mark as
  UTF-8; line numbers are the same in both.
* What a language writes as an escape inside a string (a newline, a tab, a quote) is read as that
  character, padded so that every offset stays where it was.
"""

import codecs
import math
from collections import Counter

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SNIFF = 8_000  # bytes looked at to tell text from binary, as git does
_CONTINUES = bytes(range(0x80, 0xC0))  # no first byte of a character in UTF-8
_COUNTED = 4096  # bytes before a place that are counted as characters
_ESCAPES = ((b"\\n", b" \n"), (b"\\r", b" \n"), (b"\\t", b"  "), (b'\\"', b'""'), (b"\\'", b"''"))


def words(text: str) -> frozenset[str]:
    """The words of a list written over several lines."""
    return frozenset(text.split())


def readable(data: bytes) -> bytes:
    """`data` as bytes that ASCII patterns can be run over."""
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data


def said(raw: bytes) -> str:
    """The bytes as text; what is no UTF-8 becomes a mark."""
    return raw.decode("utf-8", "replace")


def is_binary(data: bytes) -> bool:
    """Whether git would call it binary: a NUL among the first bytes."""
    return data.find(b"\0", 0, _SNIFF) >= 0


def unescaped(text: bytes) -> bytes:
    """`text` with its string escapes read as what they stand for; the length is the same."""
    if b"\\" in text:
        for written, meant in _ESCAPES:
            text = text.replace(written, meant)
    return text


def entropy(value: bytes) -> float:
    """Shannon entropy of the bytes in `value`, in bits per byte."""
    size = len(value)
    return -sum(n / size * math.log2(n / size) for n in Counter(value).values()) if size else 0.0


class Places:
    """Line and column of offsets asked for in ascending order; each byte is looked at once."""

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._at = 0
        self._line = 1
        self._line_start = 0

    def of(self, offset: int) -> tuple[int, int]:
        """Line and column of `offset`, from 1; columns count characters of UTF-8."""
        self._line += self._text.count(b"\n", self._at, offset)
        last = self._text.rfind(b"\n", self._at, offset)
        if last >= 0:
            self._line_start = last + 1
        self._at = max(self._at, offset)
        counted = max(self._line_start, offset - _COUNTED)
        near = self._text[counted:offset]
        return self._line, 1 + counted - self._line_start + len(near.translate(None, _CONTINUES))
