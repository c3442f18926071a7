"""Named tests of a candidate that a pattern cannot express; a rule lists those it needs."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

from orchestrate.checks.secrets.judge import Grade, grade, looks_random
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.names import Kind, kind_of
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.placeholders import (
    is_example_word,
    is_filler,
    is_made_up,
    is_reference,
)
from orchestrate.checks.secrets.plain import (
    ends_its_line,
    is_comment,
    is_phrase,
    is_plain_password,
    is_translation,
    stands_by_a_login,
)

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


class Candidate(NamedTuple):
    """What a pattern matched: the secret, the name it was assigned to ("" if none), where.

    `text` is the file and `at` the secret's offset in it.
    """

    secret: str
    name: str
    line: str
    path: str
    text: bytes = b""
    at: int = 0

    def around(self, before: int = 300, after: int = 300) -> str:
        """The text that surrounds the secret; quotes inside a string are read as quotes."""
        near = self.text[max(0, self.at - before) : self.at + len(self.secret) + after]
        return near.decode("utf-8", "replace").replace('\\"', '"')


def base62_crc32(body: str) -> str:
    """The six characters that GitHub and npm append to a token's random part.

    Source: github.blog, "Behind GitHub's new authentication token formats" (2021): a CRC-32 in
    base 62, padded with zeros.
    """
    rest, digits = zlib.crc32(body.encode()), ""
    while rest:
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return digits.rjust(6, "0")


def _checksum(candidate: Candidate) -> bool:
    body = candidate.secret.split("_", 1)[1]
    return base62_crc32(body[:-6]) == body[-6:]


_NAMES_ITS_OWNER = lazy(
    r'(?i)"(?:iss|sub|aud|exp|iat|nbf|jti|azp|sid|scp|tid|oid|role|roles|scope|scopes|ref|key|token'
    r'|[\w-]*(?:user|client|account|tenant|customer|email|login|uid|_id|app|project|organi[sz]ation)[\w-]*)":'
)
_EXAMPLE_CLAIM = lazy(
    r'(?i)"1234567890"|john doe|jane doe|example'
    r'|"(?:test|foo|bar|joe|someone|user|subject|issuer|audience)"'
)


def _jwt(candidate: Candidate) -> bool:
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


_PEM_EDGE = lazy(r"-----[A-Z0-9 ]+(?:-----)?")
_PEM_ROW = lazy(r"[A-Za-z0-9+/=]{24}")
_PEM_HEADER = lazy(r"^[A-Za-z][A-Za-z-]*:.*$", re.MULTILINE)


def _private_key(candidate: Candidate) -> bool:
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


def _basic(candidate: Candidate) -> bool:
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


def _base64_value(candidate: Candidate) -> bool:
    """Base64 of a text that is not a placeholder (Kubernetes Secrets)."""
    try:
        said = base64.b64decode(candidate.secret, validate=True)
        text = said.decode()
    except (ValueError, binascii.Error):
        return len(candidate.secret) >= 12
    return len(text) >= 4 and not is_filler(text) and not is_reference(text)


def _mixed(candidate: Candidate) -> bool:
    """Letters and digits both: a random string of 16 characters has them 19 times in 20."""
    return any(map(str.isdigit, candidate.secret)) and any(map(str.isalpha, candidate.secret))


def _chosen(candidate: Candidate) -> bool:
    """A value a person chose: not a placeholder, reference or example word."""
    value = candidate.secret
    return not (is_filler(value) or is_reference(value) or is_example_word(value))


_LOGIN_BEFORE = lazy(rb"\blogin[ \t\r\n]+(\S+)")


def _not_anonymous(candidate: Candidate) -> bool:
    """RFC 1635: anonymous FTP takes any text, by custom an address, for a password."""
    before = candidate.text[max(0, candidate.at - 200) : candidate.at]
    logins = _LOGIN_BEFORE.findall(before)
    return not (logins and logins[-1] in (b"anonymous", b"ftp"))


def _not_a_reference(candidate: Candidate) -> bool:
    return not is_reference(candidate.secret)


def _token(candidate: Candidate) -> bool:
    return not is_filler(candidate.secret)


def _drawn(candidate: Candidate) -> bool:
    """What follows the prefix is drawn at random and no name in a program: `test_DoesThis`."""
    body = re.sub(r"^[A-Za-z]{1,10}[_.-]", "", candidate.secret)
    return _mixed(candidate._replace(secret=body)) and looks_random(body)


def _discord(candidate: Candidate) -> bool:
    """discord.com/developers/docs/reference: the first part is the bot's id in base64."""
    first = candidate.secret.split(".", 1)[0]
    try:
        return base64.urlsafe_b64decode(first + "=" * (-len(first) % 4)).isdigit()
    except binascii.Error:
        return False


