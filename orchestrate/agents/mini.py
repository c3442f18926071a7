"""mini-swe-agent (`mini`), seen with 2.4.6.

Traps kept here:
 * What it prints is for people and repeats the prompt; the trajectory file tells how it went.
 * It has no hooks and no session; git's hooks run, and the model reads what they say.
 * The prompt is an argument: longer than 128 KiB it cannot be started.
 * Its litellm imports `mcp` without asking for it; without that package every model call fails and
   is tried again for minutes: the probe looks for it.
"""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import NO_KEY, Client, service_failure, state
from orchestrate.agents.command import MAX_ARGUMENT
from orchestrate.agents.events import Event, Kind, Tally, Usage
from orchestrate.agents.guard import SHARED
from orchestrate.agents.jsonl import count, dollars
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.tool import Command, Pointed

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"  # how it ends
# Its own default, which it leaves out where anything is configured. A bare `mini.yaml` would be
# looked for in the workspace first.
OWN_CONFIG = "../config/mini.yaml"
TRAJECTORY = "trajectory.json"
_STEP = re.compile(rb"mini-swe-agent \(step (\d+), \$([\d.]+)\):")
COST_STATUS, STEP_STATUS = "LimitsExceeded", "LimitsExceeded: steps"
_LIMITS = {COST_STATUS: Reason.COST_LIMIT, STEP_STATUS: Reason.TURN_LIMIT}
MAX_TRAJECTORY = 64 * 1024 * 1024  # bytes


class MiniClient(Client):
    """mini-swe-agent without confirmation."""

    program = ("mini",)
    package = "pip install mini-swe-agent mcp"
    capabilities = Capabilities(events=True, cost=True, shell=True)
    version_arg = "--help"
    probe_sec = 90.0
    env_prefixes = ("OPENAI_", "ANTHROPIC_", "GEMINI_API_", "AZURE_", "OPENROUTER_", "MSWEA_")

    def command(self, attempt: AttemptRequest) -> Command:
        size = len(attempt.prompt.encode("utf-8", "surrogateescape"))
        if size >= MAX_ARGUMENT:
            raise Refused(
                Reason.AGENT_NOT_RUNNABLE,
                f"the prompt has {size} bytes; mini takes it as an argument of {MAX_ARGUMENT}",
                hint="shorten the task, or use another agent",
            )
        kept = attempt.scratch / SHARED
        kept.mkdir(parents=True, exist_ok=True)
        argv = [*self.base, "-t", attempt.prompt, "-y", "--exit-immediately"]
        argv += ["-o", str(kept / TRAJECTORY), "-l", f"{attempt.max_cost_usd or 0:g}"]
        if attempt.max_turns is not None:
            if not {"-c", "--config"} & set(self.config.args):
                argv += ["-c", attempt.environ.get("MSWEA_MINI_CONFIG_PATH") or OWN_CONFIG]
            argv += ["-c", f"agent.step_limit={attempt.max_turns}"]
        if self.config.model:
            argv += ["-m", self.config.model]
        env = {"MSWEA_CONFIGURED": "true", "TERM": "dumb", "NO_COLOR": "1"}
        env |= {"LITELLM_LOCAL_MODEL_COST_MAP": "True"}
        folders = state(attempt, ".config/mini-swe-agent")
        return Command((*argv, *self.config.args), env, writable=(*folders, kept))

    def at_model(self, url: str, home: Path) -> Pointed:
        names = {"OPENAI_API_BASE": f"{url}/v1", "OPENAI_API_KEY": NO_KEY}
        names |= {"MSWEA_COST_TRACKING": "ignore_errors"}  # it knows no price of such a model
        return Pointed(names, "openai/scripted", last=SUBMIT)

    def parse(self, line: bytes) -> Iterable[Event]:
        if found := _STEP.match(line):
            usage = Usage(cost_usd=float(found[2]))  # a running total; the trajectory's is exact
            return (Event(Kind.USAGE, usage=usage, turn=found[1].decode()),)
        return (Event(Kind.OUTPUT, line.decode("utf-8", "replace")),) if line.strip() else ()

    def finish(self, attempt: AttemptRequest, tally: Tally) -> None:
        for event in self.read(attempt.scratch / SHARED / TRAJECTORY):
            tally.add(event)

    def read(self, path: Path) -> Iterable[Event]:
        """The events that the trajectory tells; none when it is not there or does not read."""
        try:
            if path.stat().st_size > MAX_TRAJECTORY:
                return
            document = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return
        info = document.get("info") if isinstance(document, dict) else None
        if not isinstance(info, dict):
            return
        for message in document.get("messages") or ():
            if isinstance(message, dict) and message.get("role") == "assistant":
                yield Event(Kind.MESSAGE, str(message.get("content") or ""))
        yield Event(Kind.MESSAGE, str(info.get("submission") or ""))
        status = _status(info)
        usage = self.reckoned(_usage(document, info.get("model_stats")))
        yield Event(Kind.ENDED, status, status, usage=usage, ok=status == "Submitted")

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        last = tally.ended
        if last is None:
            return self.early_end(end, errors)
        if last.ok and end.code == 0:
            return None
        if last.text in _LIMITS:
            return _LIMITS[last.text], last.text
        said = f"{last.text} {self.tail(errors)}"
        return service_failure(said), last.text or f"exit {end.code}"


def _status(info: dict[str, Any]) -> str:
    """How it ended; its one word for a limit does not say which."""
    status, stats = str(info.get("exit_status") or ""), info.get("model_stats")
    config = info.get("config")
    agent = config.get("agent") if isinstance(config, dict) else None
    if status != COST_STATUS or not isinstance(agent, dict) or not isinstance(stats, dict):
        return status
    steps = count(agent, "step_limit")
    return STEP_STATUS if 0 < steps <= count(stats, "api_calls") else status


def _usage(document: dict[str, Any], stats: Any) -> Usage:
    """Tokens from the answers, where the model's service sent them; cost from the statistics."""
    tokens_in = tokens_out = 0
    for message in document.get("messages") or ():
        extra = message.get("extra") if isinstance(message, dict) else None
        response = extra.get("response") if isinstance(extra, dict) else None
        usage = response.get("usage") if isinstance(response, dict) else None
        if isinstance(usage, dict):
            tokens_in += count(usage, "prompt_tokens")
            tokens_out += count(usage, "completion_tokens")
    stats = stats if isinstance(stats, dict) else {}
    cost = dollars(stats, "instance_cost")
    turns = count(stats, "api_calls") or None
    return Usage(tokens_in, 0, tokens_out, cost, turns)
