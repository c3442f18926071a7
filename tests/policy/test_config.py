"""config.yaml: defaults, agents, and names that must exist."""

from dataclasses import fields

import pytest

from orchestrate.checks import judging
from orchestrate.checks.findings import Severity
from orchestrate.policy import config
from orchestrate.policy.config import Config, GateStep, default_config, load_config
from orchestrate.policy.globs import Globs
from orchestrate.policy.schema import schema
from tests.policy.making import refusal


@pytest.mark.parametrize("data", [b"", b"# nothing set\n", b"{}", b"schema_version: 1\n"])
def test_nothing_set_is_all_defaults(data: bytes) -> None:
    assert load_config(data) == default_config()


@pytest.mark.parametrize(
    ("record", "section"),
    [
        (config.Limits, "limits"),
        (config.WorkspaceConfig, "workspace"),
        (config.FilesConfig, "files"),
        (config.CommitMessageConfig, "commit_message"),
        (config.SecretsConfig, "secrets"),
        (config.RulesConfig, "rules"),
        (config.GatesConfig, "gates"),
        (config.ReviewConfig, "review"),
    ],
)
def test_a_record_has_the_fields_of_its_schema(record: type, section: str) -> None:
    wanted = schema("config")["properties"][section]["properties"]
    assert {field.name for field in fields(record)} == set(wanted)


def test_the_whole_has_the_fields_of_its_schema() -> None:
    assert {field.name for field in fields(Config)} == set(schema("config")["properties"])
    agent = schema("config")["properties"]["agents"]["additionalProperties"]["properties"]
    assert {field.name for field in fields(config.AgentConfig)} == {*agent, "name"}


def test_the_known_tools_are_there_and_can_be_changed() -> None:
    found = load_config(b"agents: {claude: {model: opus}, mine: {command: [x, y]}}").agents
    assert (found["claude"].adapter, found["claude"].model) == ("claude", "opus")
    assert (found["mine"].adapter, found["mine"].command) == ("command", ("x", "y"))
    assert found["aider"].adapter == "aider"


def test_prices_are_read() -> None:
    found = load_config(b"agents: {a: {prices: {input: 3, output: 15}}}").agents["a"].prices
    assert found == config.Prices(input=3, cached_input=0, output=15)


def test_gate_steps_are_read() -> None:
    text = b"""
gates:
  task: fast
  profiles:
    fast:
      steps:
        - {id: lint, command: [ruff, check]}
        - {id: test, command: pytest, needs: [lint], coverage: {report: c.xml, min: 0.9}}
"""
    lint, test = load_config(text).gates.profiles["fast"]
    assert lint == GateStep("lint", ("ruff", "check"), (), None, {}, None)
    assert test.coverage == config.Coverage("c.xml", None, 0.9)
    assert test.needs == ("lint",)


def test_severities_are_typed() -> None:
    found = load_config(b"rules: {off: [a], severity: {bare-todo: block}}").rules
    assert found.severity == {"bare-todo": Severity.BLOCK}
    assert found.off == {"a"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "default_agent: cluade",
            "config.yaml:1:16: unknown agent `cluade` | did you mean `claude`?",
        ),
        ("agents: {a: {fallback: [b]}}", "config.yaml:1:25: unknown agent `b`"),
        ("review: {agent: x}", "config.yaml:1:17: unknown agent `x`"),
        ("gates: {task: fast}", "config.yaml:1:15: unknown profile `fast` | known here: none"),
        ("protected: ['!a']", "config.yaml:1:13: path pattern '!a': negation"),
        ("secrets: {allow_paths: [a//b]}", "config.yaml:1:25: path pattern"),
        (
            "gates: {profiles: {f: {steps: [{id: a, command: x}, {id: a, command: x}]}}}",
            "the step `a` is there twice",
        ),
        ("gates: {profiles: {f: {steps: [{id: a, command: x, needs: [b]}]}}}", "unknown step `b`"),
        (
            "gates: {profiles: {f: {steps: ["
            "{id: a, command: x, needs: [b]}, {id: b, command: x, needs: [a]}]}}}",
            "wait for each other: a, b",
        ),
    ],
)
def test_what_a_schema_cannot_say_is_refused_too(text: str, message: str) -> None:
    assert message in refusal(load_config, text.encode())


@pytest.mark.parametrize(
    "path",
    [
        ".orchestrate/config.yaml",
        ".githooks/pre-commit",
        ".gitattributes",
        "deep/down/.gitattributes",
        ".gitmodules",
        ".github/workflows/ci.yml",
        ".gitlab-ci.yml",
        ".pre-commit-config.yaml",
        ".husky/pre-commit",
        "lefthook.yml",
        ".lefthook.toml",
        "lefthook-local.yml",
        ".config/lefthook.json",
        "web/prek.toml",
        ".forgejo/workflows/ci.yml",
        "Jenkinsfile",
    ],
)
def test_what_decides_how_others_are_judged_is_protected(path: str) -> None:
    assert Globs(default_config().protected).match(path)


def test_every_path_that_judges_is_protected() -> None:
    protected = Globs(default_config().protected)
    for pattern in (*judging.POLICY, *judging.HOOKS, *judging.CI):
        path = pattern.lstrip("/").replace("*", "x")
        assert protected.match(path + "x" if path.endswith("/") else path), pattern


@pytest.mark.parametrize("path", ["src/.gitkeep", "docs/Jenkinsfile.md", "src/.gitignore"])
def test_ordinary_files_are_not_protected(path: str) -> None:
    assert not Globs(default_config().protected).match(path)
