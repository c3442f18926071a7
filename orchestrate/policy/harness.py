"""Harness rules: how agents shall behave (`rules/harness.yaml`).

`inject` rules are text for prompts; `enforce` rules are text with a check of the tool behind it;
`block` rules refuse commands. Commands are judged where they are commands (an agent's tool call, a
script in the change), never where prose names them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from orchestrate.checks.findings import Severity
from orchestrate.policy.patterns import check_regex
from orchestrate.policy.schema import validate, with_defaults
from orchestrate.policy.taken import HARNESS_RULE, OTHER_ID, taken_ids
from orchestrate.policy.yaml import Document, load_document


@dataclass(frozen=True)
class HarnessRule:
    """One rule; `pattern` and `unless` are searched for in a command line, or in a line of
    output (`output_scan`).
    """

    id: str
    description: str
    tier: int
    type: str  # inject | enforce | block
    content: str
    pattern: str | None
    unless: str | None
    activate_on: tuple[str, ...]
    active: bool
    enforcement: str | None
    severity: Severity
    tags: tuple[str, ...]


def load_harness(data: bytes, path: str) -> tuple[HarnessRule, ...]:
    """The rules in `data` by tier, each tier in the file's order, inactive ones included.

    Raises:
        FileError: it does not parse, does not fit the schema, names an id twice or one that is
            taken, or holds a pattern that cannot run.
    """
    document = load_document(data, path)
    validate(document, "harness")
    entries = with_defaults(document.value, "harness")["rules"]
    seen: set[str] = set()
    for i, entry in enumerate(entries):
        if entry["id"] in seen:
            raise document.error(("rules", i, "id"), f"the rule `{entry['id']}` is there twice")
        what = taken_ids().get(entry["id"], HARNESS_RULE)
        if what != HARNESS_RULE:
            raise document.error(
                ("rules", i, "id"), f"the rule `{entry['id']}` has the id of {what}", hint=OTHER_ID
            )
        seen.add(entry["id"])
    rules = [_rule(entry, i, document) for i, entry in enumerate(entries)]
    return tuple(sorted(rules, key=lambda rule: rule.tier))


def _rule(raw: dict[str, Any], index: int, document: Document) -> HarnessRule:
    at, owner = ("rules", index), f"harness rule {raw['id']}"
    patterns = raw.get("pattern", [])
    if isinstance(patterns, str):
        check_regex(patterns, (*at, "pattern"), document, owner)
    else:
        for i, pattern in enumerate(patterns):
            check_regex(pattern, (*at, "pattern", i), document, owner)
        patterns = "|".join(patterns)
    if "unless" in raw:
        check_regex(raw["unless"], (*at, "unless"), document, owner)
    return HarnessRule(
        **{
            **raw,
            "pattern": patterns or None,
            "unless": raw.get("unless"),
            "activate_on": tuple(raw["activate_on"]),
            "severity": Severity(raw["severity"]),
            "tags": tuple(raw["tags"]),
        }
    )


def is_called_for(activate_on: Iterable[str], text: str) -> bool:
    """Whether a rule has no words to wait for, or one of them is in the text as a whole word."""
    words = tuple(activate_on)
    return not words or any(_has_word(word, text) for word in words)


def _has_word(word: str, text: str) -> bool:
    # Whole words: "token" is not in "tokenizer", nor "api key" in "rapid keyboard".
    return re.search(rf"(?<!\w){re.escape(word)}s?(?!\w)", text, re.IGNORECASE) is not None
