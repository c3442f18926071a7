"""Passwords given to a host or a program: in URLs, connection strings, statements and logins."""

import re

from orchestrate.checks.secrets.judge import Grade, grade
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.names import Kind
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.placeholders import is_made_up
from orchestrate.checks.secrets.plain import is_plain_password
from orchestrate.checks.secrets.validators.candidate import Candidate
from orchestrate.checks.secrets.validators.passwords import likely_password

_EXAMPLE_HOST = lazy(
    r"(?:^|\.)example\b|^(?:host(?:name)?|server|domain|your\w*|proxy)(?:$|[:/_-]|\.(?:com|tld|domain))|[{<$%]|\.{3}"
)
_NO_PASSWORD = lazy(r"^\d{1,5}[,;]|@[\w.-]+:\d{2,5}[,;]|^tiger")  # lists of hosts; Oracle's scott
_LOCAL_HOST = lazy(r"(?i)^(?:localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker|\w+$|\w+[:/])")


def url_password(candidate: Candidate) -> bool:
    """The password of `user:password@host`, where `name` is the host: an example's is none."""
    if _EXAMPLE_HOST.search(candidate.name) or _NO_PASSWORD.search(candidate.secret):
        return False
    said = candidate._replace(secret=_unquoted(candidate.secret))
    if likely_password(said):
        return True
    if _LOCAL_HOST.search(candidate.name) and not _settings_of_a_database(candidate):
        return False
    return given_password(said)


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


_HOST_BEFORE = lazy(r"://(?:[^\s/@]*@)?([^\s/:?\"']+)[^\s\"']*$")


def at_a_real_host(candidate: Candidate) -> bool:
    """The URL whose query this is names no example's host."""
    url = _HOST_BEFORE.search(candidate.line.partition(candidate.secret)[0])
    return url is None or _EXAMPLE_HOST.search(url[1]) is None


def given_password(candidate: Candidate) -> bool:
    """Given to a program or a host that takes a password there: a word is enough."""
    said = _unquoted(candidate.secret)
    if is_test_path(candidate.path):
        return grade(Kind.PASSWORD, said, in_tests=True) >= Grade.STRONG
    shortest = 3 if said.isdigit() else 4
    return is_plain_password(said, shortest=shortest) or grade(Kind.PASSWORD, said) >= Grade.WEAK


_PERCENT = lazy(r"%([0-9A-Fa-f]{2})")


def _unquoted(text: str) -> str:
    """`text` without its percent-encoding (RFC 3986, 2.1); urllib.parse would cost 5 ms to load."""
    return _PERCENT.sub(lambda code: chr(int(code[1], 16)), text)


_SQL = lazy(r"(?i)\b(?:create|alter|grant|set)\b.*\b(?:user|role|login|password|identified)\b")


def sql_context(candidate: Candidate) -> bool:
    """The statement on this line makes or changes a user."""
    return _SQL.search(candidate.line) is not None


_LOGIN_BEFORE = lazy(rb"\blogin[ \t\r\n]+(\S+)")


def not_anonymous(candidate: Candidate) -> bool:
    """RFC 1635: anonymous FTP takes any text, by custom an address, for a password."""
    before = candidate.text[max(0, candidate.at - 200) : candidate.at]
    logins = _LOGIN_BEFORE.findall(before)
    return not (logins and logins[-1] in (b"anonymous", b"ftp"))
