"""Rules: Markdown with front matter, that applies to paths (`rules/<id>.md`).

The text goes into prompts; the `checks` of the front matter are enforced. Order: project rules,
then framework rules, then universal ones; within a tier the higher priority first.
"""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from orchestrate.checks.findings import Severity
from orchestrate.errors import FileError
from orchestrate.policy.config import RulesConfig
from orchestrate.policy.detection import is_sign, signs_found
from orchestrate.policy.globs import Globs, globs
from orchestrate.policy.patterns import check_regex
from orchestrate.policy.roles import check_file_id
from orchestrate.policy.schema import check_globs, validate, with_defaults
from orchestrate.policy.taken import OTHER_ID, taken_ids
from orchestrate.policy.yaml import Document, load_document

TIERS = {"universal": 0, "framework": 10, "project": 20}


@dataclass(frozen=True)
class Check:
    """One mechanical check; exactly one of `pattern`, `builtin`, `on == "added-path"` says what.

    `paths` are the check's own or the rule's. `pattern` and `unless` run on one line without its
    end.
    """

    id: str
    rule: str
    pattern: str | None
    unless: str | None
    builtin: str | None
    paths: tuple[str, ...]
    excepted: tuple[str, ...]
    on: str  # added-lines | whole-file | added-path
    severity: Severity
    message: str
    fix: str
    line: int = field(default=0, compare=False)  # of the rule's file, for messages

    def applies_to(self, path: str) -> bool:
        """Whether the check looks at the file at `path`."""
        return globs(self.paths).match(path) and not globs(self.excepted).match(path)


