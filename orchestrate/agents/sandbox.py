"""The command line of bubblewrap around an agent (`sandbox: bwrap`).

Inside, the whole machine can be read but for what is hidden, and only the workspace, a private /tmp
and the tool's own state folders (its login and sessions) can be written. The user's repository is
an empty folder there, but for the object store that the workspace borrows from. Own PID namespace:
when the agent ends, the kernel ends all below it. Without `network` not even loopback is there.

No silent fallback: where bubblewrap does not work, the attempt does not start.
"""

import shutil
import sys
from functools import cache
from pathlib import Path

from orchestrate.agents.adapter import AttemptRequest
from orchestrate.agents.process import ProcessLimits, absolute_path, run_process
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused
from orchestrate.agents.tool import Command, Tool

# Below HOME: what no agent needs to read. Masked when they are there.
PRIVATE = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".git-credentials"),
    *(".config/gh", ".config/gcloud", ".config/git/credentials", ".npmrc", ".pypirc"),
    *(".password-store", ".local/share/keyrings", ".mozilla", ".bash_history", ".zsh_history"),
)

# What runs the hooks.
OURS = (Path(__file__).parents[2], Path(sys.prefix), Path(sys.base_prefix))


def sandboxed(tool: Tool, attempt: AttemptRequest, command: Command) -> Command:
    """The command as it is started: inside bubblewrap when the tool is configured so.

    Raises:
        Refused: bubblewrap is not there or does not work on this machine.
    """
    if tool.sandbox == "none":
        return command
    bwrap = shutil.which("bwrap", path=absolute_path(attempt.environ.get("PATH", "")))
    if bwrap is None or not works(bwrap, attempt.scratch):
        what = "is not installed" if bwrap is None else "cannot make a namespace here"
        raise Refused(
            Reason.SANDBOX_MISSING,
            f"agent {tool.name} is to run in a sandbox, but bubblewrap (bwrap) {what}",
            hint="install bubblewrap and allow user namespaces, or set sandbox: none",
        )
    argv = (bwrap, *arguments(tool, attempt, command), "--", *command.argv)
    # The folder that TMPDIR names outside may not be there: /tmp is, and is the agent's own.
    return Command(argv, {**command.env, "TMPDIR": "/tmp"}, command.stdin)


def arguments(tool: Tool, attempt: AttemptRequest, command: Command) -> list[str]:
    """Bubblewrap's options; later ones win over earlier ones, so the order is the policy."""
    home = Path(attempt.environ.get("HOME", "/"))
    options = ["--die-with-parent", "--unshare-pid", "--unshare-ipc", "--unshare-uts"]
    if not tool.network:
        options.append("--unshare-net")
    options += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp"]
    options += _read_only(_below_tmp(home, *OURS, *_programs(command, attempt)))
    for path in (home / name for name in PRIVATE):
        options += _masked(path)
    for path in attempt.hide:
        options += _masked(path)
    options += _read_only((*attempt.show, attempt.scratch, *command.show))
    if attempt.git_hooks is not None:
        options += _read_only((attempt.git_hooks,))
    for path in (attempt.workspace, *command.writable):
        options += ["--bind", str(path), str(path)]
    return [*options, "--chdir", str(attempt.workspace)]


@cache
def works(bwrap: str, scratch: Path) -> bool:
    """Whether this bubblewrap can make its namespaces here (containers often forbid it)."""
    end = run_process(
        [bwrap, "--ro-bind", "/", "/", "--proc", "/proc", "--unshare-pid", "true"],
        cwd=Path("/"),
        env={"PATH": "/usr/bin:/bin"},
        output=scratch / "bwrap.txt",
        limits=ProcessLimits(max_runtime_sec=10),
    )
    return end.ok


def _programs(command: Command, attempt: AttemptRequest) -> tuple[Path, ...]:
    """The folders that the program comes from: of its name, and of the file that it links to."""
    program = shutil.which(command.argv[0], path=attempt.environ.get("PATH"))
    if program is None:
        return ()
    places = {Path(program).absolute(), Path(program).resolve()}
    return tuple(sorted(Path(*place.parts[:3]) for place in places))


def _below_tmp(*paths: Path) -> tuple[Path, ...]:
    """Those that the private /tmp would hide."""
    return tuple(dict.fromkeys(path for path in paths if path.parts[1:2] == ("tmp",)))


def _masked(path: Path) -> list[str]:
    if path.is_dir():
        return ["--tmpfs", str(path)]
    return ["--ro-bind", "/dev/null", str(path)] if path.exists() else []


def _read_only(paths: tuple[Path, ...]) -> list[str]:
    return [word for path in paths for word in ("--ro-bind", str(path), str(path))]
