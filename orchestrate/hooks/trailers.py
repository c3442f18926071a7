"""The trailers that tie a commit to the active task."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orchestrate.git.process import run_git


def add_trailers(file: Path, task: Mapping[str, Any]) -> None:
    """Add the task's trailers to the message in `file`, once.

    `git interpret-trailers` knows where a message's comments and scissors begin.

    Raises:
        GitFailed: git could not edit the file.
    """
    wanted = {"Orchestrate-Plan": task.get("plan"), "Orchestrate-Task": task["task"]}
    args = ["interpret-trailers", "--in-place", "--if-exists", "doNothing"]
    for key, value in wanted.items():
        if isinstance(value, str) and value.isprintable() and value:
            args += ["--trailer", f"{key}: {value}"]
    run_git([*args, str(file.absolute())])
