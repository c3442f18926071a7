"""Passwords and keys that are plain words: there the place has to prove what the value does not.

Rules kept here:

* In a settings file, a name that says password and one word to the end of the line is one.
* In code, the same needs a user, host or database written down beside it.
* Placeholders, names of fields, types and states are no passwords anywhere; nor are labels in
  files of translations.
"""

import re

from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.placeholders import is_example_word, is_filler, is_reference
from orchestrate.checks.secrets.text import words

_SAID_OF_PASSWORDS = words(
    """
    string text str char varchar nvarchar number integer int boolean bool bytes object array any
    required optional prompt ask disabled enabled disable enable present absent always never
    hashed plain hidden sensitive encrypted clear masked show update create delete reset forgot
    change confirm allow deny reject accept file files env environ environment variable vault
    keyring keychain store field input form page view model value values label name type none
    null empty blank trust peer ident scram cert certificate kerberos gssapi ldap krb5 pam basic
    digest bearer unset generate generated random auto automatic manual inherit default system
    external internal local remote stdin command exec read write get set on off yes no true
    false ok fail failed success passed expired valid invalid missing incorrect validate
    validator validation encoder encode decode format pattern regex strict lax sha256 sha512
    bcrypt argon2 pbkdf2 crypt md5 aes provider service manager controller handler resolver
    factory length minimum maximum strength policy rules login logout sign signin signup
    register sudo unavailable available plaintext cleartext sufficient requisite include
    substack unknown undefined tiger xyzzy localhost succeeded succeed failure error warning
    skip skipped pending done good bad count counter green red yellow blue cyan magenta bold
    """
)
_NAMES_ITSELF = lazy(
    r"(?i)pass(?:w(?:or)?d|wort|phrase|code)|pass$|^pass|pwd|secret|token|senha|contrase|kennwort|sensitive"
)
_SYNTAX = lazy(
    r"^[,;]|[<>{}\[\]|`\\]|\$[({\w]|\(\)|^[/~.#*&!@%]|^\w+://|^0x|/\w+/|^-|[(:]$|^\w+\(|^[\w.]+@[\w-]+\.\w+$"
)
_REFERS = lazy(r"[A-Za-z_$][\w$]*(?:[./:_-][A-Za-z_$][\w$]*)+[.:]?")
_CAMEL = lazy(r"[a-z]+(?:[A-Z][a-z]+)+")
_TRANSLATED = lazy(
    r"(?i)(?:^|[/_.-])(?:locales?|i18n|l10n|lang|langs|languages?|translations?|messages?|strings|labels"
    r"|nls|intl|resources_\w\w|glossary|openapi|swagger|schemas?|crds?)(?:$|[/_.-])"
    r"|strings(?:_\w\w)?(?:_\w\w)?\.(?:properties|xml|json|ya?ml)$"
)
_SIBLING = lazy(
    r"(?i)(?:user(?:_?name)?|usr|usuario|utilisateur|benutzer|login|uid|e?mail|account|host(?:name)?"
    r"|server(?:name)?|servidor|dsn|data(?:base|_?source)|db(?:_?name|_?user|_?host)?|ssid|smtp|port)"
    r"[\w.]{0,12}[\"'\]]{0,3}[ \t]*(?:=>|[:=,])[ \t]*[\"'][^\"'\s<>{}$]{2,}[\"']"
    r"|jdbc:\w|://\w|_connect\b|getConnection|\.login\(|connect\(|nodemailer|SMTP"
)


def is_plain_password(value: str, *, shortest: int = 4) -> bool:
    """Whether `value`, assigned to a name that says password, may be one though it is a word."""
    if not shortest <= len(value) <= 64 or is_filler_of_words(value) or _SYNTAX.search(value):
        return False
    if is_reference(value) or is_example_word(value) or _NAMES_ITSELF.search(value):
        return False
    if not value.isascii() or (len(value) < 6 and value.isupper() and value.isalpha()):
        return False
    if value.lower().strip(".,:;!") in _SAID_OF_PASSWORDS:
        return False
    return not (_REFERS.fullmatch(value) or _CAMEL.fullmatch(value)) or any(map(str.isdigit, value))


def is_filler_of_words(value: str) -> bool:
    """A filler, but for digits in order, which people do take for passwords."""
    return is_filler(value) and not value.isdigit()


_AFTER = lazy(r"[\"'`]{0,4}[ \t]*(?:$|[;,}\])<>\r\n]|#|//|--|/\*)")


def ends_its_line(secret: str, line: str) -> bool:
    """Whether nothing but a comment stands after `secret`: else it begins a sentence."""
    after = line.partition(secret)[2]
    return _AFTER.match(after) is not None


_COMMENT = lazy(r"^[ \t]*(?:\*|//|#|--|;|<!--|>>>|irb>|\$ |REM\b|'[^'\r\n]*$)")


def is_comment(line: str) -> bool:
    """Whether a line of code says something and does nothing."""
    return _COMMENT.match(line) is not None


def is_translation(path: str) -> bool:
    """Whether files at `path` hold labels in some language, or describe fields."""
    return _TRANSLATED.search(path) is not None


def stands_by_a_login(secret: str, around: str) -> bool:
    """Whether a user, a host or a database is written down in the text around.

    Where the user is called what the password is (`saltdev`, `saltdev`), somebody shows a form.
    """
    if re.search(
        rf"(?i)(?:user|login)\w{{0,8}}[\"']?[ \t]*[:=,][ \t]*[\"']?{re.escape(secret)}\b", around
    ):
        return False
    return _SIBLING.search(around) is not None


_EMPTY_PHRASE = lazy(
    r"(?i)^(?:your|my|the|some|change|replace|insert|enter|put|test|dev|example|default|secret|super)?"
    r"[-_ ]?(?:super|top|very|app|flask|django|jwt|session|api|auth)?[-_ ]?"
    r"(?:secret|key|token|password|string)*[-_ ]?(?:key|secret|here|goes|me|it|this|value)?"
    r"[-_ !.]*\d{0,4}$"
)


def is_phrase(value: str) -> bool:
    """Whether `value` signs sessions though it is a phrase: no reader has to replace it."""
    if len(value) < 5 or is_filler(value) or is_reference(value) or is_example_word(value):
        return False
    return _EMPTY_PHRASE.fullmatch(value) is None and not _SYNTAX.search(value)
