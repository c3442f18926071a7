"""The real clients, installed by install.sh, each pointed at a scripted model on loopback.

`ORCHESTRATE_CLIENTS` names the clients to drive (default: all six). One that is named and not
installed is a failure and not a skip: a group that runs nothing must not look like one that passed.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from orchestrate.agents import proof_cache
from orchestrate.agents.adapter import Adapter, AttemptEnd, AttemptRequest
from orchestrate.agents.client import Client
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


def pointed(name: str, url: str, home: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The agent's configuration, and the variables by which the client finds the scripted model."""
    client = adapter_for(name, agent_config(name, adapter=name, command=[program(name)]), {})
    assert isinstance(client, Client)
    to = client.at_model(url, home)
    assert to is not None
    fields: dict[str, Any] = {"command": [program(name)], "env": [*to.environ]}
    if to.model:
        fields["model"] = to.model
    return fields, dict(to.environ)


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
        config, environ = pointed(self.name, self.model.url, self.home)
        self.environ |= environ
        config = {"adapter": self.name, **config, **fields}
        return adapter_for(self.name, agent_config(self.name, **config), self.environ)

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


@pytest.fixture(scope="session")
def proofs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What has been proved of the clients' hooks: each test has a cache folder of its own."""
    return tmp_path_factory.mktemp("proofs")


@pytest.fixture(params=CLIENTS)
def bench(
    request: pytest.FixtureRequest,
    repo: Path,
    tmp_path: Path,
    fenced: Path,
    proofs: Path,
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
    shutil.copytree(proofs, proof_cache.folder())
    with ExitStack() as stack:
        made = Bench(request.param, repo, fenced, tmp_path / "scratch", hooks, stack, environ)
        yield made
    if proof_cache.folder().is_dir():
        shutil.copytree(proof_cache.folder(), proofs, dirs_exist_ok=True)
    left = [p for p in psutil.process_iter() if _belongs(p, tmp_path)]
    assert not left, f"left running: {left}"
    shutil.rmtree(tmp_path, ignore_errors=True)  # clients leave much in their homes


def _belongs(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in process.cwd() and process.pid != os.getpid()
    except (psutil.Error, OSError):
        return False
