"""What a variable's name promises about its value.

The name is read as words; the last one that says something decides, and what stands after it can
take it back: `db_password` is a password, `password_field` is not.
"""

from enum import StrEnum
from functools import lru_cache

from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.text import words
from orchestrate.checks.secrets.wordlike import parts


class Kind(StrEnum):
    """Ordered from the surest sign of a secret to the weakest."""

    PASSWORD = "password"
    SECRET = "secret"
    KEY = "key"
    SALT = "salt"
    NONE = ""


_PASSWORD = lazy(
    r".*(?:password|passwd|passwort|passphrase|passcode|pwd|passw)|(?:\w*(?:user|db|my|admin|root"
    r"|mail|smtp|ftp|ssh|sql|auth|login|key|cert|http|proxy))?pass|pw|psw|contrasena|senha|mdp|userpw|dbpw"
)
_SECRET = lazy(
    r".*(?:secret|secrets|apikey|secretkey|authtoken|accesstoken|accesskey|authkey|privatekey"
    r"|masterkey|appkey|token)|credentials?|creds?|webhook|authtok|pat|bearer"
)
_KEY_OF_SECRETS = words(
    """
    api access secret auth private master encryption encrypt decryption crypto cipher signing
    sign signature app application license account storage service session client subscription
    admin consumer deploy shared webhook hmac aes des rsa jwt cookie security secure integration
    write server ingest instrumentation project functions host writer machine activation product
    serial verification ssh gpg wallet
    """
)
_COUNTRY = lazy(r"(?:[a-z]{2,3}_)?PW")  # ISO 3166: Palau
_PUBLIC = lazy(r"(?i)application_?server_?key|site_?key")  # RFC 8292, 3.2; reCAPTCHA
_SALT = frozenset({"salt", "nonce", "seed"})
_WEAK = frozenset({"key", "auth", "authorization", "keys", "passkey", "cookie", "pin"})
_NEUTRAL = words(
    """
    value val values string str text prod production dev development stage staging default plain
    raw env test new old current here is to 0 1 2 3 4 5 6 7 8 9 01 02 v1 v2 const live main
    backup local remote base base64 b64 encoded bytes attr mysql x s db user admin root api app web
    """
)
_TAKES_BACK = words(
    """
    field label hint message msg error errors regex regexp pattern url uri path file filename
    dir folder name names type types id ids length len size count column col header headers
    prefix suffix format policy hash hashed digest checksum title description desc placeholder
    help prompt input form page event action status state reset forgot expired expires expiry
    expiration ttl lifetime class style color icon selector xpath provider endpoint author cls
    kind scope scopes grant validator validation min max strength rule rules required enabled
    disabled option options param params parameter property prop view link button text template
    manager service store storage handler helper util utils factory function fn method callback
    info index idx list map set dict table row generator module plugin version location ref
    reference arn alias code algorithm encoding encoder request response result source audience
    issuer element node tag attribute env var variable mapping lookup usage limit address
    contract symbol supply amount balance vault mode vector test tests
    """
)
_BEFORE_TAKES_BACK = words(
    """
    public pub foreign hash hashed has show hide forgot no without invalid wrong sort partition
    group translation i18n cache hot short column row map object dict primary s3 bucket lookup
    storage_key registry ssh_public feature routing dedup idempotency site next page
    continuation cancellation pagination keyboard fingerprint checksum csrf xsrf csrfmiddleware
    authenticity antiforgery idempotency postman
    """
)


@lru_cache(maxsize=4096)
def kind_of(name: str) -> Kind:
    """What the value of a variable called `name` is, going by its name."""
    if _COUNTRY.fullmatch(name) or _PUBLIC.search(name):
        return Kind.NONE
    names = [word.lower() for word in parts(name)]
    at = len(names) - 1
    while at >= 0:
        kind = _kind_at(names, at)
        if kind is not Kind.NONE:
            before = names[:at]
            taken_back = kind is not Kind.SALT and _BEFORE_TAKES_BACK.intersection(before)
            return Kind.NONE if taken_back else kind
        if names[at] in _TAKES_BACK or names[at] not in _NEUTRAL:
            return Kind.NONE
        at -= 1
    return Kind.NONE


def _kind_at(names: list[str], at: int) -> Kind:
    word = names[at]
    if _PASSWORD.fullmatch(word):
        return Kind.PASSWORD
    if at and _pairs(names[at - 1], word):
        return Kind.PASSWORD if names[at - 1] == "pass" else Kind.SECRET
    if _SECRET.fullmatch(word):
        return Kind.SECRET
    if word in _SALT or word.endswith("salt"):
        return Kind.SALT
    return Kind.KEY if word in _WEAK or (word.endswith("key") and word != "monkey") else Kind.NONE


def _pairs(before: str, word: str) -> bool:
    """Whether two words name one thing: pass phrase, api key."""
    if word in ("phrase", "word", "code"):
        return before == "pass"
    return word in ("key", "keys", "base") and (before in _KEY_OF_SECRETS or before == "pass")
