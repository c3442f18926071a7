"""Plays one try of a replay script in the current folder: `python -I replay_player.py PLAY.json`.

A process of its own, as any agent is. Standard library only. A path that a symbolic link would lead
out of the workspace is refused. Exit status: the try's `exit`; 70 when a step fails (sysexits.h
EX_SOFTWARE), with a line that says which.
"""

import json
import os
import shutil
import subprocess  # noqa: TID251 - this is the agent's side of the fence
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEP_FAILED = 70


def main() -> int:
    """Play the file named by the first argument."""
    play = json.loads(Path(sys.argv[1]).read_bytes())
    for number, step in enumerate(play["steps"], 1):
        action = next(name for name in step if name in PLAYS)
        try:
            if action == "run":
                run(step["run"], step.get("expect_exit", 0))
            else:
                PLAYS[action](step[action])
        except (OSError, StepError) as error:
            say(f"replay: step {number} ({action}) failed: {error}")
            return STEP_FAILED
    return int(play.get("exit", 0))


class StepError(Exception):
    """A step that did not do what it says."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def inside(path: str, *, follow: bool = False) -> Path:
    """The path in the workspace.

    Raises:
        StepError: it, or a link on its way, leads outside.
    """
    root = Path.cwd().resolve()
    at = root / path
    real = at.resolve() if follow else at.parent.resolve() / at.name
    if not real.is_relative_to(root) or real == root:
        raise StepError(f"{path} leads out of the workspace")
    return real


def write(value: dict[str, str]) -> None:
    target = inside(value["path"], follow=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(value["content"].encode("utf-8", "surrogateescape"))


def append(value: dict[str, str]) -> None:
    target = inside(value["path"], follow=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("ab") as file:
        file.write(value["content"].encode("utf-8", "surrogateescape"))


def delete(value: str) -> None:
    target = inside(value)
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink()


def rename(value: dict[str, str]) -> None:
    source, target = inside(value["from"]), inside(value["to"])
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def chmod(value: dict[str, str]) -> None:
    inside(value["path"], follow=True).chmod(int(value["mode"], 8))


def symlink(value: dict[str, str]) -> None:
    target = inside(value["path"])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.symlink_to(value["target"])


def run(command: str | list[str], expected: int | None) -> None:
    argv = ["/bin/sh", "-c", command] if isinstance(command, str) else command
    code = subprocess.run(argv, stdin=subprocess.DEVNULL, check=False).returncode
    if expected is not None and code != expected:
        raise StepError(f"exit {code}, expected {expected}")


def result(value: dict[str, Any]) -> None:
    say(f"===STEP_RESULT===\n{json.dumps(value, sort_keys=True)}\n===END_STEP_RESULT===")


PLAYS: dict[str, Callable[[Any], None]] = {
    "write": write,
    "append": append,
    "delete": delete,
    "rename": rename,
    "chmod": chmod,
    "symlink": symlink,
    "run": lambda value: run(value, 0),
    "print": say,
    "sleep": time.sleep,
    "result": result,
}


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
