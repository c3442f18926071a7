"""Values that stand where a secret would: fillers, references, masks.

Two degrees: `is_filler` is safe to ask of any token (it sees what chance does not produce in 20
characters), `is_reference` and `is_example_word` are for values people choose.
"""

import re

from orchestrate.checks.secrets.text import words
from orchestrate.checks.secrets.wordlike import LIKE_WORDS, surprise

_FILLER = re.compile(
    r"example|changeme|change[-_ ]me|placeholder|redacted|x{5,}|\*{3,}|\.{3,}|-{6,}|0{8,}|_{5,}"
    r"|your[-_ ]|insert[-_ ]|replace[-_ ]?(?:me|with|this)|1234567890|0123456789|123456789"
    r"|abcdefgh|bcdefghi|a1b2c3d4|deadbeef|cafebabe|#{4,}|\?{3,}|\u2026|x-x-x|(?:[a-z]{3})?foobar"
    r"|notreal|not[-_]a[-_]?(?:real|secret|valid)|(?:fake|dummy|sample|mock|invalid)(?:[-_]|[a-z]{3,6}\b)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"^`|^\$[\w({\[]|\$\{|\{\{|\}\}|^\{[\w.:$ -]*\}$|^<[^>]*>?$|^%[\w.(-]+[%)s]?$|%\(|%[sd]\b"
    r"|\$\(|#\{|^\[[\w .:-]*\]$"
    r"|^@[\w.]+@$|^@\+?\w+/|^__\w+__$|^!\w+|^\$\$|^@\{|<%|^\\[\w{(]|^\(\w*\)$|\{\d?\}"
)
_CODE = re.compile(
    r"^[A-Za-z_][\w.]*[\[(]|^(?:self|this|process|os|env|config|settings|options|args|props|ctx|request"
    r"|req|params|data|user|ENV|System|Environment|context|secrets|vars|vault|local|module|each)\b[.\[:]"
    r"|^(?:true|false|null|none|nil|undefined|void|string|str|int|bool|bytes|any|object|optional)\b"
    r"|=>|->|::|\(\)|&&|\|\||^new\b|^function\b|^lambda\b|^await\b",
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
    anything whatever
    """
)
_JOINTS = frozenset("0123456789_-. !+*/@#$%^&")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


_DIGIT_INSIDE = re.compile(r"[013457@$!][a-z]")
_LEET = str.maketrans("013457@$!", "oleastasi")


def is_filler(value: str) -> bool:
    """Whether `value` holds what no generator of tokens produces: masks, sequences, "example"."""
    distinct = len(set(value))
    return distinct <= 2 + (len(value) >= 16) * 3 or _FILLER.search(value) is not None


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
