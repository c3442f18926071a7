"""Carries out an attempt with any tool: environment, process, events, limits, outcome.

A `Tool` knows one client. Everything that is the same for all of them happens here, once.
"""

import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from orchestrate.agents.adapter import AttemptEnd, AttemptRequest, Outcome
from orchestrate.agents.environment import allowed, pin_hooks
from orchestrate.agents.events import Tally
from orchestrate.agents.git_probe import prove_git_hooks
from orchestrate.agents.hook_proof import require
from orchestrate.agents.limits import EndReason, ProcessEnd
from orchestrate.agents.process import run_process
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.result import BrokenResult, StepResult, parse_result, read_end
from orchestrate.agents.sandbox import sandboxed
from orchestrate.agents.sessions import Session, check
from orchestrate.agents.stream import Stream
from orchestrate.agents.tool import Command, Tool
from orchestrate.errors import OrchestrateError

OUTPUT_NAME = "output.txt"
ERRORS_NAME = "errors.txt"
PACK_NAME = "step-pack.json"
PROMPT_NAME = "prompt.md"


def drive(tool: Tool, attempt: AttemptRequest, cancel: threading.Event | None = None) -> AttemptEnd:
    """How the attempt ended; nothing of it runs any more."""
    attempt.scratch.mkdir(parents=True, exist_ok=True)
    output, errors = attempt.scratch / OUTPUT_NAME, attempt.scratch / ERRORS_NAME
    write_inputs(attempt)
    try:
        check(attempt.session, tool.name, attempt.pack)
        require(tool, attempt.environ, cancel)
        command = sandboxed(tool, attempt, tool.command(attempt))
        env = environment(tool, attempt, command)
        prove_git_hooks(tool, attempt, env)
    except OrchestrateError as error:
        output.touch()
        reason = error.reason if isinstance(error, Refused) else Reason.AGENT_NOT_RUNNABLE
        detail = f"{error.message}; {error.hint}".rstrip("; ")
        return AttemptEnd(outcome_of(reason), reason, output, detail)
    stream = Stream(tool, attempt)
    end = run_process(
        command.argv,
        cwd=attempt.workspace,
        env=env,
        output=output,
        errors=errors if tool.capabilities.events else None,
        stdin=command.stdin,
        limits=attempt.limits,
        cancel=cancel,
        on_output=stream.feed,
        scratch=attempt.scratch,
    )
    stream.close()
    tool.finish(attempt, stream.tally)
    text = _text(tool, output, stream.tally)
    said = parse_result(text)
    reason, detail = _reason(tool, attempt, end, stream, errors, said)
    ended = _end(tool, attempt, end, stream.tally, said, reason, detail)
    return replace(ended, text=text)


def environment(tool: Tool, attempt: AttemptRequest, command: Command) -> dict[str, str]:
    """The tool's whole environment."""
    env = allowed(attempt.environ, tool.env_names, tool.env_prefixes)
    if attempt.git_hooks is not None:
        env |= pin_hooks(attempt.git_hooks)
    return env | {
        "ORCHESTRATE_PACK": str(attempt.scratch / PACK_NAME),
        "ORCHESTRATE_PROMPT": str(attempt.scratch / PROMPT_NAME),
        **command.env,
    }


def write_inputs(attempt: AttemptRequest) -> None:
    """Put the pack and the prompt into the scratch folder."""
    (attempt.scratch / PACK_NAME).write_text(attempt.pack.to_json(), encoding="utf-8")
    text = attempt.prompt.encode("utf-8", "surrogateescape")
    (attempt.scratch / PROMPT_NAME).write_bytes(text)


# How a process that did not end by itself counts.
STOPS: Mapping[EndReason, Reason] = {
    EndReason.TIMEOUT: Reason.TIMEOUT,
    EndReason.SILENCE: Reason.NO_OUTPUT,
    EndReason.STALLED: Reason.AGENT_STALLED,
    EndReason.OUTPUT: Reason.OUTPUT_LIMIT,
    EndReason.MEMORY: Reason.MEMORY_LIMIT,
    EndReason.WORKSPACE: Reason.WORKSPACE_LIMIT,
    EndReason.CANCELLED: Reason.CANCELLED,
    EndReason.NOT_FOUND: Reason.AGENT_NOT_FOUND,
    EndReason.SPAWN: Reason.SPAWN_TIMEOUT,
    EndReason.DISK_FULL: Reason.DISK_FULL,
    EndReason.LOST: Reason.AGENT_FAILED,
}

