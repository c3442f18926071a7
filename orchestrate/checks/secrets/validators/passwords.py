"""Values that stand where a password stands: a word may be one, if the place says so.

What makes a word a password is in `plain.py`; what makes a value look drawn, in `judge.py`.
"""

import re

from orchestrate.checks.secrets.judge import Grade, grade, looks_random
from orchestrate.checks.secrets.names import Kind, kind_of
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.placeholders import is_example_word, is_filler, is_made_up
from orchestrate.checks.secrets.plain import (
    ends_its_line,
    is_comment,
    is_plain_password,
    is_translation,
    stands_by_a_login,
)
from orchestrate.checks.secrets.validators.candidate import Candidate


def likely_password(candidate: Candidate) -> bool:
    """A value that is probably a password, if a password stands here."""
    in_tests = is_test_path(candidate.path)
    return grade(Kind.PASSWORD, candidate.secret, in_tests=in_tests) >= Grade.WEAK


def sure_password(candidate: Candidate) -> bool:
    """A value that is nothing else than a password, if a password stands here."""
    in_tests = is_test_path(candidate.path)
    return grade(Kind.PASSWORD, candidate.secret, in_tests=in_tests) >= Grade.STRONG


def defined_password(candidate: Candidate) -> bool:
    """Any characters a generator draws, which other places would take for code, or a word."""
    value = candidate.secret
    if is_example_word(value) or is_filler(value) or "{{" in value:
        return False
    drawn = len(value) >= 8 and " " not in value and looks_random(value)
    return drawn or is_plain_password(value)


def plain_setting(candidate: Candidate) -> bool:
    """In a settings file: a password's name, and one word to the end of the line."""
    if kind_of(candidate.name) is not Kind.PASSWORD or is_test_path(candidate.path):
        return False
    if is_translation(candidate.path) or not is_plain_password(candidate.secret):
        return False
    return ends_its_line(candidate.secret, candidate.line)


def plain_beside_login(candidate: Candidate) -> bool:
    """In code: a password's name, a word in quotes, and a user or a host written down beside it."""
    if kind_of(candidate.name) is not Kind.PASSWORD or is_test_path(candidate.path):
        return False
    value, shortest = candidate.secret, 3 if candidate.secret.isdigit() else 4
    if is_translation(candidate.path) or not is_plain_password(value, shortest=shortest):
        return False
    if is_made_up(value) or is_comment(candidate.line):
        return False
    return not is_prose(candidate) and stands_by_a_login(candidate.secret, candidate.around())


def plain_in_code(candidate: Candidate) -> bool:
    """As above, with nobody beside it."""
    if kind_of(candidate.name) is not Kind.PASSWORD or is_test_path(candidate.path):
        return False
    if is_translation(candidate.path) or is_prose(candidate) or is_comment(candidate.line):
        return False
    if is_made_up(candidate.secret):
        return False
    return is_plain_password(candidate.secret) and ends_its_line(candidate.secret, candidate.line)


_VERBS = frozenset({"pass", "Pass", "salt", "Salt", "seed", "Seed"})


def is_prose(candidate: Candidate) -> bool:
    """Whether the name is a verb or a program and only blanks stand before the value.

    "pass `strict=True` to ...", "salt 'minion' test.ping"; `pass = "..."` is none.
    """
    if candidate.name not in _VERBS:
        return False
    before = candidate.line.partition(candidate.secret)[0].rstrip("\"'`(")
    return re.search(rf"{candidate.name}[ \t]+(?:[a-z]{{3,10}}[ \t]+)?$", before) is not None
