"""Roles: what an agent in a seat must and must not do (`roles/<id>.yaml`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrate.checks.findings import Severity
from orchestrate.policy.patterns import check_regex
from orchestrate.policy.schema import check_glob, check_globs, validate, with_defaults
from orchestrate.policy.yaml import Document, load_document


@dataclass(frozen=True)
class Framework:
    """A way of thinking, as text for the prompt."""

    name: str
    prompt: str


@dataclass(frozen=True)
class ForbiddenPattern:
    """What no added line of the `paths` may hold; a line that `unless` matches is fine."""

    pattern: str
    paths: tuple[str, ...]
    unless: str | None
    severity: Severity
    description: str
    fix: str


@dataclass(frozen=True)
class RequiredOutput:
    """What a change must contain; see `required_output` in `schemas/common.schema.json`."""

    type: str  # file_match | content_check
    pattern: str
    check: str | None
    description: str


@dataclass(frozen=True)
class Escalation:
    """Who takes over: a role's id, `human`, or None for nobody."""

    on_scope_violation: str | None
    on_budget_exceeded: str | None
    on_metric_failure: str | None


@dataclass(frozen=True)
class Role:
    """A seat, as its file describes it."""

    id: str
    name: str
    description: str
    responsibilities: tuple[str, ...]
    must_not: tuple[str, ...]
    framework: Framework | None
    scope_paths: tuple[str, ...]
    deny_paths: tuple[str, ...]
    forbidden_patterns: tuple[ForbiddenPattern, ...]
    required_outputs: tuple[RequiredOutput, ...]
    escalation: Escalation

    @property
    def scope(self) -> tuple[str, ...]:
        """The paths the role may touch; none is whatever its task allows."""
        return self.scope_paths


def load_role(data: bytes, path: str) -> Role:
    """The role in `data`.

    Raises:
        FileError: it does not parse, does not fit the schema, or holds a pattern that cannot run.
    """
    document = load_document(data, path)
    validate(document, "role")
    raw = with_defaults(document.value, "role")
    check_file_id(raw["id"], document)
    check_globs(raw["scope_paths"], ("scope_paths",), document)
    check_globs(raw["deny_paths"], ("deny_paths",), document)
    return Role(
        id=raw["id"],
        name=raw["name"],
        description=raw["description"],
        responsibilities=tuple(raw["responsibilities"]),
        must_not=tuple(raw["must_not"]),
        framework=Framework(**raw["framework"]) if raw["framework"] else None,
        scope_paths=tuple(raw["scope_paths"]),
        deny_paths=tuple(raw["deny_paths"]),
        forbidden_patterns=tuple(
            _forbidden(entry, i, document) for i, entry in enumerate(raw["forbidden_patterns"])
        ),
        required_outputs=required_outputs(raw["required_outputs"], document, f"role {raw['id']}"),
        escalation=Escalation(**raw["escalation"]),
    )


def check_file_id(id: str, document: Document) -> None:
    """Refuse an id that is not the file's name: one id names the thing and its file.

    Raises:
        FileError: they differ.
    """
    name = document.path.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    if id != name:
        raise document.error(
            ("id",), f"the id `{id}` is not the file's name `{name}`", hint="rename one of them"
        )


def _forbidden(raw: dict[str, Any], index: int, document: Document) -> ForbiddenPattern:
    at, role = ("forbidden_patterns", index), document.value["id"]
    paths = raw["in"] if isinstance(raw["in"], list) else [raw["in"]]
    if isinstance(raw["in"], list):
        check_globs(paths, (*at, "in"), document)
    else:
        check_glob(raw["in"], (*at, "in"), document)
    for field in ("pattern", "unless"):
        if field in raw:
            owner = f"role {role}, forbidden_patterns[{index}]"
            check_regex(raw[field], (*at, field), document, owner)
    return ForbiddenPattern(
        pattern=raw["pattern"],
        paths=tuple(paths),
        unless=raw.get("unless"),
        severity=Severity(raw["severity"]),
        description=raw["description"],
        fix=raw["fix"],
    )


def required_outputs(
    raw: Sequence[Mapping[str, Any]], document: Document, owner: str
) -> tuple[RequiredOutput, ...]:
    """The required outputs of a role or of a task.

    Raises:
        FileError: a path pattern or an expression cannot run.
    """
    for i, entry in enumerate(raw):
        check_glob(entry["pattern"], ("required_outputs", i, "pattern"), document)
        if "check" in entry:
            at = ("required_outputs", i, "check")
            check_regex(entry["check"], at, document, f"{owner}, required_outputs[{i}]")
    return tuple(
        RequiredOutput(e["type"], e["pattern"], e.get("check"), e.get("description", ""))
        for e in raw
    )
