"""Whether a value that was assigned to a promising name is a secret: the generic rules' judgement.

Rules kept here:

* The name says how much the value has to prove: a password may be short, a `key` must look drawn
  at random.
* A value made of words is not a secret of any kind, whatever its entropy says; a value drawn at
  random has letters in an order that words do not have, or mixes kinds of characters.
* STRONG is meant to be right nine times in ten; WEAK is what a person should look at.
"""

import base64
import re
from enum import IntEnum
from functools import lru_cache

from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.names import Kind
from orchestrate.checks.secrets.placeholders import (
    is_example_word,
    is_filler,
    is_leet,
    is_made_up,
    is_reference,
)
from orchestrate.checks.secrets.text import entropy
from orchestrate.checks.secrets.wordlike import LIKE_WORDS, parts, surprise


class Grade(IntEnum):
    """How sure the judgement is."""

    NONE = 0
    WEAK = 1
    STRONG = 2


IN_TESTS = 16  # characters that a key has to have there

_UUID = lazy(r"(?i)[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_HEX = lazy(r"(?i)(?:0x)?[0-9a-f]+")
_PATH = lazy(
    r"^(?:\.{0,2}/[\w.-]{0,20}(?:/|$)|~/|[A-Za-z]:\\|[a-z][a-z0-9+.-]*://|www\.)"
    r"|^[a-z./-]+/$|\.(?:com|org|net|io|html?|js|json|ya?ml|py|txt|pem|crt|key|php|xml|png|svg|local)\b"
)
_NAME_LIKE = lazy(r"[A-Za-z_$][\w$]*(?:[.:/-][A-Za-z_$][\w$]*)*[.:]?")
_WORD_AND_NUMBER = lazy(r"[A-Za-z]{3,}[0-9]{2,6}[!@#$%.*?_+~-]*")
_HASHED = lazy(
    r"^(?:\{\w+\}|\w{0,16}\$[\w.-]+\$|(?:pbkdf2|bcrypt|argon2|scrypt|sha1|md5)[_:$])"
    r"|^\*[0-9A-F]{40}$|^md5[0-9a-f]{32}$"
)
_NAMED = lazy(r"[a-z]{2,}(?:[_.-][a-z]{2,})+[_.-]v\d{1,2}")  # acme_token_v2
_RANGES = lazy(r"\[[^\]]*(?:[aA]-[zZ]|0-9)")  # a regular expression's
_DIGEST = lazy(r"(?i)(?:md5|sha\d{1,3})[=:-]")
_PUBLIC = lazy(r"^AAAA(?:[BCE]3NzaC1|E2VjZHNhLXNo|GnNrLXNza)")  # RFC 4253, 6.6: ssh-rsa ...
_ESCAPED = lazy(r"\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\[0-7]{3}")
_KEY_PATH = lazy(r"[A-Za-z]\w+\\{1,2}[A-Za-z]\w+\\|^[A-Z]\w+\\{1,2}\w+$")  # registry, Windows
_SAYS = lazy(r"%[0-9A-Fa-f]{2}.*%[0-9A-Fa-f]{2}|^%[A-F0-9]{2}")  # encoded for a URL
_PROSE = lazy(r"\s\S+\s")
_MARKUP = lazy(r"^[,;]|[<>{}()|\[\]]|/\w+/|\\[wdsbSDW]|\]\+|\.\*")


@lru_cache(maxsize=4096)
def grade(kind: Kind, value: str, *, in_tests: bool = False) -> Grade:
    """How sure it is that `value` is a secret of the kind its name promises.

    Tests, documentation and examples are full of made-up values: there, only what looks drawn by a
    machine counts.
    """
    value = value.removeprefix("{noop}")  # Spring Security: the password follows as it is
    if kind is Kind.NONE or is_filler(value) or is_reference(value) or is_made_up(value):
        return Grade.NONE
    if _PROSE.search(value) or _PATH.search(value) or _SAYS.search(value):
        return Grade.NONE
    if _PUBLIC.search(value) or _KEY_PATH.search(value):
        return Grade.NONE
    value = _ESCAPED.sub("e", value)
    if _NAMED.fullmatch(value) and surprise(value) < LIKE_WORDS:
        return Grade.NONE
    if kind is Kind.PASSWORD:
        found = _password(value, shortest=8 if in_tests else 6)
    elif kind is Kind.SALT:
        found = min(Grade.WEAK, _token(value, kind, shortest=12))
    else:
        found = _token(
            value, kind, shortest=IN_TESTS if in_tests else 12 if kind is Kind.SECRET else 20
        )
    return found if found is Grade.STRONG or not in_tests else Grade.NONE


def _password(value: str, *, shortest: int) -> Grade:
    if (
        not 5 <= len(value) <= 128
        or _MARKUP.search(value)
        or _HASHED.search(value)
        or _DIGEST.match(value)
    ):
        return Grade.NONE
    if is_example_word(value.rstrip("0123456789!@#$%.*?")):  # admin123, Password1!
        return Grade.NONE
    if "password" in value.lower() and sum(map(str.isdigit, value)) < 3:
        return Grade.NONE  # a-fine-test-password-1
    if looks_random(value):
        return Grade.WEAK if is_leet(value) or len(value) < shortest else Grade.STRONG
    if value.isalpha() and (value.islower() or value.istitle() or value.isupper()):
        return Grade.WEAK if surprise(value) >= LIKE_WORDS and len(value) >= 8 else Grade.NONE
    if _WORD_AND_NUMBER.fullmatch(value):
        return Grade.STRONG if shortest == 6 else Grade.WEAK
    if shortest == 6 and _joined_kinds(value):
        return Grade.STRONG
    return Grade.NONE if is_identifier(value) else Grade.WEAK


def _joined_kinds(value: str) -> bool:
    """Whether a generator of memorable passwords may have made it: `stoneBJ404_delta`."""
    digits = sum(map(str.isdigit, value))
    cases = any(map(str.isupper, value[1:])) and any(map(str.islower, value))
    return len(value) >= 10 and digits >= 3 and cases


def _token(value: str, kind: Kind, *, shortest: int) -> Grade:
    if len(value) < 10 or len(value) > 2000 or re.search(r"[\s<>()|,;]", value):
        return Grade.NONE
    if _DIGEST.match(value) or _RANGES.search(value):
        return Grade.NONE
    if _UUID.fullmatch(value):
        return Grade.STRONG if shortest == 12 else Grade.WEAK
    if _HEX.fullmatch(value) and not value.isdigit():
        if shortest == IN_TESTS and kind is Kind.KEY:
            return Grade.NONE  # a test vector
        enough = len(value) >= (16 if kind is Kind.SECRET else 20)
        return Grade.STRONG if enough and entropy(value.encode()) > 2.7 else Grade.WEAK
    if value.isdigit() or not looks_random(value) or _decodes_to_text(value):
        return Grade.NONE
    return Grade.STRONG if len(value) >= shortest and entropy(value.encode()) > 3.0 else Grade.WEAK


def _decodes_to_text(value: str) -> bool:
    """Whether `value` is base64 of words: `YSBzZWNyZXQ=` says "a secret"."""
    try:
        said = base64.b64decode(value, validate=True).decode().strip()
    except ValueError:
        return False
    return said.isprintable() and not looks_random(said)


def is_identifier(value: str) -> bool:
    """Whether `value` reads as a name in a program: `user_password`, `auth.token.invalid`."""
    digits = sum(map(str.isdigit, value))
    return digits < 3 and _NAME_LIKE.fullmatch(value) is not None and surprise(value) < LIKE_WORDS


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
    if digits >= 6 and other == 0 and len(value) >= 20 and len(runs) >= 5:
        return True  # typed at random: long, and back and forth between letters and digits
    inner = sum(not char.isalnum() and char not in "_-. /:" for char in value)
    if inner and digits and letters >= 2 and len(value) >= 7:
        return bits >= 4.0
    return bits >= LIKE_WORDS and (digits > 0 or inner > 0 or bits >= 5.5) and letters >= 4
