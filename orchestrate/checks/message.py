"""Judges a commit message: conventional form, length, trailers, as the policy asks.

Pure: `check_message(text, config)`. Lines count as in the message that git stores, after comments
and what stands below the scissors are gone.
"""

import re
from collections.abc import Iterator

from orchestrate.checks.catalogue import finding
from orchestrate.checks.findings import Finding
from orchestrate.policy.config import CommitMessageConfig

_CONVENTIONAL = re.compile(r"(?P<type>[A-Za-z]+)(?:\((?P<scope>[^()\s][^()]*)\))?!?: +\S")
# Git writes these itself; fixup! and squash! are melted into another commit before they land.
_BY_GIT = re.compile(r"(?:Merge |Revert \"|Reapply \"|(?:fixup|squash|amend)! )")
_TRAILER = re.compile(r"(?P<key>[A-Za-z0-9][A-Za-z0-9-]*) *: *(?P<value>\S.*)")
_SCISSORS = re.compile(r"^. -+ >8 -+$", re.MULTILINE)


def cleaned(text: str, comment: str = "#") -> str:
    """The message as git stores it: no comments, nothing below the scissors, no blank ends."""
    cut = _SCISSORS.search(text)
    kept = text[: cut.start()] if cut else text
    return "\n".join(
        line.rstrip() for line in kept.split("\n") if not comment or not line.startswith(comment)
    ).strip("\n")


def check_message(message: str, config: CommitMessageConfig) -> list[Finding]:
    """The findings on a message that `cleaned` returned; git itself refuses an empty one."""
    if not message:
        return []
    subject, _, rest = message.partition("\n")
    found = [*_body(rest, config, message)]
    if not _BY_GIT.match(subject):
        found += _subject(subject, config)
    return found


def _subject(subject: str, config: CommitMessageConfig) -> Iterator[Finding]:
    level = config.severity
    if len(subject) > config.max_subject:
        yield finding(
            "long-subject", "", f"the first line has {len(subject)} characters, at most "
            f"{config.max_subject} are accepted", line=1, column=config.max_subject + 1,
            severity=level,
        )  # fmt: skip
    if not config.conventional:
        return
    form = _CONVENTIONAL.match(subject)
    if form is None:
        message = f"the first line is not `type(scope): subject`: {subject[:60]!r}"
        yield finding("unconventional-subject", "", message, line=1, column=1, severity=level)
    elif form["type"] not in config.types:
        message = f"the type `{form['type']}` is none of {', '.join(config.types)}"
        yield finding("unconventional-subject", "", message, line=1, column=1, severity=level)
    elif config.scopes and form["scope"] is not None and form["scope"] not in config.scopes:
        message = f"the scope `{form['scope']}` is none of {', '.join(config.scopes)}"
        yield finding("unconventional-subject", "", message, line=1, column=1, severity=level)


def _body(rest: str, config: CommitMessageConfig, message: str) -> Iterator[Finding]:
    if rest and not rest.startswith("\n"):
        yield finding(
            "no-blank-line", "", "the second line is not blank", line=2, severity=config.severity
        )
    have = {key.lower() for key, _ in trailers(message)}
    for key in config.required_trailers:
        if key.lower() not in have:
            text = f"the trailer `{key}:` is missing"
            yield finding("missing-trailer", "", text, severity=config.severity)


def trailers(message: str) -> list[tuple[str, str]]:
    """The `Key: value` lines of the last paragraph, when it is made of such lines."""
    last = message.rstrip().rpartition("\n\n")
    if not last[1]:
        return []
    found: list[tuple[str, str]] = []
    for line in last[2].split("\n"):
        match = _TRAILER.fullmatch(line)
        if match:
            found.append((match["key"], match["value"]))
        elif not line.startswith((" ", "\t")):
            return []
    return found
