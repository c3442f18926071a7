"""Files that exist to hold credentials: their form says where a secret stands.

The name decides there, and the value may be plain.
"""

import re

from orchestrate.checks.secrets.judge import looks_random
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.names import Kind, kind_of
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.placeholders import is_reference
from orchestrate.checks.secrets.plain import is_phrase
from orchestrate.checks.secrets.validators.candidate import Candidate
from orchestrate.checks.secrets.validators.tokens import chosen

_PLACE = lazy(r"^(?:\.{0,2}/|~/|[A-Za-z]:\\)|^[a-z][a-z0-9+.-]{1,12}://")


def named_credential(candidate: Candidate) -> bool:
    """In a file that exists to hold credentials: the name decides, the value may be plain."""
    kind, value = kind_of(candidate.name), candidate.secret
    if kind is Kind.NONE or not chosen(candidate) or _PLACE.search(value):
        return False
    if is_test_path(candidate.path.rpartition("/")[0]):  # `.env.example` is no test by its own name
        return looks_random(value)
    if kind is Kind.PASSWORD:
        return True
    if kind is Kind.SECRET and len(value) >= 8:
        return any(map(str.isdigit, value)) or looks_random(value)
    return len(value) >= 12 and looks_random(value)


def credential_file_value(candidate: Candidate) -> bool:
    """As `named_credential`; without a name, the value has to look drawn."""
    if candidate.name:
        return named_credential(candidate)
    return (
        chosen(candidate) and looks_random(candidate.secret) and not _PLACE.search(candidate.secret)
    )


def named_or_signing(candidate: Candidate) -> bool:
    """As `named_credential`, or a phrase under a name that signs."""
    signs = candidate.name.lower() in ("key", "secret", "signingkey", "secretkey")
    return named_credential(candidate) or (signs and is_phrase(candidate.secret))


_LONGEST_ROW = 4096  # bytes of a row that are read
_PASSWORD_COLUMN = lazy(r"(?i)\"?(?:login_)?(?:password|passwort|passwd|secret access key)\"?")


def password_column(candidate: Candidate) -> bool:
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
