"""The hook of a coding agent: `python -I -S agent_hook.py CLIENT [GUARD]`, the event on stdin.

People's own clients may also call it as `orchestrate hook agent CLIENT`.

Rules:
 * Before a tool runs: exit 2 and the reason on standard error when it must not; all clients hand
   that to the model. Exit 0 and silence when it may.
 * Whatever goes wrong here is exit 2 as well: every client runs the tool when its hook exits 1,
   prints nonsense or cannot be read.
 * GUARD is the guard document that the runner wrote for an attempt, outside the workspace. Without
   it, the task is the worktree's own (`orchestrate-task.json` in its git directory).
 * Standard library only, `-S`, and no more of it than the call needs: every tool call of an agent
   waits for this. Most need neither `re` nor `json`, which take as long as starting Python, and
   this file is short, as Python keeps no compiled form of what it starts with.
"""

from __future__ import annotations

import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
REFUSED = 2


def main(argv: list[str]) -> int:
    """The exit status for the client."""
    try:
        if ROOT not in sys.path:
            sys.path.insert(0, ROOT)
        from orchestrate.hooks.agent_events import handle
        from orchestrate.hooks.fast_json import loads

        event = loads(sys.stdin.buffer.read())
        if not isinstance(event, dict):
            raise ValueError("the event is not a JSON object")
        return handle(event, argv[1] if len(argv) > 1 else "")
    except Exception as error:  # noqa: BLE001 - the edge: a hook that fails open is no hook
        sys.stderr.write(f"orchestrate: this hook failed, so the call is refused: {error!r}\n")
        return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
