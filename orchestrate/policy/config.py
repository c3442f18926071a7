"""`.orchestrate/config.yaml` as values. Defaults stand in `schemas/config.schema.json` alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrate.checks.findings import Severity
from orchestrate.policy.config_checks import check_config
from orchestrate.policy.schema import validate, with_defaults
from orchestrate.policy.yaml import Document, load_document

CONFIG_PATH = ".orchestrate/config.yaml"


@dataclass(frozen=True)
class Prices:
    """US dollars for a million tokens."""

    input: float
    cached_input: float
    output: float


@dataclass(frozen=True)
class AgentConfig:
    """How one agent is driven; see the schema for each field."""

    name: str
    adapter: str
    command: tuple[str, ...]
    args: tuple[str, ...]
    prompt: str
    env: tuple[str, ...]
    model: str | None
    script: str | None
    parse: str | None
    session: str
    sandbox: str
    network: bool
    fallback: tuple[str, ...]
    prices: Prices | None


@dataclass(frozen=True)
class Limits:
    """Limits of one attempt; the unit ends each name, None is no limit."""

    max_runtime_sec: float
    max_silence_sec: float
    heartbeat_sec: float | None
    max_output_mb: float
    max_memory_mb: float | None
    max_workspace_mb: float | None
    max_turns: int | None
    max_cost_usd: float | None
    max_repeats: int | None
    max_attempts: int
    gate_timeout_sec: float
    spawn_timeout_sec: float
    kill_grace_sec: float
    max_rules_chars: int


@dataclass(frozen=True)
class WorkspaceConfig:
    """The clone that an attempt works in."""

    sparse: bool
    salvage: str


@dataclass(frozen=True)
class FilesConfig:
    """What kinds of file a change may bring."""

    max_file_kb: int
    large: tuple[str, ...]
    executables: tuple[str, ...]
    new_executable: Severity
    submodule: Severity


@dataclass(frozen=True)
class CommitMessageConfig:
    """What a commit message must look like."""

    severity: Severity
    conventional: bool
    types: tuple[str, ...]
    scopes: tuple[str, ...]
    max_subject: int
    required_trailers: tuple[str, ...]


@dataclass(frozen=True)
class SecretsConfig:
    """The search for secrets."""

    engine: str
    allow_paths: tuple[str, ...]
    stopwords: tuple[str, ...]
    inline_allow: bool
    baseline: str | None


@dataclass(frozen=True)
class RulesConfig:
    """Which rules hold, and where a check's severity differs from its file."""

    shipped: bool
    off: frozenset[str]
    ignore: tuple[str, ...]
    severity: Mapping[str, Severity]


@dataclass(frozen=True)
class Coverage:
    """A coverage report and the least share of lines it must show."""

    report: str
    format: str | None
    min: float


@dataclass(frozen=True)
class GateStep:
    """One command of a gate profile."""

    id: str
    command: str | tuple[str, ...]
    needs: tuple[str, ...]
    timeout_sec: float | None
    env: Mapping[str, str]
    coverage: Coverage | None


@dataclass(frozen=True)
class GatesConfig:
    """Gate profiles and when they run."""

    task: str | None
    merge: str | None
    profiles: Mapping[str, tuple[GateStep, ...]]


@dataclass(frozen=True)
class ReviewConfig:
    """An agent as the reviewer; `agent` None is a person."""

    agent: str | None
    role: str
    max_rejects: int


@dataclass(frozen=True)
class Config:
    """The whole file, with its defaults."""

    schema_version: int
    base_branch: str | None
    branch_prefix: str
    ledger_prefix: str
    protected: tuple[str, ...]
    require_task: str
    default_agent: str | None
    agents: Mapping[str, AgentConfig]
    limits: Limits
    workspace: WorkspaceConfig
    files: FilesConfig
    commit_message: CommitMessageConfig
    secrets: SecretsConfig
    rules: RulesConfig
    gates: GatesConfig
    review: ReviewConfig


def load_config(data: bytes, path: str = CONFIG_PATH) -> Config:
    """The configuration in `data`; an empty file, or one of comments alone, is all defaults.

    Raises:
        FileError: it does not parse, does not fit the schema or names what is not there.
    """
    document = load_document(data, path)
    if document.value is None:
        return default_config()
    validate(document, "config")
    return _config(with_defaults(document.value, "config"), document)


def default_config() -> Config:
    """The configuration of a repository that sets nothing."""
    return _config(with_defaults({}, "config"), Document.without_file(CONFIG_PATH, {}))


def _config(raw: dict[str, Any], document: Document) -> Config:
    check_config(raw, document)
    return Config(
        **{
            **raw,
            "protected": tuple(raw["protected"]),
            "agents": {n: _agent(n, a) for n, a in raw["agents"].items()},
            "limits": Limits(**raw["limits"]),
            "workspace": WorkspaceConfig(**raw["workspace"]),
            "files": _files(raw["files"]),
            "commit_message": _commit_message(raw["commit_message"]),
            "secrets": SecretsConfig(**_frozen(raw["secrets"])),
            "rules": _rules(raw["rules"]),
            "gates": _gates(raw["gates"]),
            "review": ReviewConfig(**raw["review"]),
        }
    )


def _frozen(raw: dict[str, Any]) -> dict[str, Any]:
    """The fields of a record with each list as a tuple."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}


def _agent(name: str, raw: dict[str, Any]) -> AgentConfig:
    adapter = raw["adapter"] or (name if name in _KNOWN_ADAPTERS else "command")
    prices = Prices(**raw["prices"]) if raw["prices"] else None
    return AgentConfig(name=name, **{**_frozen(raw), "adapter": adapter, "prices": prices})


# An agent with one of these names is driven by the adapter of that name unless it says otherwise.
_KNOWN_ADAPTERS = ("claude", "codex", "gemini", "opencode", "aider", "mini", "replay")


def _files(raw: dict[str, Any]) -> FilesConfig:
    severities = {k: Severity(raw[k]) for k in ("new_executable", "submodule")}
    return FilesConfig(**{**_frozen(raw), **severities})


def _commit_message(raw: dict[str, Any]) -> CommitMessageConfig:
    return CommitMessageConfig(**{**_frozen(raw), "severity": Severity(raw["severity"])})


def _rules(raw: dict[str, Any]) -> RulesConfig:
    severity = {check: Severity(level) for check, level in raw["severity"].items()}
    off, ignore = frozenset(raw["off"]), tuple(raw["ignore"])
    return RulesConfig(raw["shipped"], off, ignore, severity)


def _gates(raw: dict[str, Any]) -> GatesConfig:
    profiles = {
        name: tuple(_gate_step(step) for step in profile["steps"])
        for name, profile in raw["profiles"].items()
    }
    return GatesConfig(raw["task"], raw["merge"], profiles)


def _gate_step(raw: dict[str, Any]) -> GateStep:
    coverage = Coverage(**raw["coverage"]) if raw["coverage"] else None
    return GateStep(**{**_frozen(raw), "coverage": coverage})
