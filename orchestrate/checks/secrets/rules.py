"""The rules as values: `rules/secrets.yaml` read, checked and made ready to run.

Rules kept here:

* The order of the file is the order of precedence: where two rules see the same characters, the
  first one reports them. Vendors come first, file formats next, generic assignments last.
* A form is one way a secret stands in a text. Rules may share forms; each form is searched once.
* A form without a trigger is not part of the pass over all bytes: it runs only in files whose path
  one of its rule's globs names.
* `pack` and `unpack` carry a Ruleset through a cache: reading the YAML takes two seconds. What only
  reading the YAML needs is imported by it.
"""

import re
from functools import lru_cache
from typing import Any, NamedTuple

from orchestrate.checks.findings import Severity
from orchestrate.checks.secrets.lazy import lazy
from orchestrate.checks.secrets.paths import is_test_path
from orchestrate.checks.secrets.shapes import assigned, path_regex, trigger_of
from orchestrate.checks.secrets.text import words
from orchestrate.errors import FileError

FILE = "rules/secrets.yaml"
FORMAT = 2  # of packed rulesets; a cache key
NEXT_STEP = "remove it and revoke it: whoever can read the history has it"

_ID = lazy(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEYS = words(
    """
    id description source severity in_tests pattern patterns names value forms keywords trigger
    reach validators entropy paths direct binary next_step match clean
    """
)


class Form(NamedTuple):
    """One way a secret stands in a text.

    `trigger` "" runs by path alone. `keywords` are lower-case texts of which one stands in every
    match. `reach` is how many bytes a match may run beyond its first line. `rules` are indexes
    into the ruleset, in order of precedence.
    """

    pattern: str
    trigger: str
    keywords: tuple[str, ...]
    reach: int
    rules: tuple[int, ...]


class Rule(NamedTuple):
    """What a kind of secret is. `paths` is a regular expression for whole lower-case paths or "".

    `entropy` is the least Shannon entropy of the secret, in bits per character. `in_tests` is the
    severity in tests, documentation and examples (`paths.py`), None where the rule is silent there.
    """

    id: str
    description: str
    severity: Severity
    source: str
    entropy: float
    validators: tuple[str, ...]
    paths: str
    binary: bool
    next_step: str
    in_tests: Severity | None

    def severity_at(self, path: str) -> Severity:
        """What a finding in a file at `path` does."""
        return self.in_tests if self.in_tests and is_test_path(path) else self.severity


class Samples(NamedTuple):
    """Templates (`samples.py`) that a rule must and must not report, as (path, text)."""

    match: tuple[tuple[str, str], ...]
    clean: tuple[tuple[str, str], ...]


class Ruleset(NamedTuple):
    """All rules; `digest` names their content, for cache keys."""

    rules: tuple[Rule, ...]
    forms: tuple[Form, ...]
    digest: str


def load(data: bytes, path: str = FILE) -> tuple[Ruleset, dict[str, Samples]]:
    """The rules of a file, and the samples of each by id.

    Raises:
        FileError: the file is not YAML, or a rule is not of the form its head describes.
    """
    import hashlib

    from orchestrate.policy.yaml import load_yaml

    document = load_yaml(data, path)
    shared = {key: _form(value, path, key) for key, value in document.get("forms", {}).items()}
    rules: list[Rule] = []
    samples: dict[str, Samples] = {}
    forms: dict[tuple[str, str, tuple[str, ...], int], list[int]] = {}
    for entry in document["rules"]:
        rule = _rule(entry, path)
        if rule.id in samples:
            raise FileError(path, f"two rules have the id {rule.id}")
        for form in _forms(entry, shared, path):
            forms.setdefault(form, []).append(len(rules))
        rules.append(rule)
        samples[rule.id] = Samples(_samples(entry, "match"), _samples(entry, "clean"))
    made = tuple(Form(*key, tuple(using)) for key, using in forms.items())
    return Ruleset(tuple(rules), made, hashlib.sha256(data).hexdigest()), samples


@lru_cache(maxsize=1)
def shipped() -> Ruleset:
    """The rules that ship."""
    from orchestrate import resources

    return load(resources.read("rules", "secrets.yaml"))[0]


def pack(ruleset: Ruleset) -> bytes:
    """A ruleset as bytes that `unpack` reads in a few milliseconds."""
    import json

    return json.dumps([FORMAT, *ruleset]).encode()


def unpack(data: bytes) -> Ruleset:
    """The ruleset that `pack` wrote.

    Raises:
        ValueError: the bytes are not a packed ruleset of this version.
    """
    return from_values(*unpacked_values(data))


def unpacked_values(data: bytes) -> list[Any]:
    """The ruleset that `pack` wrote as `from_values` takes it: lists, texts and numbers.

    Raises:
        ValueError: the bytes are not a packed ruleset of this version.
    """
    import json

    values: list[Any]
    version, *values = json.loads(data)
    if version != FORMAT:
        raise ValueError(f"a packed ruleset of format {version}, expected {FORMAT}")
    return values


def from_values(rules: list[Any], forms: list[Any], digest: str) -> Ruleset:
    """The ruleset made of plain values."""
    return Ruleset(
        tuple(_unpacked_rule(*fields) for fields in rules),
        tuple(Form(p, t, tuple(k), reach, tuple(using)) for p, t, k, reach, using in forms),
        digest,
    )


def _unpacked_rule(
    id: str, description: str, severity: str, source: str, entropy: float,
    validators: list[str], paths: str, binary: bool, next_step: str, in_tests: str | None,
) -> Rule:  # fmt: skip
    return Rule(
        id, description, Severity(severity), source, entropy, tuple(validators), paths, binary,
        next_step, Severity(in_tests) if in_tests else None,
    )  # fmt: skip


def _rule(entry: dict[str, Any], path: str) -> Rule:
    from orchestrate.checks.secrets.validators.table import VALIDATORS

    id = str(entry.get("id"))
    if not _ID.fullmatch(id):
        raise FileError(path, f"the id {id!r} is not words of a-z and 0-9 joined by hyphens")
    if unknown := sorted(entry.keys() - _KEYS):
        raise FileError(path, f"rule {id} has the unknown field {unknown[0]}")
    validators = tuple(entry.get("validators", ()))
    if missing := [name for name in validators if name not in VALIDATORS]:
        raise FileError(
            path, f"rule {id} names the validator {missing[0]}, known: {', '.join(VALIDATORS)}"
        )
    severity = entry.get("severity", "block")
    in_tests = entry.get("in_tests", severity)
    return Rule(
        id=id,
        description=entry["description"],
        severity=Severity(severity),
        in_tests=None if in_tests == "none" else Severity(in_tests),
        source=entry.get("source", ""),
        entropy=float(entry.get("entropy", 0)),
        validators=validators,
        paths=path_regex(entry.get("paths", [])),
        binary=bool(entry.get("binary", "forms" not in entry and not entry.get("direct"))),
        next_step=entry.get("next_step", NEXT_STEP),
    )


FormKey = tuple[str, str, tuple[str, ...], int]


def _forms(entry: dict[str, Any], shared: dict[str, FormKey], path: str) -> list[FormKey]:
    """The forms of one rule: named ones, its own patterns, and `names` with a `value`."""
    id = entry["id"]
    try:
        found = [shared[name] for name in entry.get("forms", ())]
    except KeyError as e:
        raise FileError(path, f"rule {id} names the form {e}, which is not there") from None
    own = [entry["pattern"]] if "pattern" in entry else list(entry.get("patterns", ()))
    found += [_form({**entry, "pattern": pattern}, path, id) for pattern in own]
    if "names" in entry:
        words = [re.sub(r"[^a-z0-9].*", "", name.lower()) for name in entry["names"]]
        pattern = assigned(entry["names"], entry["value"])
        found.append(_form({"pattern": pattern, "keywords": words}, path, id))
    if not found:
        raise FileError(path, f"rule {id} has neither pattern, names nor forms")
    return found


def _form(entry: dict[str, Any], path: str, id: str) -> FormKey:
    pattern = "".join(str(entry["pattern"]).split("\n"))
    try:
        re.compile(pattern.encode())
    except re.error as e:
        raise FileError(path, f"the pattern of {id} does not compile: {e}") from None
    if entry.get("direct"):
        return pattern, "", (), 0
    keywords = tuple(word.lower() for word in entry.get("keywords", ()))
    if not keywords or not all(keywords):
        raise FileError(path, f"{id} has no keywords: a text that stands in each of its matches")
    trigger = entry.get("trigger") or trigger_of(pattern)
    return pattern, trigger, keywords, int(entry.get("reach", 0))


def _samples(entry: dict[str, Any], key: str) -> tuple[tuple[str, str], ...]:
    """Samples are a text, or {path: text} where the path matters."""
    pairs: list[tuple[str, str]] = []
    for sample in entry.get(key, ()):
        pairs += sample.items() if isinstance(sample, dict) else [("src/settings.py", sample)]
    return tuple(pairs)
