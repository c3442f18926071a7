"""What the characters of a token say by themselves, wherever it stands."""

import base64
import re
import zlib

from orchestrate.checks.secrets.judge import looks_random
from orchestrate.checks.secrets.placeholders import is_example_word, is_filler, is_reference
from orchestrate.checks.secrets.validators.candidate import Candidate

BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


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


def base64_crc32(body: str) -> str:
    """The six characters that Confluent appends to an API secret's random part.

    Source: docs.confluent.io, "Use API Keys to Authenticate to Confluent Cloud": a CRC-32 of the 54
    characters between prefix and checksum, in base 64, low byte first (the page's example fits so).
    """
    return base64.b64encode(zlib.crc32(body.encode()).to_bytes(4, "little")).decode().rstrip("=")


def checksum(candidate: Candidate) -> bool:
    """The token ends in its own checksum, as GitHub's, npm's and Confluent's do."""
    if candidate.secret.startswith("cflt"):
        return base64_crc32(candidate.secret[4:-6]) == candidate.secret[-6:]
    body = candidate.secret.split("_", 1)[1]
    return base62_crc32(body[:-6]) == body[-6:]


def mixed(candidate: Candidate) -> bool:
    """Letters and digits both: a random string of 16 characters has them 19 times in 20."""
    return any(map(str.isdigit, candidate.secret)) and any(map(str.isalpha, candidate.secret))


def drawn(candidate: Candidate) -> bool:
    """What follows the prefix is drawn at random and no name in a program: `test_DoesThis`."""
    body = re.sub(r"^[A-Za-z]{1,10}[_.-]", "", candidate.secret)
    return mixed(candidate._replace(secret=body)) and looks_random(body)


def token(candidate: Candidate) -> bool:
    """Anything but a filler such as `xxxxxxxx` or `123456`."""
    return not is_filler(candidate.secret)


def chosen(candidate: Candidate) -> bool:
    """A value a person chose: not a placeholder, reference or example word."""
    value = candidate.secret
    return not (is_filler(value) or is_reference(value) or is_example_word(value))


def not_a_reference(candidate: Candidate) -> bool:
    """Anything but the name of a place where the value stands: `${KEY}`, `os.environ[...]`."""
    return not is_reference(candidate.secret)
