"""Named tests of a candidate that a pattern cannot express; a rule lists those it needs."""

from collections.abc import Mapping

from orchestrate.checks.secrets.judge import Grade
from orchestrate.checks.secrets.names import Kind
from orchestrate.checks.secrets.validators import (
    assigned,
    connections,
    credential_files,
    decoded,
    passwords,
    tokens,
)
from orchestrate.checks.secrets.validators.candidate import Validator

VALIDATORS: Mapping[str, Validator] = {
    "checksum": tokens.checksum,
    "mixed": tokens.mixed,
    "drawn": tokens.drawn,
    "token": tokens.token,
    "chosen": tokens.chosen,
    "not-a-reference": tokens.not_a_reference,
    "jwt": decoded.jwt,
    "private-key": decoded.private_key,
    "key-file": decoded.key_file,
    "jwk": decoded.is_of_a_key,
    "basic-credentials": decoded.basic_credentials,
    "base64-value": decoded.base64_value,
    "discord": decoded.discord,
    "likely-password": passwords.likely_password,
    "sure-password": passwords.sure_password,
    "defined-password": passwords.defined_password,
    "plain-setting": passwords.plain_setting,
    "plain-beside-login": passwords.plain_beside_login,
    "plain-in-code": passwords.plain_in_code,
    "strong-password": assigned.graded((Kind.PASSWORD,), Grade.STRONG),
    "weak-password": assigned.graded((Kind.PASSWORD,), Grade.WEAK),
    "strong-secret": assigned.graded((Kind.SECRET, Kind.KEY), Grade.STRONG),
    "weak-secret": assigned.graded((Kind.SECRET,), Grade.WEAK),
    "salt": assigned.graded((Kind.SALT,), Grade.WEAK),
    "salt-value": assigned.salt_value,
    "named-value": assigned.named_value,
    "named-or-phrase": assigned.named_or_phrase,
    "phrase": assigned.phrase,
    "key-material": assigned.key_material,
    "strong-any": assigned.strong_any,
    "random-token": assigned.random_token,
    "url-password": connections.url_password,
    "at-a-real-host": connections.at_a_real_host,
    "given-password": connections.given_password,
    "sql-context": connections.sql_context,
    "not-anonymous": connections.not_anonymous,
    "named-credential": credential_files.named_credential,
    "named-or-signing": credential_files.named_or_signing,
    "credential-file-value": credential_files.credential_file_value,
    "password-column": credential_files.password_column,
}
