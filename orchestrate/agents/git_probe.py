"""Proves, before an agent starts, that git fires the workspace's hooks in the agent's environment.

Git passes over a hook that it does not find or may not execute in silence (a folder mounted
`noexec`, a wrapper that sets `GIT_CONFIG_PARAMETERS` anew, a removed interpreter). So git itself is
made to run two of them where and as the agent will: that of a commit answers a question, and the
one that holds under `--no-verify` has to refuse a ref that nobody may make. The others lie in the
same folder and start the same program; whether git may execute them is looked at (30 ms in all).
"""

import os

from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.capped import read_tail
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.process import run_process
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.sandbox import sandboxed
from orchestrate.agents.tool import Command, Tool

ASKED = "pre-commit"
QUESTION = "--orchestrate-probe"  # this and the answer are those of hooks/stubs.py
ANSWER = b"orchestrate: this hook fires"
VARIABLE = "ORCHESTRATE_HOOK_PROBE"  # has the hook for refs refuse whatever it is asked
REF = "refs/orchestrate/probe"
PROBE_SEC = 30.0
OUTPUT = "git-hooks-probe.txt"

# Both at once: each costs the start of an interpreter.
_SCRIPT = (
    f"git hook run {ASKED} -- {QUESTION} & "
    f"{VARIABLE}=1 git update-ref {REF} HEAD && echo made; wait"
)
ANSWERS = 2


def prove_git_hooks(tool: Tool, attempt: AttemptRequest, env: dict[str, str]) -> None:
    """Have git run the hooks in `env`, in the tool's sandbox where it has one.

    Raises:
        Refused: one of them did not fire, or the ref was made.
    """
    if attempt.git_hooks is None:
        return
    dead = [path.name for path in attempt.git_hooks.iterdir() if not os.access(path, os.X_OK)]
    if dead:
        raise _silent(attempt, f"git would pass over {', '.join(sorted(dead))}: not executable")
    command = sandboxed(tool, attempt, Command(("/bin/sh", "-c", _SCRIPT)))
    output = attempt.scratch / OUTPUT
    end = run_process(
        command.argv,
        cwd=attempt.workspace,
        env={**env, **command.env},
        output=output,
        limits=ProcessLimits(max_runtime_sec=PROBE_SEC, max_output_mb=1),
    )
    said = read_tail(output)
    answers = said.count(ANSWER)
    if not end.ok or answers != ANSWERS or b"made\n" in said:
        first = said.decode("utf-8", "replace").strip().partition("\n")[0]
        what = f"git fired {answers} of {ANSWERS} hooks that {tool.name} is to meet"
        raise _silent(attempt, f"{what} ({end.reason}): {first or 'nothing was said'}")


def _silent(attempt: AttemptRequest, what: str) -> Refused:
    return Refused(
        Reason.GIT_HOOKS_SILENT,
        what,
        hint=f"may files in {attempt.git_hooks} be executed, and is git's own configuration left "
        "alone by how the agent is started?",
    )
