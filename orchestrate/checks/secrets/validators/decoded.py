"""Secrets that are encodings of something: what they decode to says whether they are one."""

import base64
import binascii
import re

from orchestrate.checks.secrets.judge import Grade, grade
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.names import Kind
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.placeholders import is_filler, is_made_up, is_reference
from orchestrate.checks.secrets.validators.candidate import Candidate

_NAMES_ITS_OWNER = lazy(
    r'(?i)"(?:iss|sub|aud|exp|iat|nbf|jti|azp|sid|scp|tid|oid|role|roles|scope|scopes|ref|key|token'
    r'|[\w-]*(?:user|client|account|tenant|customer|email|login|uid|_id|app|project|organi[sz]ation)[\w-]*)":'
)
_EXAMPLE_CLAIM = lazy(
    r'(?i)"1234567890"|john doe|jane doe|example'
    r'|"(?:test|foo|bar|joe|someone|user|subject|issuer|audience)"'
)


def jwt(candidate: Candidate) -> bool:
    """RFC 7519: two JSON objects; the first names a signature, the second somebody.

    Examples are left out: unsigned ("alg": "none", RFC 7518, 3.6), claims that name nobody, and
    those that documents and libraries show.
    """
    try:
        header, claims = (_json(part) for part in candidate.secret.split(".")[:2])
    except (ValueError, binascii.Error):
        return False
    signed = '"alg"' in header and not re.search(r'(?i)"alg"\s*:\s*"none"', header)
    named = _NAMES_ITS_OWNER.search(claims) is not None
    return signed and named and not _EXAMPLE_CLAIM.search(claims)


def _json(part: str) -> str:
    import json  # for who meets a token that looks like JSON

    text = base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode("utf-8", "strict")
    if not isinstance(json.loads(text), dict):
        raise ValueError("not an object")
    return text


def is_jwt_shaped(value: str) -> bool:
    """A JSON Web Token: the rule `jwt` judges those, by what they say."""
    return value.startswith("eyJ") and value.count(".") == 2


_PEM_EDGE = lazy(r"-----[A-Z0-9 ]+(?:-----)?")
_PEM_ROW = lazy(r"[A-Za-z0-9+/=]{24}")
_PEM_HEADER = lazy(r"^[A-Za-z][A-Za-z-]*:.*$", re.MULTILINE)


def private_key(candidate: Candidate) -> bool:
    """The body is DER (X.690: a SEQUENCE, 0x30), OpenSSH's own form, or encrypted."""
    if "ENCRYPTED" in candidate.secret:
        return True
    body = re.sub(r"[^A-Za-z0-9+/]", "", _PEM_HEADER.sub("", _PEM_EDGE.sub("", candidate.secret)))
    try:
        raw = base64.b64decode(body[: len(body) // 4 * 4])
    except binascii.Error:
        return False
    if len(raw) < 24 or not _PEM_ROW.search(candidate.secret):
        return False  # code that writes keys names the edges too
    pgp_packet = "PGP" in candidate.secret and raw[0] >= 0x80  # RFC 9580, 4.2: bit 7 is set
    return raw[0] == 0x30 or raw.startswith(b"openssh-key-v1\0") or pgp_packet


_KEY_FILE = lazy(r"(?i)\.(?:pem|key|priv|pk8|p8|pkcs8|asc|gpg)$")


def key_file(candidate: Candidate) -> bool:
    """The file is there to hold the key: by its name, or as nothing stands before it."""
    if _KEY_FILE.search(candidate.path):
        return True
    return candidate.path != "" and candidate.text[: candidate.at].strip() == b""


def is_of_a_key(candidate: Candidate) -> bool:
    """RFC 7517, 4.1: what says of which kind the key is stands beside its parts."""
    return '"kty"' in candidate.around(3000, 3000)


def basic_credentials(candidate: Candidate) -> bool:
    """RFC 7617: base64 of `user:password`, neither a placeholder."""
    try:
        said = base64.b64decode(candidate.secret + "=" * (-len(candidate.secret) % 4)).decode()
    except (ValueError, binascii.Error):
        return False
    user, colon, password = said.partition(":")
    if not colon or not said.isprintable() or not said.isascii() or len(password) < 4:
        return False
    if is_filler(candidate.secret) or is_filler(said) or password == user:
        return False
    if is_test_path(candidate.path):
        return grade(Kind.PASSWORD, password, in_tests=True) >= Grade.STRONG
    return not (
        is_made_up(password) or is_reference(password)
        or (user in ("user", "username", "foo", "test") and len(password) < 10)
    )  # fmt: skip


_OPEN = lazy(r"(?i)\s*[\"']?(?:user(?:_?name)?|host(?:_?name)?|port|[\w.-]*\.crt)[\"']?\s*:")
_CERTIFICATE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS"  # -----BEGIN CERTIFICATE


def base64_value(candidate: Candidate) -> bool:
    """Base64 of a text that is not a placeholder (Kubernetes Secrets), no name, no certificate."""
    if _OPEN.match(candidate.line) or candidate.secret.startswith(_CERTIFICATE):
        return False
    try:
        said = base64.b64decode(candidate.secret, validate=True)
        text = said.decode()
    except (ValueError, binascii.Error):
        return len(candidate.secret) >= 12
    return len(text) >= 4 and not is_filler(text) and not is_reference(text)


def discord(candidate: Candidate) -> bool:
    """discord.com/developers/docs/reference: the first part is the bot's id in base64."""
    first = candidate.secret.split(".", 1)[0]
    try:
        return base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).isdigit()
    except binascii.Error:
        return False
