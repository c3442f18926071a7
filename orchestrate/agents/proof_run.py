"""Starts a client once with a scripted model, and tells what was seen of it (`hook_proof.py`)."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.capped import read_tail
from orchestrate.agents.environment import allowed, pin_hooks
from orchestrate.agents.guard import SHARED, fired_file
from orchestrate.agents.limits import EndReason, ProcessEnd, ProcessLimits
from orchestrate.agents.pack import StepPack
from orchestrate.agents.process import run_process
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.sandbox import sandboxed
from orchestrate.agents.scripted_apis import Json, shell_call
from orchestrate.agents.scripted_model import Reply, ScriptedModel
from orchestrate.agents.tool import Tool
from orchestrate.git.process import QUIET, run_git

CLIENT_SEC = 120.0
OUTPUT = "output.txt"
REF = "refs/orchestrate/probe"
PACK = StepPack(plan="probe", task="probe", title="Probe", attempt="R0/S0", objective="Probe.")

# In the folder that the client's shell may write to.
COMMAND_RAN, SCRIPT_RAN, REF_MADE, GIT_FIRED = "command-ran", "script-ran", "ref-made", "git-fired"

# Where a program that chooses among versions of the client looks for its own things: its home is
# another one here.
_VERSION_MANAGERS = {
    "PYENV_ROOT": ".pyenv",
    "ASDF_DATA_DIR": ".asdf",
    "VOLTA_HOME": ".volta",
    "MISE_DATA_DIR": ".local/share/mise",
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What happened while the client played its script."""

    asked: int  # how often it asked the model; more than once: a tool call was answered
    hook_at_start: bool
    hook_at_call: bool
    command_ran: bool
    script_ran: bool
    git_fired: bool
    ref_made: bool
    ended: str
    said: str  # the end of what it printed
    cancelled: bool = False


class Script:
    """The model's part: one tool call an answer, then the end."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._lock = threading.Lock()
        self.asked = 0

    def answer(self, body: Json, tools: dict[str, set[str]]) -> Reply:
        if shell_call("", tools) is None:  # a title, a summary: not the task
            return Reply("ok")
        with self._lock:
            self.asked += 1
            line = self.lines.pop(0) if self.lines else ""
        return Reply("Probe.", shell_call(line, tools)) if line else Reply("Done.")


def watch_client(
    tool: Tool, environ: Mapping[str, str], folder: Path, cancel: threading.Event | None
) -> Seen:
    """Play the script with the client, all in `folder`; nothing of it runs afterwards.

    Raises:
        Refused: the client cannot be pointed at a model, or it refuses to be started.
        OSError: there is no loopback.
    """
    attempt = _attempt(folder, environ)
    marks = attempt.scratch / SHARED
    own = f"echo > '{marks / COMMAND_RAN}'; git commit --no-verify --allow-empty -m probe"
    by_git = f"sh '{_script(folder, marks)}'"
    script = Script()
    with ScriptedModel(script.answer) as model:
        pointed = tool.pointed(model.url, folder / "home", attempt.environ)
        if pointed is None:
            raise Refused(Reason.AGENT_NOT_RUNNABLE, f"{tool.name} cannot be given another model")
        client, to = pointed
        wanted = (own if tool.capabilities.hooks else "", by_git, to.last)
        script.lines = [line for line in wanted if line]
        command = sandboxed(client, attempt, client.command(attempt))
        assert attempt.git_hooks is not None
        env = allowed({**attempt.environ, **to.environ}, client.env_names, client.env_prefixes)
        end = run_process(
            command.argv,
            cwd=attempt.workspace,
            env={**env, **_managers(environ), **pin_hooks(attempt.git_hooks), **command.env},
            output=attempt.scratch / OUTPUT,
            stdin=command.stdin,
            limits=attempt.limits,
            cancel=cancel,
        )
    return _seen(attempt, script, end)


def _seen(attempt: AttemptRequest, script: Script, end: ProcessEnd) -> Seen:
    """What the run left behind."""
    marks, fired = attempt.scratch / SHARED, fired_file(attempt)
    events = fired.read_text().split() if fired.exists() else []
    said = read_tail(attempt.scratch / OUTPUT, 4_096).decode("utf-8", "replace").strip()
    return Seen(
        asked=script.asked,
        hook_at_start="SessionStart" in events,
        hook_at_call=bool({"PreToolUse", "BeforeTool"} & set(events)),
        command_ran=(marks / COMMAND_RAN).exists(),
        script_ran=(marks / SCRIPT_RAN).exists(),
        git_fired=(marks / GIT_FIRED).exists(),
        ref_made=(marks / REF_MADE).exists(),
        ended=f"{end.reason}, code {end.code}",
        said=said[-500:],
        cancelled=end.reason is EndReason.CANCELLED,
    )


def _attempt(folder: Path, environ: Mapping[str, str]) -> AttemptRequest:
    """An attempt in a new repository, with an empty home and hardly a variable of the user's."""
    for name in ("home", "work", "scratch", "hooks", "tmp"):
        (folder / name).mkdir()
    marks = folder / "scratch" / SHARED
    marks.mkdir()
    work = folder / "work"
    run_git(["init", "--quiet", "--template=", str(work)])
    for key, value in (("user.name", "orchestrate"), ("user.email", "orchestrate@localhost")):
        run_git(["config", key, value], cwd=work)
    first = ("commit", "--quiet", "--allow-empty", "--no-gpg-sign", "--message", "probe")
    run_git([*QUIET, *first], cwd=work)
    hook = folder / "hooks" / "reference-transaction"
    hook.write_text(
        f"#!/bin/sh\n[ \"$1\" = prepared ] || exit 0\ngrep -q ' {REF}$' || exit 0\n"
        f"echo > '{marks / GIT_FIRED}'\necho 'this ref is refused' >&2\nexit 1\n"
    )
    hook.chmod(0o700)
    return AttemptRequest(
        workspace=work,
        scratch=folder / "scratch",
        pack=PACK,
        prompt="Probe.",
        limits=ProcessLimits(max_runtime_sec=CLIENT_SEC, max_silence_sec=CLIENT_SEC),
        environ=_environ(environ, folder),
        git_hooks=folder / "hooks",
    )


def _environ(environ: Mapping[str, str], folder: Path) -> dict[str, str]:
    """No key, no proxy and no settings of the user's."""
    made = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "tmp"), "LANG": "C.UTF-8"}
    return made | {"PATH": environ.get("PATH", "/usr/bin:/bin")}


def _managers(environ: Mapping[str, str]) -> dict[str, str]:
    home = Path(environ.get("HOME", "/nonexistent"))
    places = {name: environ.get(name) or home / below for name, below in _VERSION_MANAGERS.items()}
    return {name: str(place) for name, place in places.items() if Path(place).is_dir()}


def _script(folder: Path, marks: Path) -> Path:
    """A script that no reader of command lines or scripts sees through."""
    path = folder / "work" / "probe.sh"
    path.write_text(
        f"echo > '{marks / SCRIPT_RAN}'\n"
        f"set -- update ref\n"
        f"git \"$1-$2\" {REF} HEAD && echo > '{marks / REF_MADE}'\nexit 0\n"
    )
    return path
