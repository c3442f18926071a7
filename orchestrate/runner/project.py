"""One repository as the runner sees it: its policy, its agents and where its files go."""

from dataclasses import dataclass, replace
from pathlib import Path

from orchestrate.errors import InvalidInput
from orchestrate.git.policy_reader import CommitReader
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid
from orchestrate.ledger.store import LEDGERS, Ledger
from orchestrate.plans.model import Task
from orchestrate.policy.config import AgentConfig
from orchestrate.policy.policy import Policy, load_policy
from orchestrate.runner.places import repository_cache

_MOST_POLICIES = 8
_POLICIES: dict[tuple[str, str], Policy] = {}


@dataclass(frozen=True, slots=True)
class Project:
    """Where a plan runs. Holds no open repository: each thread opens its own."""

    path: Path
    agent: str = ""  # chosen on the command line, over the configuration's default

    def open(self) -> Repository:
        """The repository, opened for the calling thread."""
        return Repository.open(self.path)

    def ledger(self, repo: Repository, plan_id: str) -> Ledger:
        """The plan's ledger."""
        return Ledger(repo, plan_id, prefix=ledger_prefix(repo))

    def cache(self, repo: Repository) -> Path:
        """The repository's folder below the user's cache."""
        return repository_cache(repo.common_dir)


def policy_at(repo: Repository, commit: str) -> Policy:
    """The policy in a commit's tree; read once, as a commit's policy never changes.

    Raises:
        FileError: a policy file does not parse.
    """
    key = (str(repo.common_dir), commit)
    found = _POLICIES.get(key)
    if found is None:
        found = load_policy(CommitReader(repo, Oid(commit)))
        while len(_POLICIES) >= _MOST_POLICIES:
            _POLICIES.pop(next(iter(_POLICIES), key), None)
        _POLICIES[key] = found
    return found


def head_policy(repo: Repository) -> Policy:
    """The policy of the commit that HEAD names.

    Raises:
        InvalidInput: there is no commit yet.
        FileError: a policy file does not parse.
    """
    head = repo.head_commit()
    if head is None:
        raise InvalidInput(
            "the repository has no commit yet", hint="commit something first: git commit"
        )
    return policy_at(repo, head)


def ledger_prefix(repo: Repository) -> str:
    """Where ledgers live: the configuration's `ledger_prefix` at HEAD, else the default."""
    head = repo.head_commit()
    return policy_at(repo, head).config.ledger_prefix if head else LEDGERS


def command_agent(task: Task) -> AgentConfig:
    """A plan's own command, as the agent that runs it."""
    return AgentConfig(
        name="command",
        adapter="command",
        command=task.command,
        args=(),
        prompt="stdin",
        env=(),
        model=None,
        script=None,
        parse=None,
        session="spawn",
        sandbox="none",
        network=True,
        fallback=(),
        prices=None,
    )


def agent_config(policy: Policy, names: list[str], folder: Path) -> AgentConfig:
    """The configuration of the first of the names that is set, else of the policy's default.

    A replay script's path is taken from `folder`, the repository.

    Raises:
        InvalidInput: none is named, or the configuration has no agent of that name.
    """
    config = policy.config
    name = next((n for n in (*names, config.default_agent) if n), None)
    known = ", ".join(config.agents) or "none"
    if name is None:
        raise InvalidInput(
            "no agent is chosen",
            hint="set default_agent in .orchestrate/config.yaml and commit it, or give --agent;"
            f" configured: {known}",
        )
    if name not in config.agents:
        raise InvalidInput(
            f"there is no agent '{name}' in .orchestrate/config.yaml of the plan's base",
            hint=f"configured: {known}; orchestrate agents shows them",
        )
    found = config.agents[name]
    return replace(found, script=str(folder / found.script)) if found.script else found
