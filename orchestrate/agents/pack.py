"""The StepPack: all that one attempt is told, as data. The prompt is made from it and nothing else.

It is stored beside the attempt, so it holds no machine path, no clock and no secret, and the same
pack is always the same bytes. Each fact stands once: the scope is `scope`, nowhere else. The format
is `schemas/step-pack.schema.json`.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from orchestrate.errors import InvalidInput
from orchestrate.machine_json import to_json

SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class PackCriterion:
    """An acceptance criterion, verbatim; `verify` is the command that the runner runs for it."""

    text: str
    verify: str = ""


@dataclass(frozen=True, slots=True)
class PackCommand:
    """A command that the runner itself runs and that must exit 0; `id` names it in findings."""

    id: str
    command: str
    purpose: str = ""


@dataclass(frozen=True, slots=True)
class PackScope:
    """Which paths the task may touch (globs), may not, and which need a person.

    `role` are the role's own paths, which a path must match besides; () is no limit.
    """

    allow: tuple[str, ...] = ("**",)
    deny: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
    planned_files: tuple[str, ...] | None = None
    allow_protected: bool = False  # a person approved a scope that names protected paths
    role: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PackRule:
    """A coding rule; `tier` is project, framework or universal, `priority` high first."""

    id: str
    tier: str
    priority: int
    text: str


@dataclass(frozen=True, slots=True)
class PackHarness:
    """A behaviour rule; shown when `activate_on` is empty or one of its words is in the task."""

    id: str
    text: str
    activate_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PackRole:
    """The seat the agent sits in."""

    id: str
    name: str = ""
    description: str = ""
    responsibilities: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    framework: str = ""


@dataclass(frozen=True, slots=True)
class PackFinding:
    """One thing that was wrong: a check's finding, or a command that failed."""

    id: str
    message: str
    path: str = ""
    line: int = 0
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class PackFailure:
    """An earlier attempt that did not pass; `output` is the redacted end of what it printed."""

    attempt: str
    reason: str
    findings: tuple[PackFinding, ...] = ()
    output: str = ""
    measured: float | None = None


@dataclass(frozen=True, slots=True)
class PackMetric:
    """What is measured after the attempt: better is `direction`, by more than `min_delta`."""

    command: str
    direction: str
    min_delta: float = 0.0
    baseline: float | None = None
    best: float | None = None


@dataclass(frozen=True, slots=True)
class PackLimits:
    """What ends the attempt; None is "no limit"."""

    max_runtime_sec: float | None = None
    max_silence_sec: float | None = None
    max_turns: int | None = None
    max_cost_usd: float | None = None
    max_attempts: int | None = None


@dataclass(frozen=True, slots=True)
class StepPack:
    """One attempt's assignment. `attempt` is "R0/S1"; `approach` asks for another way."""

    plan: str
    task: str
    title: str
    attempt: str
    objective: str
    schema_version: int = SCHEMA_VERSION
    context: str = ""
    base: str = ""
    policy: str = ""
    criteria: tuple[PackCriterion, ...] = ()
    commands: tuple[PackCommand, ...] = ()
    scope: PackScope = PackScope()
    rules: tuple[PackRule, ...] = ()
    harness: tuple[PackHarness, ...] = ()
    role: PackRole | None = None
    metric: PackMetric | None = None
    limits: PackLimits = PackLimits()
    required_outputs: tuple[str, ...] = ()
    failures: tuple[PackFailure, ...] = ()
    approach: str = ""
    rules_budget: int = 4_000  # characters of rule text in the prompt (prior art A1.3)

    def to_json(self) -> str:
        """The pack as the machine writes it: sorted keys, indent 2, newline at the end."""
        return to_json(asdict(self)).decode("ascii")

    @classmethod
    def from_json(cls, text: str | bytes) -> "StepPack":
        """The pack of such a text.

        Raises:
            InvalidInput: it is not JSON, of another version, or not of the schema.
        """
        try:
            document = json.loads(text)
        except ValueError as error:
            raise InvalidInput(f"step pack is not JSON: {error}") from None
        if not isinstance(document, dict):
            raise InvalidInput("step pack is not a JSON object")
        version = document.get("schema_version")
        if version != SCHEMA_VERSION:
            raise InvalidInput(
                f"step pack has schema_version {version!r}, this program reads {SCHEMA_VERSION}",
                hint="use the version of orchestrate that wrote it",
            )
        pack = build(cls, document, "step pack")
        assert isinstance(pack, cls)
        return pack


def build(kind: Any, value: Any, where: str) -> Any:
    """`value` (parsed JSON) as the type `kind`: a dataclass of this file, a tuple, a plain type.

    Raises:
        InvalidInput: a field is unknown, missing or of another type; the message names its place.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        if value is None:
            return None
        return build(next(k for k in inner if k is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, list):
            raise InvalidInput(f"{where} is {_kind(value)}, expected a list")
        return tuple(build(inner[0], entry, f"{where}[{i}]") for i, entry in enumerate(value))
    if hasattr(kind, "__dataclass_fields__"):
        return _record(kind, value, where)
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise InvalidInput(f"{where} is {_kind(value)}, expected {kind.__name__}")
    return value


def _record(kind: Any, value: Any, where: str) -> Any:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{where} is {_kind(value)}, expected an object")
    hints = get_type_hints(kind)
    known = {field.name for field in fields(kind)}
    for name in value:
        if name not in known:
            raise InvalidInput(f"{where} has an unknown field '{name}'")
    try:
        return kind(**{n: build(hints[n], v, f"{where}.{n}") for n, v in value.items()})
    except TypeError:
        missing = sorted(
            f.name for f in fields(kind) if f.name not in value and f.default is MISSING
        )
        raise InvalidInput(f"{where} lacks {', '.join(missing) or 'a field'}") from None


def _kind(value: Any) -> str:
    return "null" if value is None else type(value).__name__
