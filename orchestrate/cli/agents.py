"""`orchestrate agents`: which coding tools are configured, and which of them start."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import click

from orchestrate.agents.adapter import Capabilities, Probe
from orchestrate.agents.registry import adapter_for
from orchestrate.cli.choosing import project_of
from orchestrate.cli.output import json_option, print_json, print_table
from orchestrate.errors import OrchestrateError
from orchestrate.policy.config import AgentConfig
from orchestrate.runner.project import head_policy

PROBES = 4  # at once: some clients take seconds to tell their version


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@click.pass_context
def agents(ctx: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Show which agents are configured and start.

    Each is asked for its version; no model is. Exits with 5 when a NAME does not start.

    \b
    Examples:
      orchestrate agents
      orchestrate agents claude codex
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
    rows = [_row(a, p, a.name == config.default_agent) for a, p in zip(chosen, probes, strict=True)]
    if as_json:
        print_json(rows)
    else:
        print_table(("agent", "adapter", "starts", "version", "can", ""), map(_cells, rows))
    if names and not all(found.runnable for found in probes):
        ctx.exit(5)


def probe(agent: AgentConfig) -> Probe:
    """Whether the agent can run here; a configuration that lacks something is a reason too."""
    try:
        return adapter_for(agent.name, agent).probe()
    except OrchestrateError as error:
        return Probe(
            False, "", False, f"{error.message}; {error.hint}".rstrip("; "), Capabilities()
        )


def _row(agent: AgentConfig, found: Probe, is_default: bool) -> dict[str, Any]:
    return {
        "name": agent.name,
        "adapter": agent.adapter,
        "default": is_default,
        "installed": found.installed,
        "runnable": found.runnable,
        "version": found.version,
        "reason": found.reason,
        "capabilities": [name for name, has in found.capabilities._asdict().items() if has],
        "sandbox": agent.sandbox,
        "fallback": list(agent.fallback),
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    name = row["name"] + (" (default)" if row["default"] else "")
    starts = "yes" if row["runnable"] else "no"
    can = " ".join(row["capabilities"]) if row["installed"] else ""
    return name, row["adapter"], starts, row["version"], can, row["reason"]
