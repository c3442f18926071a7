"""The real clients, installed by install.sh, each pointed at a scripted model on loopback.

`ORCHESTRATE_CLIENTS` names the clients to drive (default: all six). One that is named and not
installed is a failure and not a skip: a group that runs nothing must not look like one that passed.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrate.agents.adapter import Adapter, AttemptEnd, AttemptRequest
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.pack import PackScope, StepPack
from orchestrate.agents.prompt import prompt
from orchestrate.agents.registry import adapter_for
from tests.agents.conftest import agent_config, write_answering
from tests.clients.model import Model, Turn

ALL = ("claude", "codex", "gemini", "opencode", "aider", "mini")
# Read before the fence takes these away for each test.
CLIENTS = tuple(os.environ.get("ORCHESTRATE_CLIENTS", "").split()) or ALL
_CACHE = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
FOLDER = Path(os.environ.get("ORCHESTRATE_CLIENTS_DIR") or f"{_CACHE}/orchestrate/clients")

PROGRAMS = {
    "claude": "claude/node_modules/@anthropic-ai/claude-code-*/claude",
    "codex": "codex/node_modules/@openai/codex-*/vendor/*/bin/codex",
    "gemini": "gemini/node_modules/.bin/gemini",
    "opencode": "opencode/node_modules/opencode-*/bin/opencode",
    "aider": "aider/venv/bin/aider",
    "mini": "mini/venv/bin/mini",
}

PRE_COMMIT = """\
if git diff --cached --no-ext-diff | grep -q '^+.*FORBIDDEN'; then
  echo 'GUARD: the change holds FORBIDDEN; remove it, then commit again' >&2
  exit 1
