"""Proves that a real client fires its hooks, before the first attempt with it.

Clients ignore settings that they cannot use without a word, and run the tool then. So the client is
started once as it is, in an empty home, with a scripted model on loopback (no key, nothing leaves
the machine) that has it

 1. run a shell command that its own hook must refuse: the hook must be seen, and the command not;
 2. run a script that moves a ref: git must ask its hook, from the client's own shell.

A client without hooks of its own is put through the second alone: git's hooks are what holds it.
One that does not come as far as its model must have fired its hook at the session's start at least.
The user's own settings are not part of it; against those stands the look at the first tool call of
each attempt (`drive.py`).
"""

import shutil
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from orchestrate import __version__
from orchestrate.agents import proof_cache
from orchestrate.agents.guard import HOOK
from orchestrate.agents.proof_run import Seen, watch_client
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.tool import Tool

TOOL_CALL, SESSION_START, GIT_ONLY = "tool call", "session start", "git's hooks"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was seen: `own` is how its own hooks were proved, `git` whether git's hooks held too."""

    at: int  # seconds since the epoch
    seconds: float
    own: str
    git: bool

    @property
    def words(self) -> str:
        return " and ".join(filter(None, (self.own, GIT_ONLY if self.git else "")))


def known(tool: Tool) -> Proof | None:
    """The proof that is kept of the tool as it is now."""
    identity = _identity(tool)
    found = proof_cache.read(identity, time.time()) if identity else None
    try:
        return Proof(**found) if found else None
    except TypeError:
        return None  # of another version


def require(
    tool: Tool, environ: Mapping[str, str], cancel: threading.Event | None = None
) -> Proof | None:
    """The proof, made now where there is none; None when the tool runs nothing to be held.

    Raises:
        Refused: a hook did not fire, or the client could not be made to show it.
    """
    identity = _identity(tool)
    if identity is None:
        return None
    try:
        with proof_cache.alone(identity):
            return known(tool) or prove(tool, environ, cancel)
    except OSError as error:
        raise Refused(
            Reason.AGENT_NOT_RUNNABLE, f"no proof of {tool.name}'s hooks can be made: {error}"
        ) from None


def prove(
    tool: Tool, environ: Mapping[str, str], cancel: threading.Event | None = None
) -> Proof | None:
    """A fresh proof, kept for the next time; None when the tool runs nothing to be held.

    Raises:
        Refused: as above.
        OSError: it cannot be kept, or the loopback is not there.
    """
    identity = _identity(tool)
    if identity is None:
        return None
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="orchestrate-hooks-"))
    try:
        seen = watch_client(tool, environ, folder.resolve(), cancel)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    own = judged(tool, seen)
    proof = Proof(int(time.time()), round(time.monotonic() - began, 1), own, seen.git_fired)
    proof_cache.folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    proof_cache.write(identity, asdict(proof))
    return proof


def judged(tool: Tool, seen: Seen) -> str:
    """How the tool's own hooks were proved; "" for a tool that has none.

    Raises:
        Refused: what must fire did not.
    """
    if seen.cancelled:
        raise Refused(Reason.CANCELLED, "cancelled while its hooks were being proved")
    if not seen.asked and not seen.hook_at_start:
        what = "it came neither to its model nor to a hook"
        raise _silent(Reason.AGENT_NOT_RUNNABLE, tool, what, seen)
    if seen.ref_made or (seen.script_ran and not seen.git_fired):
        raise _silent(Reason.GIT_HOOKS_SILENT, tool, "git fired no hook in its shell", seen)
    if not tool.capabilities.hooks:
        if not seen.git_fired:
            raise _silent(Reason.AGENT_NOT_RUNNABLE, tool, "it did not run a command", seen)
        return ""
    if seen.command_ran:
        raise _silent(Reason.HOOKS_SILENT, tool, "it ran what its hook must refuse", seen)
    if seen.hook_at_call:
        return TOOL_CALL
    if seen.hook_at_start and seen.asked < 2:
        return SESSION_START
    raise _silent(Reason.HOOKS_SILENT, tool, "its hook did not fire", seen)


def _silent(reason: Reason, tool: Tool, what: str, seen: Seen) -> Refused:
    said = f": {seen.said}" if seen.said else ""
    return Refused(
        reason,
        f"{tool.name} was tried with a scripted model: {what} ({seen.ended}){said}",
        hint=f"try it again with: orchestrate agents {tool.name} --probe",
    )


def _identity(tool: Tool) -> dict[str, object] | None:
    about = tool.identity
    if about is None:
        return None
    return {**about, "orchestrate": __version__, "hook": _code(), "format": 1}


def _code() -> list[object]:
    """The code that the hook runs, so that an edited one is proved anew."""
    files = sorted(HOOK.parent.glob("agent_*.py"))
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