_EXAMPLE_HOST = lazy(
    r"(?:^|\.)example\b|^(?:host(?:name)?|server|domain|your\w*|proxy)(?:$|[:/_-]|\.(?:com|tld|domain))|[{<$%]|\.{3}"
)


_PERCENT = lazy(r"%([0-9A-Fa-f]{2})")


def _unquoted(text: str) -> str:
    """`text` without its percent-encoding (RFC 3986, 2.1); urllib.parse would cost 5 ms to load."""
    return _PERCENT.sub(lambda code: chr(int(code[1], 16)), text)


_LOCAL_HOST = lazy(r"(?i)^(?:localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker|\w+$|\w+[:/])")


def _url_password(candidate: Candidate) -> bool:
    if _EXAMPLE_HOST.search(candidate.name):
        return False
    said = candidate._replace(secret=_unquoted(candidate.secret))
    if _likely_password(said):
        return True
    if _LOCAL_HOST.search(candidate.name) and not _settings_of_a_database(candidate):
        return False
    return _given_password(said)


_SETTINGS = lazy(r"(?i)(?:^|/)\.env|\.(?:env|ini|cfg|conf|toml|ya?ml|properties)$|config|settings")


def _settings_of_a_database(candidate: Candidate) -> bool:
    """Whether a configuration names this user of a database, who is called otherwise."""
    url = re.search(
        rf"(?i)(?:postgres\w*|mysql\w*|mariadb\w*|mongodb\w*|amqps?|redis)(?:\+\w+)?://([^\s:/@]*)"
        rf":{re.escape(candidate.secret)}@",
        candidate.line,
    )
    return (
        url is not None
        and _SETTINGS.search(candidate.path) is not None
        and url[1].lower() != candidate.secret.lower()
        and not is_made_up(candidate.secret)
    )


def _connection_password(candidate: Candidate) -> bool:
    return _likely_password(candidate._replace(secret=_unquoted(candidate.secret)))


_SQL = lazy(r"(?i)\b(?:create|alter|grant|set)\b.*\b(?:user|role|login|password|identified)\b")


def _sql_context(candidate: Candidate) -> bool:
    return _SQL.search(candidate.line) is not None


def _salt_value(candidate: Candidate) -> bool:
    """Drawn at random from all printable characters, which `is_reference` would take for code."""
    slot = candidate.secret.startswith(("{", "$")) and candidate.secret.endswith(("}", ")"))
    return not slot and not is_filler(candidate.secret) and looks_random(candidate.secret)


def _plain_setting(candidate: Candidate) -> bool:
    """In a settings file: a password's name, and one word to the end of the line."""
    if kind_of(candidate.name) is not Kind.PASSWORD or is_test_path(candidate.path):
        return False
    if is_translation(candidate.path) or not is_plain_password(candidate.secret):
        return False
    return ends_its_line(candidate.secret, candidate.line)


def _plain_beside_login(candidate: Candidate) -> bool:
    """In code: a password's name, a word in quotes, and a user or a host written down beside it."""
    if kind_of(candidate.name) is not Kind.PASSWORD or is_test_path(candidate.path):
        return False
    value, shortest = candidate.secret, 3 if candidate.secret.isdigit() else 4
    if is_translation(candidate.path) or not is_plain_password(value, shortest=shortest):
        return False
    if is_made_up(value) or is_comment(candidate.line):
        return False
    return not _is_prose(candidate) and stands_by_a_login(candidate.secret, candidate.around())


def _plain_in_code(candidate: Candidate) -> bool:
    """As above, with nobody beside it."""
    if kind_of(candidate.name) is not Kind.PASSWORD or is_test_path(candidate.path):
        return False
    if is_translation(candidate.path) or _is_prose(candidate) or is_comment(candidate.line):
        return False
    if is_made_up(candidate.secret):
        return False
    return is_plain_password(candidate.secret) and ends_its_line(candidate.secret, candidate.line)


def _phrase(candidate: Candidate) -> bool:
    return is_phrase(candidate.secret) and not is_comment(candidate.line)


