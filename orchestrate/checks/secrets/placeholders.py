"""Values that stand where a secret would: fillers, references, masks.

Two degrees: `is_filler` is safe to ask of any token (it sees what chance does not produce in 20
characters), `is_reference` and `is_example_word` are for values people choose.
"""

import re
from functools import lru_cache

from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.text import words
from orchestrate.checks.secrets.wordlike import LIKE_WORDS, surprise

_FILLER = lazy(
    r"example|changeme|change[-_ ]me|placeholder|redacted|x{5,}|\*{3,}|\.{3,}|-{6,}|0{8,}|_{5,}"
    r"|your[-_ ]|insert[-_ ]|replace[-_ ]?(?:me|with|this)|1234567890|0123456789|123456789"
    r"|abcdefgh|bcdefghi|a1b2c3d4|deadbeef|cafebabe|#{4,}|\?{3,}|\u2026|x-x-x|(?:[a-z]{3})?foobar"
    r"|very[-_]?long|notreal|not[-_]a[-_]?(?:real|secret|valid)|(?:fake|dummy|sample|mock|invalid)(?:[-_]|[a-z]{3,6}\b)",
    re.IGNORECASE,
)
# Published by those who made the formats, for everyone to show (RFC 5849, 6749, 6750, 7617, 7519;
# docs.aws.amazon.com; dotenv.org; Azurite and the Cosmos DB emulator; MinIO's playground; jwt.io;
# the tests that MongoDB gives to those who write drivers). The beginnings say enough.
_PUBLISHED = lazy(
    r"wJalrXUtnFEMI|je7MtGbClwBF|2YotnFZFEjr1zCs|tGzv3JOkF0XG5Qx2|czZCaGRSa3F0Mzp"
    r"|mF_9\.B5f-4|gX1fBat3bV|SplxlOBeZQQY|hh5s93j4hdidp|dpf43f3p2l4k3l0|kd94hf93k423kf4"
    r"|9djdj82h48djs9d|kkk9d7dh3k39sjv|j49sk3j29djd|7Fjfp0ZBr1KtDRb|h480djs93hd8"
    r"|(?i:keyboard cat|sixteen byte key)"
    r"|0685bd9184jfhq2|ad180jjd733klru|nnch734d00sl2jd|pfkkdhi9sl3r4s0"
    r"|QWxhZGRpbjpvcGVu|YWxhZGRpbjpvcGVu|Eby8vdM02xNOcqFl|C2y6yDjf5/R\+ob0N"
    r"|zuf\+tfteSlswRu7B|Q3AM3UQ867SPQQA|SflKxwRJSMeKKF2Q|dBjftJeZ4CVP-mB9|cGxlYXN1cmUu"
    r"|aBBKDWQvyuVcTPH9|key_1234$|Mng0NCt4ZHVUYUJC"
    r"|(?i:31d6cfe0d16ae931b73c|aad3b435b51404eeaad3)"  # Windows' hashes of no password
)
_NAMES_A_CREDENTIAL = lazy(
    r"(?i)^[a-z]+(?:[_-][a-z]+)*[_-](?:pass|passw(?:or)?d|pwd|pw|secret|token|key)\d{0,2}$"
)
_REFERENCE = lazy(
    r"^`|^\$[\w({\[]|\$\{|\{\{|\}\}|^\{[\w.:$ -]*\}$|^<[^>]*>?$|^%[\w.(-]+[%)s]?$|%\(|%[sd]\b"
    r"|\$\(|#\{|^\[[\w .:-]*\]$"
    r"|^#[\w.]+#$|^@[\w.]+@$|^@\+?\w+/|^__[\w@]+__|^!\w+|^\$\$|^@\{|<%|^\\[\w{(]|^\(\w*\)$|\{\d?\}"
    r"|^\+[\w.()\[\]]+\+$|^arn:[a-z]|&[a-z]\w*="
)
_CODE = lazy(
    r"^[A-Za-z_][\w.]*[\[(]|^(?:self|this|process|os|env|config|settings|options|args|props|ctx|request"
    r"|req|params|data|user|ENV|System|Environment|context|secrets|vars|vault|local|module|each)\b[.\[:]"
    r"|^(?:true|false|null|none|nil|undefined|void|string|str|int|bool|bytes|any|object|optional)\b"
    r"|=>|->|::|\(\)|&&|\|\||^new\b|^function\b|^lambda\b|^await\b|^--?[a-z][\w-]*$"
    r"|^[a-z_]+=[\w-]{1,12}$|^(?:utf|iso|latin|ascii|cp|sha|md|hmac|aes|hs|rs|es)[-_]?\d[\w-]{0,12}$"
    r"|^v?\d+(?:\.\d+){1,3}(?:rc|a|b|beta|dev)?\d{0,3}$|^\d+(?:\.\d+){4,20}$"
    r"|^[a-z]{2}(?:-[a-z]{4,12}){1,2}-\d[a-z]?$",
    re.IGNORECASE,
)
_EXAMPLE_WORDS = words(
    """
    secret secrets password passwd passw passwrd pass pwd passphrase passcode token tokens key
    keys apikey api user username login admin test tests testing tester foo bar baz qux quux
    spam eggs my your the some value val default example sample dummy fake mock none null empty
    unused unset todo fixme xxx abc xyz string text hello world here enter type new old current
    wrong right bad good invalid valid correct incorrect real not is no yes a an of to for and
    or in with this that private public access auth authorization bearer basic client server app
    application service account id name foobar foobaz db database mysql postgres postgresql
    redis mongo root guest demo local dev prod staging super top very long short random temp tmp
    data hash salt nonce seed code changeme change me please replace insert placeholder redacted
    hidden masked encrypted decrypted plain cleartext hunter letmein session cookie csrf jwt
    oauth refresh signing master shared one two three first second another other something
    anything whatever super strong awesome kind weak safe secure word words phrase aladdin sesame
    open correct horse battery staple welcome qwerty
    unknown wonderland changeit android
    geheim geheimnis passwort kennwort bitte cambiar cambiame cambia contrasena clave secreto senha
    segredo mudar altere motdepasse mot de passe secreta changer changez wachtwoord geheimwoord
    wijzig haslo losenord parola
    """
)
_JOINTS = frozenset("0123456789_-. !+*/@#$%^&")
_WORDS = lazy(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


_DIGIT_INSIDE = lazy(r"[013457@$!][a-z]")
_LEET = str.maketrans("013457@$!", "oleastasi")


def is_filler(value: str) -> bool:
    """Whether `value` holds what no generator of tokens produces: masks, sequences, "example"."""
    distinct = len(set(value))
    if distinct <= 2 + (len(value) >= 16) * 3 or _FILLER.search(value) is not None:
        return True
    return _PUBLISHED.search(value) is not None


def is_reference(value: str) -> bool:
    """Whether `value` names a place where the secret is: a variable, a template's slot, a call."""
    return _REFERENCE.search(value) is not None or _CODE.search(value) is not None


def is_leet(value: str) -> bool:
    """Whether `value` is one or two words with digits for letters: `s3cr3t`, `P4$$word`."""
    read = value.lower().translate(_LEET)
    letters = sum(map(str.isalpha, value))
    inside = value[1:].islower() and _DIGIT_INSIDE.search(value.lower()) is not None
    return inside and read.isalpha() and letters >= 0.6 * len(value) and surprise(read) < LIKE_WORDS


def is_example_word(value: str) -> bool:
    """Whether `value` is made of nothing but the words people write instead of a secret."""
    words = _WORDS.findall(value)
    return (
        bool(words)
        and all(word.lower() in _EXAMPLE_WORDS for word in words)
        and (
            sum(map(len, words)) + sum(char in _JOINTS for char in value) >= len(value)
            and sum(char.isdigit() for char in value) <= 3
        )
    )


def is_made_up(value: str) -> bool:
    """Whether `value` is example words in any spelling, or names a credential.

    Digits for letters change nothing: `P4$$w0rd` and `Sup3rS3cr3t!` say what they say. `ftp_pass`
    and `db-password` are names. For places that are not there to hold passwords.
    """
    if is_example_word(value) or _NAMES_A_CREDENTIAL.fullmatch(value):
        return True
    return len(value) <= 40 and _spelled_oddly(value)


def _spelled_oddly(value: str) -> bool:
    bare = value.strip("0123456789_-. !#%^&*?").rstrip("@$")
    read = bare.lower().translate(_LEET)
    letters = "".join(filter(str.isalpha, read))
    joined = len(letters) + sum(char in "_-. " for char in read) == len(read)
    return bare != "" and joined and any(_consists_of_words(one) for one in _readings(letters))


def _readings(letters: str) -> set[str]:
    return {letters, letters.replace("l", "i")}  # a 1 is either


@lru_cache(maxsize=4096)
def _consists_of_words(letters: str) -> bool:
    """Whether `letters` is example words one after the other, one of them of four letters."""
    ends = {0: False}  # where a word may begin -> whether a long one stood before
    for at in range(len(letters)):
        if at in ends:
            for size in range(2, min(14, len(letters) - at) + 1):
                if letters[at : at + size] in _EXAMPLE_WORDS:
                    ends[at + size] = ends[at] or size >= 4 or ends.get(at + size, False)
    return ends.get(len(letters), False)
