"""`orchestrate agents`: which coding tools are configured, and which of them start."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, NamedTuple

import click

from orchestrate.agents.adapter import Capabilities, Probe
from orchestrate.agents.client import Client
from orchestrate.agents.hook_proof import Proof, known, prove
from orchestrate.agents.registry import adapter_for
from orchestrate.cli.choosing import project_of
from orchestrate.cli.output import json_option, print_json, print_table
from orchestrate.errors import OrchestrateError
from orchestrate.policy.config import AgentConfig
from orchestrate.runner.project import head_policy

PROBES = 4  # at once: some clients take seconds to tell their version


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--probe", "probing", is_flag=True, help="Make each client show that its hooks fire.")
@json_option
@click.pass_context
def agents(ctx: click.Context, names: tuple[str, ...], probing: bool, as_json: bool) -> None:
    """Show which agents are configured and start, and what is proved of their hooks.

    Each is asked for its version; no model is. With --probe each is started once with a scripted
    model on this machine that has it do what its hooks must refuse; `run` does that by itself
    before a client's first attempt. Exits with 5 when a NAME does not start, or does not pass.

    \b
    Examples:
      orchestrate agents
      orchestrate agents claude codex --probe
      orchestrate agents --json
    """
    project = project_of(ctx)
    config = head_policy(project.open()).config
    unknown = [name for name in names if name not in config.agents]
    if unknown:
        known = ", ".join(sorted(config.agents))
        raise click.UsageError(f"no agent '{unknown[0]}' is configured; there are: {known}")
    chosen = [config.agents[name] for name in names or sorted(config.agents)]
    with ThreadPoolExecutor(PROBES) as pool:
        probes = list(pool.map(probe, chosen))
        startable = [found.runnable and probing for found in probes]
        hooks = list(pool.map(hooks_of, chosen, startable))
    rows = [
        _row(agent, found, proved, agent.name == config.default_agent)
        for agent, found, proved in zip(chosen, probes, hooks, strict=True)
    ]
    if as_json:
        print_json(rows)
    else:
        columns = ("agent", "adapter", "starts", "version", "can", "hooks", "")
        print_table(columns, map(_cells, rows))
    failed = not all(found.runnable for found in probes)
    if names and (failed or any(proved.refused for proved in hooks)):
        ctx.exit(5)


def probe(agent: AgentConfig) -> Probe:
    """Whether the agent can run here; a configuration that lacks something is a reason too."""
    try:
        return adapter_for(agent.name, agent).probe()
    except OrchestrateError as error:
        return Probe(
            False, "", False, f"{error.message}; {error.hint}".rstrip("; "), Capabilities()
        )


class Hooks(NamedTuple):
    """What is known of a client's hooks: `words` for people, the proof, or why there is none."""

    words: str
    proof: Proof | None = None
    refused: str = ""


def hooks_of(agent: AgentConfig, now: bool) -> Hooks:
    """What is proved of the agent's hooks; `now` has it proved afresh."""
    try:
        adapter = adapter_for(agent.name, agent)
        assert isinstance(adapter, Client)
        proof = prove(adapter, os.environ) if now else known(adapter)
    except (OrchestrateError, OSError) as error:
        return Hooks("not proved", refused=str(error))
    if proof is not None:
        day = datetime.fromtimestamp(proof.at, UTC).date()
        return Hooks(f"proved {day} by {proof.words}", proof)
    return Hooks("not proved yet" if adapter.identity else "git's, at each start")


def _row(agent: AgentConfig, found: Probe, hooks: Hooks, is_default: bool) -> dict[str, Any]:
    return {
        "name": agent.name,
        "adapter": agent.adapter,
        "default": is_default,
        "installed": found.installed,
        "runnable": found.runnable,
        "version": found.version,
        "reason": found.reason or hooks.refused,
        "hooks": hooks.words if found.installed else "",
        "proof": asdict(hooks.proof) if hooks.proof else None,
        "capabilities": [name for name, has in found.capabilities._asdict().items() if has],
        "sandbox": agent.sandbox,
        "fallback": list(agent.fallback),
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    name = row["name"] + (" (default)" if row["default"] else "")
    starts = "yes" if row["runnable"] else "no"
    can = " ".join(row["capabilities"]) if row["installed"] else ""
    return name, row["adapter"], starts, row["version"], can, row["hooks"], row["reason"]
