"""The other programs that look for secrets: how each is asked, and what its report says.

Rules kept here:

* A program is asked to read one folder and print JSON. It is told to verify nothing over the
  network, to fetch no update, and to take no exception from the content: the policy holds those.
* A report that is not what the program documents is an error, never "nothing found".

Sources: `gitleaks dir --help` of 8.30 and its report's fields; trufflehog 3's flags (main.go),
its fields (pkg/output/json.go) and the `Filesystem` results that its issues 3448 and 4235 show.
"""

import json
import re
from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, NamedTuple

_NO_ID = re.compile(r"[^a-z0-9]+")


class Leak(NamedTuple):
    """One secret as a program reports it; `line` counts from 1 and is 0 where it does not say."""

    file: str
    line: int
    rule: str
    description: str
    secret: str


class Tool(NamedTuple):
    """A program: its arguments before the folder and after it, and how its output is read.

    `mentions` are the marks by which the content could ask it to look away and no argument forbids
    it; `complaint` matches what it logs when it did not read everything.
    """

    name: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    read: Callable[[bytes], Iterator[Leak]]
    mentions: tuple[bytes, ...]
    complaint: re.Pattern[bytes]


def rule_id(tool: str, rule: str) -> str:
    """The finding's id for a program's own rule: what an `orchestrate: allow` mark can name."""
    return f"{tool}-{_NO_ID.sub('-', rule.lower()).strip('-') or 'secret'}"


def gitleaks_report(output: bytes) -> Iterator[Leak]:
    """What gitleaks found. Raises: ValueError, KeyError, TypeError when it is no report of its."""
    for one in json.loads(output):
        yield Leak(
            _text(one["File"]),
            int(one["StartLine"]),
            _text(one["RuleID"]),
            _text(one["Description"]),
            _text(one["Secret"] or one["Match"]),
        )


def trufflehog_report(output: bytes) -> Iterator[Leak]:
    """What trufflehog found, a line of JSON each; other lines are its log.

    Raises: ValueError, KeyError, TypeError when it is no report of its.
    """
    for line in output.splitlines():
        one = json.loads(line)
        if not isinstance(one, dict):
            raise TypeError(f"{one!r} should be an object")
        if "SourceMetadata" not in one:
            continue
        place = one["SourceMetadata"]["Data"]["Filesystem"]
        rule = _text(one["DetectorName"])
        # A custom detector is named in the extra data (issue 3448).
        rule = (one.get("ExtraData") or {}).get("name", rule) if rule == "CustomRegex" else rule
        described = one.get("DetectorDescription") or f"{rule} secret"
        yield Leak(_text(place["file"]), place.get("line", 0), rule, described, _text(one["Raw"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} should be a text")
    return value


TOOLS = MappingProxyType(
    {
        "gitleaks": Tool(
            "gitleaks",
            ("dir",),
            ("--no-banner", "--no-color", "--log-level", "error", "--report-format", "json",
             "--report-path", "-", "--exit-code", "0", "--ignore-gitleaks-allow"),
            gitleaks_report,
            (),
            re.compile(rb"\b(?:ERR|FTL)\b"),
        ),
        "trufflehog": Tool(
            "trufflehog",
            ("filesystem",),
            ("--json", "--no-verification", "--no-update"),
            trufflehog_report,
            (b"trufflehog:ignore",),
            re.compile(rb'"level":\s*"(?:error|fatal)'),
        ),
    }
)  # fmt: skip