# The work's own failures: the tool ran, the attempt is not worth judging.
_FAILED = frozenset(
    {
        Reason.COMMAND_FAILED,
        Reason.AGENT_GAVE_UP,
        Reason.RESULT_BLOCK_BROKEN,
        Reason.WORKSPACE_LOST,
    }
)

_STOPPED = frozenset(
    {
        *(Reason.TIMEOUT, Reason.NO_OUTPUT, Reason.OUTPUT_LIMIT, Reason.MEMORY_LIMIT),
        *(Reason.WORKSPACE_LIMIT, Reason.TURN_LIMIT, Reason.COST_LIMIT, Reason.OUTPUT_LOOP),
        *(Reason.AGENT_STALLED, Reason.DISK_FULL),
    }
)


def outcome_of(reason: Reason) -> Outcome:
    """What an attempt with that reason code is to the runner."""
    if reason is Reason.ENDED:
        return Outcome.ENDED
    if reason is Reason.CANCELLED:
        return Outcome.CANCELLED
    if reason in _FAILED:
        return Outcome.FAILED
    return Outcome.STOPPED if reason in _STOPPED else Outcome.TOOL_FAILED


def _text(tool: Tool, output: Path, tally: Tally) -> str:
    """The end of what the agent said."""
    return read_end(output) if tool.reads_output else tally.text


def _reason(
    tool: Tool,
    attempt: AttemptRequest,
    end: ProcessEnd,
    stream: Stream,
    errors: Path,
    said: StepResult | BrokenResult | None,
) -> tuple[Reason, str]:
    """Why the attempt ended, the surest cause first."""
    tally = stream.tally
    if stream.stop is not None and end.reason is EndReason.STOPPED:
        return stream.stop
    if end.reason is not EndReason.EXITED:
        return STOPS[end.reason], end.detail
    if not attempt.workspace.is_dir():
        return Reason.WORKSPACE_LOST, "the workspace folder is gone"
    if failed := tool.failure(end, tally, errors):
        return failed
    if attempt.session is not None and tally.session not in ("", attempt.session.id):
        return (
            Reason.SESSION_UNKNOWN,
            f"{tool.name} was to continue {attempt.session.id} and began {tally.session}",
        )
    if isinstance(said, BrokenResult):
        return Reason.RESULT_BLOCK_BROKEN, said.detail
    if said is not None and said.verdict != "done":
        return Reason.AGENT_GAVE_UP, said.summary or said.verdict
    return Reason.ENDED, ""


def _end(
    tool: Tool,
    attempt: AttemptRequest,
    end: ProcessEnd,
    tally: Tally,
    said: StepResult | BrokenResult | None,
    reason: Reason,
    detail: str,
) -> AttemptEnd:
    earlier = attempt.session.usage if attempt.session else None
    printed = replace(tally.usage, turns=tally.usage.turns or tally.turns or None)
    own = printed.minus(earlier) if tool.cumulative else printed
    total = printed if tool.cumulative or earlier is None else earlier.plus(printed)
    pack = attempt.pack
    return AttemptEnd(
        outcome=outcome_of(reason),
        reason_code=reason,
        output=attempt.scratch / OUTPUT_NAME,
        detail=detail,
        code=end.code,
        result=said if isinstance(said, StepResult) else None,
        usage=own,
        session=Session(tool.name, pack.plan, pack.task, tally.session, total)
        if tally.session
        else None,
        seconds=end.seconds,
        output_bytes=end.output_bytes,
        truncated=end.truncated,
        leftovers=end.leftovers,
        peak_memory_mb=end.peak_memory_mb,
        tool_calls=tally.tool_calls,
        refused=tally.refused,
        retries=tally.retries,
    )
