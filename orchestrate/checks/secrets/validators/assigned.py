"""Pairs of a name and a value, as code and settings assign them.

The name says what the value would be (`names.py`), and with that how much it has to prove.
"""

import re

from orchestrate.checks.secrets.judge import Grade, grade, looks_random
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.names import Kind, kind_of
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.placeholders import is_filler, is_made_up
from orchestrate.checks.secrets.plain import (
    is_comment,
    is_phrase,
    is_plain_password,
    is_translation,
)
from orchestrate.checks.secrets.validators.candidate import Candidate, Validator
from orchestrate.checks.secrets.validators.decoded import is_jwt_shaped, jwt
from orchestrate.checks.secrets.validators.passwords import is_prose


def graded(kinds: tuple[Kind, ...], least: Grade, most: Grade = Grade.STRONG) -> Validator:
    """A validator of names of these kinds, whose value is judged from `least` to `most`."""

    def judged(candidate: Candidate) -> bool:
        kind = kind_of(candidate.name)
        if kind not in kinds or is_prose(candidate) or _names_a_public_key(candidate):
            return False
        in_tests = is_test_path(candidate.path)
        if kind is Kind.KEY and not in_tests and _is_a_ciphers(candidate):
            kind = Kind.SECRET
        found = grade(kind, candidate.secret, in_tests=in_tests)
        if found is Grade.WEAK and is_translation(candidate.path):
            return False  # labels: "password": "Passwort:"
        return least <= found <= most and not is_jwt_shaped(candidate.secret)

    return judged


_CIPHER = lazy(r"(?i)\b(?:aes|des|3des|rc4|xxtea|blowfish|cipher|secretkeyspec)\b|aesutil|crypt")
_KEY_SIZES = (16, 24, 32)  # bytes of a key of AES (FIPS 197)


def _is_a_ciphers(candidate: Candidate) -> bool:
    """A key as long as ciphers want it, with one named beside it or by the file."""
    beside = candidate.path + " " + candidate.around(400, 400)
    return len(candidate.secret) in _KEY_SIZES and _CIPHER.search(beside) is not None


_SIGNER = lazy(r"(?i)(?:sign(?:ing|ed)?|gpg|pgp|maintainer|recv)[\w.-]*key|fingerprint")
_KEY_ID = lazy(r"(?:0x)?(?:[0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40})")


def _names_a_public_key(candidate: Candidate) -> bool:
    """A key id or fingerprint as gpg prints it (RFC 9580, 5.5.4), which is there to be shown."""
    return (
        _KEY_ID.fullmatch(candidate.secret) is not None
        and _SIGNER.search(candidate.name) is not None
    )


def named_value(candidate: Candidate) -> bool:
    """A pair of name and value: a password may be a word, a key must look drawn."""
    kind, in_tests = kind_of(candidate.name), is_test_path(candidate.path)
    if is_translation(candidate.path):
        return False
    if kind is Kind.PASSWORD and is_plain_password(candidate.secret) and not in_tests:
        return not is_made_up(candidate.secret)
    wanted = kind in (Kind.PASSWORD, Kind.SECRET)
    return wanted and grade(kind, candidate.secret, in_tests=in_tests) >= Grade.STRONG


def phrase(candidate: Candidate) -> bool:
    """A phrase that nobody has to replace, in a line that is no comment."""
    return is_phrase(candidate.secret) and not is_comment(candidate.line)


def named_or_phrase(candidate: Candidate) -> bool:
    """A password, a word as well; or what signs, a phrase as well; else what looks drawn."""
    if re.search(r"(?i)secret|jwt|encryption_key|app_key", candidate.name):
        return kind_of(candidate.name) is not Kind.NONE and phrase(candidate)
    return not is_comment(candidate.line) and named_value(candidate)


def key_material(candidate: Candidate) -> bool:
    """A key that encrypts, a salt or a vector by its name: `aesKey`, `keyBytes`; not `rowKey`."""
    name = candidate.name.lower()
    if name in ("", "iv", "ivbytes", "keybytes", "key_bytes"):
        return True
    if len(candidate.secret) in _KEY_SIZES and looks_random(candidate.secret):
        return True
    return kind_of(candidate.name) in (Kind.SECRET, Kind.SALT)


def strong_any(candidate: Candidate) -> bool:
    """What the name promises, and looks it; in tests as well."""
    kind = kind_of(candidate.name)
    return grade(kind, candidate.secret) >= Grade.STRONG


def random_token(candidate: Candidate) -> bool:
    """Drawn at random; a JSON Web Token by what it says."""
    if is_jwt_shaped(candidate.secret):
        return jwt(candidate)
    in_tests = is_test_path(candidate.path)
    return grade(Kind.SECRET, candidate.secret, in_tests=in_tests) >= Grade.STRONG


def salt_value(candidate: Candidate) -> bool:
    """Drawn at random from all printable characters, which `is_reference` would take for code."""
    slot = candidate.secret.startswith(("{", "$")) and candidate.secret.endswith(("}", ")"))
    return not slot and not is_filler(candidate.secret) and looks_random(candidate.secret)