fi
"""
REFERENCES = """\
[ "$1" = prepared ] || exit 0
while read -r old new ref; do
  case $ref in refs/heads/*) ;; *) continue ;; esac
  if git grep -q FORBIDDEN "$new" 2>/dev/null; then
    echo 'GUARD: the commit holds FORBIDDEN' >&2
    exit 1
  fi
done
"""


def program(name: str) -> str:
    """The client's executable; the test fails when it is not installed."""
    found = sorted(FOLDER.glob(PROGRAMS[name]))
    if not found:
        pytest.fail(f"{name} is not installed in {FOLDER}: run tests/clients/install.sh {name}")
    return str(found[0])


def configured(name: str, url: str, home: Path) -> dict[str, Any]:
    """The agent's configuration, and what the client itself needs to find the scripted model."""
    fields: dict[str, Any] = {"command": [program(name)], "env": [*ENV[name]]}
    if name == "codex":
        folder = home / ".codex"
        folder.mkdir(exist_ok=True)
        (folder / "config.toml").write_text(
            'model = "gpt-5-codex"\nmodel_provider = "scripted"\n'
            "check_for_update_on_startup = false\n[model_providers.scripted]\n"
            f'name = "scripted"\nbase_url = "{url}/v1"\nenv_key = "SCRIPTED_KEY"\n'
            'wire_api = "responses"\nrequest_max_retries = 1\nstream_max_retries = 1\n'
            "[analytics]\nenabled = false\n"
        )
    elif name == "gemini":
        (home / ".gemini").mkdir(exist_ok=True)
        auth = {"security": {"auth": {"selectedType": "gemini-api-key"}}}
        (home / ".gemini" / "settings.json").write_text(json.dumps(auth))
        fields["model"] = "gemini-2.5-pro"
    elif name == "opencode":
        model = {"name": "m", "tool_call": True, "limit": {"context": 200000, "output": 8000}}
        options = {"baseURL": f"{url}/v1", "apiKey": "test-key"}
        provider = {
            "npm": "@ai-sdk/openai-compatible",
            "name": "Scripted",
            "options": options,
            "models": {"m": {**model, "cost": {"input": 3, "output": 15}}},
        }
        document = {
            "model": "scripted/m",
            "small_model": "scripted/m",
            "provider": {"scripted": provider},
        }
        (home / "opencode.json").write_text(json.dumps(document))
    elif name in ("aider", "mini"):
        fields["model"] = "openai/scripted"
    return fields


ENV: dict[str, dict[str, str]] = {
    "claude": {
        "ANTHROPIC_BASE_URL": "{url}",
        "ANTHROPIC_API_KEY": "test-key",
        "CLAUDE_CODE_MAX_RETRIES": "1",
    },
    "codex": {"SCRIPTED_KEY": "test-key"},
    "gemini": {"GEMINI_API_KEY": "test-key", "GOOGLE_GEMINI_BASE_URL": "{url}"},
    "opencode": {"OPENCODE_CONFIG": "{home}/opencode.json"},
    "aider": {"OPENAI_API_BASE": "{url}/v1", "OPENAI_API_KEY": "test-key"},
    "mini": {
        "OPENAI_API_BASE": "{url}/v1",
        "OPENAI_API_KEY": "test-key",
        "MSWEA_COST_TRACKING": "ignore_errors",
    },
}


@dataclass
class Bench:
    """One client, one repository, one model."""

    name: str
    repo: Path
    home: Path
    scratch: Path
    hooks: Path
    stack: ExitStack
    environ: dict[str, str]
    model: Model | None = None
    runs: int = 0

    def adapter(self, turns: Sequence[Turn], **fields: Any) -> Adapter:
        """The client's adapter with a model that plays these turns."""
        self.model = self.stack.enter_context(Model(turns, str(self.repo)))
        config = configured(self.name, self.model.url, self.home) | fields
        given = ENV[self.name].items()
        for name, value in given:
            self.environ[name] = value.format(url=self.model.url, home=self.home)
        return adapter_for(
            self.name, agent_config(self.name, adapter=self.name, **config), self.environ
        )

    def attempt(self, **fields: Any) -> AttemptRequest:
        """An attempt in the repository, in a scratch folder of its own."""
        pack = StepPack(
            plan="demo-abc234",
            task="add",
            title="Add a file",
            attempt="R0/S0",
            objective="Add src/new.txt.",
            scope=PackScope(("src/",)),
        )
        self.runs += 1
        given: dict[str, Any] = {
            "workspace": self.repo,
            "scratch": self.scratch / str(self.runs),
            "pack": pack,
            "prompt": prompt(pack),
            "limits": ProcessLimits(max_runtime_sec=90, grace_sec=1),
            "environ": self.environ,
            "git_hooks": self.hooks,
        }
        return AttemptRequest(**given | fields)

    def run(self, turns: Sequence[Turn], **fields: Any) -> AttemptEnd:
        return self.adapter(turns).run(self.attempt(**fields))


@pytest.fixture(params=CLIENTS)
def bench(
    request: pytest.FixtureRequest,
    repo: Path,
    tmp_path: Path,
    fenced: Path,
    git: Callable[..., str],
) -> Iterator[Bench]:
    """A client on a fresh repository; the test fails if a process of it is left."""
    git("config", "user.name", "A Tester", cwd=repo)
    git("config", "user.email", "tester@example.org", cwd=repo)
    hooks = write_answering(
        tmp_path / "git-hooks", pre_commit=PRE_COMMIT, reference_transaction=REFERENCES
    )
    environ = {"PATH": os.environ["PATH"], "HOME": str(fenced), "LANG": "C.UTF-8"}
    environ["TMPDIR"] = str(tmp_path / "tmp")
    (tmp_path / "tmp").mkdir()
    with ExitStack() as stack:
        made = Bench(request.param, repo, fenced, tmp_path / "scratch", hooks, stack, environ)
        yield made
    left = [p for p in psutil.process_iter() if _belongs(p, tmp_path)]
    assert not left, f"left running: {left}"
    shutil.rmtree(tmp_path, ignore_errors=True)  # clients leave much in their homes


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in process.cwd() and process.pid != os.getpid()
    except (psutil.Error, OSError):
        return False