@dataclass(frozen=True)
class Rule:
    """One rule; `text` is what prompts get, `source` the file it came from."""

    id: str
    version: str
    tier: str
    paths: tuple[str, ...]
    detect: tuple[str, ...]
    priority: int
    tags: tuple[str, ...]
    checks: tuple[Check, ...]
    text: str
    source: str

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts rules by precedence."""
        return (-TIERS[self.tier], -self.priority, self.id)


_FRONT_MATTER = re.compile(
    rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n(.*?)^---[ \t]*(?:\r?\n|\Z)", re.S | re.M
)


def load_rule(data: bytes, path: str) -> Rule:
    """The rule in a Markdown file.

    Raises:
        FileError: no front matter, or it does not parse, does not fit the schema, or holds a
            pattern that cannot run.
    """
    found = _FRONT_MATTER.match(data)
    if found is None:
        raise FileError(
            path,
            "no front matter: the file must begin with a line `---`, and a line `---` must end it",
            line=1,
        )
    document = load_document(found[1], path, first_line=2)
    validate(document, "rule")
    raw = with_defaults(document.value, "rule")
    check_file_id(raw["id"], document)
    check_globs(raw["paths"], ("paths",), document)
    _check_signs(raw["detect"], document)
    checks = tuple(_check(entry, i, raw, document) for i, entry in enumerate(raw["checks"]))
    try:
        text = data[found.end() :].decode().strip()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, found.end() + error.start) + 1
        raise FileError(path, "the text is not UTF-8", line=line) from None
    return Rule(
        id=raw["id"],
        version=raw["version"],
        tier=raw["tier"],
        paths=tuple(raw["paths"]),
        detect=tuple(raw["detect"]),
        priority=raw["priority"],
        tags=tuple(raw["tags"]),
        checks=checks,
        text=text,
        source=path,
    )


def _check_signs(signs: Sequence[str], document: Document) -> None:
    for i, sign in enumerate(signs):
        reason = is_sign(sign)
        if reason:
            raise document.error(("detect", i), reason)


def _check(raw: dict[str, Any], index: int, rule: dict[str, Any], document: Document) -> Check:
    at, owner = ("checks", index), f"rule {rule['id']}, check {raw['id']}"
    if what := taken_ids().get(raw["id"]):
        raise document.error((*at, "id"), f"{owner}: this is the id of {what}", hint=OTHER_ID)
    says: list[str] = [field for field in ("pattern", "builtin") if field in raw]
    if raw["on"] == "added-path":
        says.append("on: added-path")
    if len(says) != 1:
        found = " and ".join(says) if says else "none of them"
        raise document.error(
            at, f"{owner}: needs one of `pattern`, `builtin`, `on: added-path`; it has {found}"
        )
    for name in ("pattern", "unless"):
        if name in raw:
            check_regex(raw[name], (*at, name), document, owner)
    for name in ("paths", "except"):
        check_globs(raw.get(name, ()), (*at, name), document)
    return Check(
        id=raw["id"],
        rule=rule["id"],
        pattern=raw.get("pattern"),
        unless=raw.get("unless"),
        builtin=raw.get("builtin"),
        paths=tuple(raw.get("paths", rule["paths"])),
        excepted=tuple(raw["except"]),
        on=raw["on"],
        severity=Severity(raw["severity"]),
        message=raw["message"],
        fix=raw["fix"],
        line=document.place((*at, "id"))[0],
    )


def matching(rules: Iterable[Rule], paths: Sequence[str]) -> list[Rule]:
    """The rules about any of the files, in order of precedence."""
    return sorted(
        (rule for rule in rules if any(map(Globs(rule.paths).match, paths))),
        key=lambda rule: rule.order,
    )


def detected(
    rules: Iterable[Rule], files: Iterable[str], read: Callable[[str], bytes | None]
) -> list[Rule]:
    """The rules wanted in a repository with these files: those without signs, or with one found."""
    wanted = list(rules)
    found = signs_found({sign for rule in wanted for sign in rule.detect}, files, read)
    return [rule for rule in wanted if not rule.detect or found.intersection(rule.detect)]


def effective(
    shipped: Iterable[Rule], own: Iterable[Rule], config: RulesConfig
) -> tuple[Rule, ...]:
    """The rules that hold, in order: own ones over shipped ones of the same id, as configured.

    Raises:
        FileError: two rules bring a check of the same id.
    """
    by_id = {rule.id: rule for rule in shipped} if config.shipped else {}
    by_id |= {rule.id: rule for rule in own}
    rules = [_configured(rule, config) for rule in by_id.values() if rule.id not in config.off]
    rules.sort(key=lambda rule: rule.order)
    _refuse_twins(rules)
    return tuple(rules)


def _configured(rule: Rule, config: RulesConfig) -> Rule:
    checks = tuple(
        replace(
            check,
            severity=config.severity.get(check.id, check.severity),
            excepted=check.excepted + config.ignore,
        )
        for check in rule.checks
        if check.id not in config.off
    )
    return replace(rule, checks=checks)


def refuse_ids(rules: Iterable[Rule], taken: Collection[str], where: str) -> None:
    """Accept rules none of whose checks has an id that the file `where` takes.

    Raises:
        FileError: one has; the message names both.
    """
    for rule in rules:
        for check in rule.checks:
            if check.id not in taken:
                continue
            if rule.source.startswith("rules/"):  # what ships: the other file is to be mended
                said = f"the id `{check.id}` is that of a check of the shipped {rule.source}"
                raise FileError(where, said, hint=OTHER_ID)
            said = f"the check `{check.id}` has the id of a harness rule in {where}"
            raise FileError(rule.source, said, line=check.line, hint=OTHER_ID)


def _refuse_twins(rules: Iterable[Rule]) -> None:
    seen: dict[str, str] = {}
    # What ships comes first: the file to be told is the repository's own.
    for rule in sorted(rules, key=lambda rule: not rule.source.startswith("rules/")):
        for check in rule.checks:
            if check.id in seen:
                raise FileError(
                    rule.source,
                    f"the check `{check.id}` is already defined in {seen[check.id]}",
                    line=check.line,
                    hint=OTHER_ID,
                )
            seen[check.id] = rule.source
