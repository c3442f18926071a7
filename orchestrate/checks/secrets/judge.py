"""Whether a value that was assigned to a promising name is a secret: the generic rules' judgement.

Rules kept here:

* The name says how much the value has to prove: a password may be short, a `key` must look drawn
  at random.
* A value made of words is not a secret of any kind, whatever its entropy says; a value drawn at
  random has letters in an order that words do not have, or mixes kinds of characters.
* STRONG is meant to be right nine times in ten; WEAK is what a person should look at.
"""

import re
from enum import IntEnum
from functools import lru_cache

from orchestrate.checks.secrets.names import Kind
from orchestrate.checks.secrets.placeholders import is_example_word, is_filler, is_reference
from orchestrate.checks.secrets.text import entropy
from orchestrate.checks.secrets.wordlike import parts, surprise


class Grade(IntEnum):
    """How sure the judgement is."""

    NONE = 0
    WEAK = 1
    STRONG = 2


_UUID = re.compile(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_HEX = re.compile(r"(?i)(?:0x)?[0-9a-f]+")
_PATH = re.compile(
    r"^(?:\.{0,2}/|~/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*://|www\.)|\.(?:com|org|net|io|html?|js|json|ya?ml|py|txt|pem|crt|key|php|xml|png|svg|local)\b"
)
_NAME_LIKE = re.compile(r"[A-Za-z_$][\w$]*(?:[.:/-][A-Za-z_$][\w$]*)*[.:]?")
_WORD_AND_NUMBER = re.compile(r"[A-Za-z]{3,}[0-9]{1,6}[!@#$%.*?]*")
_PROSE = re.compile(r"\s\S+\s")
_WORDS = 4.85  # bits a letter; above it nine random strings in ten, below it nine words in ten
_MARKUP = re.compile(r"[<>{}()|\[\]]|\\[wdsbSDW]|\]\+|\.\*")


@lru_cache(maxsize=4096)
def grade(kind: Kind, value: str) -> Grade:
    """How sure it is that `value` is a secret of the kind its name promises."""
    if kind is Kind.NONE or is_filler(value) or is_reference(value) or is_example_word(value):
        return Grade.NONE
    if _PROSE.search(value) or _PATH.search(value):
        return Grade.NONE
    if kind is Kind.PASSWORD:
        return _password(value)
    if kind is Kind.SALT:
        return min(Grade.WEAK, _token(value, shortest=12))
    return _token(value, shortest=10 if kind is Kind.SECRET else 20)


def _password(value: str) -> Grade:
    if not 5 <= len(value) <= 128 or _MARKUP.search(value):
        return Grade.NONE
    if looks_random(value):
        return Grade.STRONG if len(value) >= 6 else Grade.WEAK
    if value.isalpha() and (value.islower() or value.istitle() or value.isupper()):
        return Grade.NONE
    if value.isdigit() or _WORD_AND_NUMBER.fullmatch(value):
        return Grade.WEAK
    return Grade.NONE if is_identifier(value) else Grade.WEAK


def _token(value: str, *, shortest: int) -> Grade:
    if len(value) < shortest or len(value) > 2000 or re.search(r"[\s<>()|,;]", value):
        return Grade.NONE
    if _UUID.fullmatch(value):
        return Grade.WEAK
    if _HEX.fullmatch(value) and not value.isdigit():
        return Grade.STRONG if len(value) >= 16 and entropy(value.encode()) > 2.7 else Grade.WEAK
    if value.isdigit() or not looks_random(value):
        return Grade.NONE
    return Grade.STRONG if entropy(value.encode()) > 3.0 else Grade.WEAK


def is_identifier(value: str) -> bool:
    """Whether `value` reads as a name in a program: `user_password`, `auth.token.invalid`."""
    return _NAME_LIKE.fullmatch(value) is not None and surprise(value) < _WORDS


def looks_random(value: str) -> bool:
    """Whether the characters of `value` come in an order that words and names do not have."""
    runs = parts(value)
    letters = sum(map(str.isalpha, value))
    digits = sum(map(str.isdigit, value))
    other = len(value) - letters - digits
    if letters == 0:
        return digits >= 4 and other >= 2
    bits = surprise(value)
    short = sum(len(run) <= 2 for run in runs)
    mixing = len(runs) / len(value)
    if digits == 0 and other == 0:
        return len(value) >= 8 and (bits >= 5.3 or (mixing >= 0.34 and bits >= 4.4))
    if digits and mixing >= 0.3 and short * 2 >= len(runs) and (bits >= 3.6 or len(runs) >= 5):
        return True
    inner = sum(not char.isalnum() and char not in "_-. /:" for char in value)
    if inner and digits and letters >= 2 and len(value) >= 7:
        return bits >= 4.0
    return bits >= _WORDS and (digits > 0 or inner > 0 or bits >= 5.5) and letters >= 4