def _named_or_phrase(candidate: Candidate) -> bool:
    """A password, a word as well; or what signs, a phrase as well; else what looks drawn."""
    if re.search(r"(?i)secret|jwt|encryption_key|app_key", candidate.name):
        return kind_of(candidate.name) is not Kind.NONE and _phrase(candidate)
    return not is_comment(candidate.line) and _named_value(candidate)


def _key_material(candidate: Candidate) -> bool:
    """A key that encrypts, a salt or a vector by its name: `aesKey`, `keyBytes`; not `rowKey`."""
    name = candidate.name.lower()
    if name in ("", "iv", "ivbytes", "keybytes", "key_bytes"):
        return True
    return kind_of(candidate.name) in (Kind.SECRET, Kind.SALT)


def _named_value(candidate: Candidate) -> bool:
    """A pair of name and value: a password may be a word, a key must look drawn."""
    kind, in_tests = kind_of(candidate.name), is_test_path(candidate.path)
    if is_translation(candidate.path):
        return False
    if kind is Kind.PASSWORD and is_plain_password(candidate.secret) and not in_tests:
        return not is_made_up(candidate.secret)
    wanted = kind in (Kind.PASSWORD, Kind.SECRET)
    return wanted and grade(kind, candidate.secret, in_tests=in_tests) >= Grade.STRONG


def _strong_any(candidate: Candidate) -> bool:
    kind = kind_of(candidate.name)
    return grade(kind, candidate.secret) >= Grade.STRONG


def _defined_password(candidate: Candidate) -> bool:
    """Any characters a generator draws, which other places would take for code, or a word."""
    value = candidate.secret
    if is_example_word(value) or is_filler(value) or "{{" in value:
        return False
    drawn = len(value) >= 8 and " " not in value and looks_random(value)
    return drawn or is_plain_password(value)


def _named_or_signing(candidate: Candidate) -> bool:
    signs = candidate.name.lower() in ("key", "secret", "signingkey", "secretkey")
    return _named_credential(candidate) or (signs and is_phrase(candidate.secret))


_LONGEST_ROW = 4096  # bytes of a row that are read
_PASSWORD_COLUMN = lazy(r"(?i)\"?(?:login_)?(?:password|passwort|passwd|secret access key)\"?")


def _password_column(candidate: Candidate) -> bool:
    """Whether the header names this column of the file: commas inside quotes are not counted."""
    header = candidate.text[:400].partition(b"\n")[0].decode("utf-8", "replace").strip()
    mark = max(",;\t", key=header.count)
    columns = [_PASSWORD_COLUMN.fullmatch(cell.strip()) for cell in header.split(mark)]
    if not any(columns) or candidate.at < len(header):
        return False
    low = max(0, candidate.at - _LONGEST_ROW)
    start = candidate.text.rfind(b"\n", low, candidate.at)
    if start < 0 and low:
        return False
    row = candidate.text[max(low, start + 1) : candidate.at].decode("utf-8", "replace")
    at = re.sub(r'"[^"]*"', "", row).count(mark)
    return at < len(columns) and bool(columns[at]) and not is_reference(candidate.secret)


def _given_password(candidate: Candidate) -> bool:
    """Given to a program or a host that takes a password there: a word is enough."""
    said = _unquoted(candidate.secret)
    if is_test_path(candidate.path):
        return grade(Kind.PASSWORD, said, in_tests=True) >= Grade.STRONG
    shortest = 3 if said.isdigit() else 4
    return is_plain_password(said, shortest=shortest) or grade(Kind.PASSWORD, said) >= Grade.WEAK


_PLACE = lazy(r"^(?:\.{0,2}/|~/|[A-Za-z]:\\)|^[a-z][a-z0-9+.-]{1,12}://")


def _named_credential(candidate: Candidate) -> bool:
    """In a file that exists to hold credentials: the name decides, the value may be plain."""
    kind, value = kind_of(candidate.name), candidate.secret
    if kind is Kind.NONE or not _chosen(candidate) or _PLACE.search(value):
        return False
    if is_test_path(candidate.path.rpartition("/")[0]):  # `.env.example` is no test by its own name
        return looks_random(value)
    if kind is Kind.PASSWORD:
        return True
    if kind is Kind.SECRET and len(value) >= 8:
        return any(map(str.isdigit, value)) or looks_random(value)
    return len(value) >= 12 and looks_random(value)


def _credential_file_value(candidate: Candidate) -> bool:
    if candidate.name:
        return _named_credential(candidate)
    return (
        _chosen(candidate)
        and looks_random(candidate.secret)
        and not _PLACE.search(candidate.secret)
    )


