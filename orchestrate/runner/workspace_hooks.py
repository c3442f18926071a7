"""The git hooks of a workspace: outside the agent's tree, pinned by the agent's environment.

They are the hooks that people install, so an agent that commits meets the same checks at once, with
a reason it can act on. A seatbelt: what lands is decided by the runner, whatever the hooks saw.
Before an attempt starts they are made to answer and to refuse (`agents/git_probe.py`).
"""

import shlex
import shutil
import sys
from pathlib import Path

import orchestrate.hooks
from orchestrate.agents.git_probe import VARIABLE
from orchestrate.hooks.cache_file import folder_of
from orchestrate.hooks.stubs import ALL, PROBE

ENTRY = Path(orchestrate.hooks.__file__).with_name("main.py")


def write_hooks(folder: Path) -> Path:
    """The folder, with a stub for each hook that starts this program's own."""
    folder.mkdir(mode=0o700)
    for hook in ALL:
        path = folder / hook
        path.write_text(_stub(hook))
        path.chmod(0o700)
    return folder


def share_cache(common_dir: Path, workspace: Path) -> None:
    """Give the workspace the compiled policy of the user's repository, where there is one."""
    compiled = Path(folder_of(str(common_dir)))
    if compiled.is_dir():
        shutil.copytree(compiled, folder_of(str(workspace / ".git")), dirs_exist_ok=True)


def _stub(hook: str) -> str:
    start = shlex.join([sys.executable, "-I", "-S", str(ENTRY), hook])
    # git calls this hook three times for each update; only "prepared" can refuse it.
    only = '[ "${1-}" = prepared ] || exit 0\n' if hook == "reference-transaction" else ""
    probed = f'[ -z "${{{VARIABLE}-}}" ] || {{ {start} {PROBE}; exit 1; }}\n'
    return f'#!/bin/sh\n{only}{probed}exec {start} "$@"\n'
