"""Which adapter drives an agent of the configuration."""

import os
from collections.abc import Callable, Mapping

from orchestrate.agents.adapter import Adapter
from orchestrate.agents.aider import AiderClient
from orchestrate.agents.claude import ClaudeClient
from orchestrate.agents.client import Client
from orchestrate.agents.codex import CodexClient
from orchestrate.agents.command import CommandClient, Reader
from orchestrate.agents.gemini import GeminiClient
from orchestrate.agents.jsonl import JsonLines
from orchestrate.agents.mini import MiniClient
from orchestrate.agents.opencode import OpenCodeClient
from orchestrate.agents.replay import ReplayClient
from orchestrate.errors import InvalidInput
from orchestrate.policy.config import AgentConfig

CLIENTS: Mapping[str, Callable[[AgentConfig, dict[str, str]], Client]] = {
    "claude": ClaudeClient,
    "codex": CodexClient,
    "gemini": GeminiClient,
    "opencode": OpenCodeClient,
    "aider": AiderClient,
    "mini": MiniClient,
    "replay": ReplayClient,
}


def adapter_for(
    name: str, config: AgentConfig, environ: Mapping[str, str] | None = None
) -> Adapter:
    """The adapter of a configured agent; `environ` (default: the runner's) is what it picks from.

    Raises:
        InvalidInput: the configuration lacks what the adapter needs.
    """
    env = dict(os.environ if environ is None else environ)
    kind = config.adapter
    if kind == "command":
        return CommandClient(config, env, reader_for(config, env))
    try:
        return CLIENTS[kind](config, env)
    except KeyError:
        known = ", ".join(["command", *CLIENTS])
        raise InvalidInput(f"agent {name} has the adapter '{kind}'; known are {known}") from None


def reader_for(config: AgentConfig, environ: dict[str, str]) -> Reader | None:
    """What reads the output of a tool that is there by configuration alone."""
    if config.parse in (None, "none"):
        return None
    if config.parse == "jsonl":
        return JsonLines()
    return CLIENTS[str(config.parse)](config, environ)