def _graded(kinds: tuple[Kind, ...], least: Grade, most: Grade = Grade.STRONG) -> "Validator":
    def judged(candidate: Candidate) -> bool:
        kind = kind_of(candidate.name)
        if kind not in kinds or _is_prose(candidate) or _names_a_public_key(candidate):
            return False
        found = grade(kind, candidate.secret, in_tests=is_test_path(candidate.path))
        if found is Grade.WEAK and is_translation(candidate.path):
            return False  # labels: "password": "Passwort:"
        return least <= found <= most and not _jwt_shaped(candidate.secret)

    return judged


_SIGNER = lazy(r"(?i)(?:sign(?:ing|ed)?|gpg|pgp|maintainer|recv)[\w.-]*key|fingerprint")
_KEY_ID = lazy(r"(?:0x)?(?:[0-9A-F]{8}|[0-9A-F]{16}|[0-9A-F]{40})")


def _names_a_public_key(candidate: Candidate) -> bool:
    """A key id or fingerprint as gpg prints it (RFC 9580, 5.5.4), which is there to be shown."""
    return (
        _KEY_ID.fullmatch(candidate.secret) is not None
        and _SIGNER.search(candidate.name) is not None
    )


_VERBS = frozenset({"pass", "Pass", "salt", "Salt", "seed", "Seed"})


def _is_prose(candidate: Candidate) -> bool:
    """Whether the name is a verb or a program and only blanks stand before the value.

    "pass `strict=True` to ...", "salt 'minion' test.ping"; `pass = "..."` is none.
    """
    if candidate.name not in _VERBS:
        return False
    before = candidate.line.partition(candidate.secret)[0].rstrip("\"'`(")
    return re.search(rf"{candidate.name}[ \t]+(?:[a-z]{{3,10}}[ \t]+)?$", before) is not None


def _jwt_shaped(value: str) -> bool:
    """A JSON Web Token: the rule `jwt` judges those, by what they say."""
    return value.startswith("eyJ") and value.count(".") == 2


def _likely_password(candidate: Candidate) -> bool:
    in_tests = is_test_path(candidate.path)
    return grade(Kind.PASSWORD, candidate.secret, in_tests=in_tests) >= Grade.WEAK


def _sure_password(candidate: Candidate) -> bool:
    in_tests = is_test_path(candidate.path)
    return grade(Kind.PASSWORD, candidate.secret, in_tests=in_tests) >= Grade.STRONG


def _random_token(candidate: Candidate) -> bool:
    if _jwt_shaped(candidate.secret):
        return _jwt(candidate)
    in_tests = is_test_path(candidate.path)
    return grade(Kind.SECRET, candidate.secret, in_tests=in_tests) >= Grade.STRONG


Validator = Callable[[Candidate], bool]

VALIDATORS: Mapping[str, Validator] = {
    "checksum": _checksum,
    "no-checksum": lambda candidate: not _checksum(candidate),
    "jwt": _jwt,
    "private-key": _private_key,
    "basic-credentials": _basic,
    "base64-value": _base64_value,
    "mixed": _mixed,
    "token": _token,
    "drawn": _drawn,
    "discord": _discord,
    "url-password": _url_password,
    "sql-context": _sql_context,
    "connection-password": _connection_password,
    "salt-value": _salt_value,
    "named-credential": _named_credential,
    "credential-file-value": _credential_file_value,
    "chosen": _chosen,
    "not-a-reference": _not_a_reference,
    "not-anonymous": _not_anonymous,
    "named-or-phrase": _named_or_phrase,
    "key-material": _key_material,
    "likely-password": _likely_password,
    "sure-password": _sure_password,
    "random-token": _random_token,
    "strong-password": _graded((Kind.PASSWORD,), Grade.STRONG),
    "weak-password": _graded((Kind.PASSWORD,), Grade.WEAK),
    "strong-secret": _graded((Kind.SECRET, Kind.KEY), Grade.STRONG),
    "weak-secret": _graded((Kind.SECRET,), Grade.WEAK),
    "plain-setting": _plain_setting,
    "plain-beside-login": _plain_beside_login,
    "plain-in-code": _plain_in_code,
    "given-password": _given_password,
    "phrase": _phrase,
    "named-value": _named_value,
    "strong-any": _strong_any,
    "defined-password": _defined_password,
    "named-or-signing": _named_or_signing,
    "password-column": _password_column,
    "salt": _graded((Kind.SALT,), Grade.WEAK),
}
