"""Samples of secrets, made and not stored: `ghp_{{base62:36}}` becomes a token of that form.

Templates keep the repository's own files clean. The same seed gives the same text.

`{{hex:8}}` `{{HEX:8}}` `{{digits:8}}` `{{lower:8}}` (a-z0-9) `{{upper:8}}` (A-Z0-9) `{{alpha:8}}`
`{{set:ABC:8}}`
`{{base62:8}}` `{{base64:8}}` `{{url64:8}}` `{{base32:8}}` `{{uuid}}` `{{password:12}}`
`{{github:ghp}}` `{{confluent}}` (with checksums) `{{jwt}}` `{{pem:RSA PRIVATE KEY}}` `{{openssh}}`
`{{b64:text}}` (the text encoded) `{{join:one|two}}` (one text in two halves) `{{open}}`
`{{close}}` (double braces)
"""

import base64
import json
import random
import re
import string

from orchestrate.checks.secrets.validators.tokens import BASE62, base62_crc32, base64_crc32

_SLOT = re.compile(r"\{\{([\w-]+)(?::([^{}]*))?\}\}")
_ALPHABETS = {
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "digits": string.digits,
    "lower": string.ascii_lowercase + string.digits,
    "upper": string.ascii_uppercase + string.digits,
    "alpha": string.ascii_letters,
    "base62": BASE62,
    "base64": BASE62 + "+/",
    "url64": BASE62 + "-_",
    "base32": string.ascii_uppercase + "234567",
    "crypt": BASE62 + "./",
}


def expand(template: str, seed: int = 0) -> str:
    """The template with each slot filled.

    Raises:
        ValueError: a slot of unknown kind.
    """
    rng = random.Random(f"{seed}:{template}")  # reproducible samples, nothing to guard
    return _SLOT.sub(lambda slot: _fill(slot[1], slot[2] or "", rng), template)


def _fill(kind: str, argument: str, rng: random.Random) -> str:
    if kind in _ALPHABETS:
        return _drawn(_ALPHABETS[kind], int(argument), rng)
    if kind == "set":
        alphabet, size = argument.rsplit(":", 1)
        return _drawn(alphabet, int(size), rng)
    if kind == "uuid":
        return "-".join(_drawn(_ALPHABETS["hex"], n, rng) for n in (8, 4, 4, 4, 12))
    if kind == "password":
        return _drawn(_ALPHABETS["base62"], int(argument) - 4, rng) + "k7$Q"
    if kind == "github":
        body = _drawn(_ALPHABETS["base62"], 30, rng)
        return f"{argument}_{body}{base62_crc32(body)}"
    if kind == "confluent":
        body = _drawn(_ALPHABETS["base64"], 54, rng)
        return f"cflt{body}{base64_crc32(body)}"
    if kind == "jwt":
        return _jwt(rng)
    if kind == "pem":
        return _pem(argument, b"\x30\x82" + rng.randbytes(300))
    if kind == "openssh":
        return _pem("OPENSSH PRIVATE KEY", b"openssh-key-v1\0" + rng.randbytes(240))
    if kind == "b64":
        return base64.b64encode(argument.encode()).decode()
    if kind == "join":
        return argument.replace("|", "")
    if kind in ("open", "close"):
        return "{{" if kind == "open" else "}}"
    raise ValueError(f"{{{{{kind}}}}} is no kind of sample slot")


def _drawn(alphabet: str, size: int, rng: random.Random) -> str:
    """Characters of every kind the alphabet has, as a real token of some length has them."""
    kinds = min(6, size // 2, len(set(alphabet)))
    while True:
        text = "".join(rng.choice(alphabet) for _ in range(size))
        if size < 8 or (_digits_fit(text, alphabet) and len(set(text)) >= kinds):
            return text


def _digits_fit(text: str, alphabet: str) -> bool:
    return any(map(str.isdigit, text)) == any(map(str.isdigit, alphabet))


def _jwt(rng: random.Random) -> str:
    header = {"alg": "HS256", "typ": "JWT"}
    claims = {
        "sub": _drawn(string.ascii_lowercase, 9, rng),
        "iat": 1700000000 + rng.randrange(10**7),
    }
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in (header, claims)]
    parts.append(rng.randbytes(32))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _pem(label: str, der: bytes) -> str:
    body = base64.encodebytes(der).decode().replace("\n", "")
    lines = [body[i : i + 64] for i in range(0, len(body), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"])
