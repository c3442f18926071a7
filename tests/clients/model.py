"""A model that does not think: it plays a list of turns over the APIs that the real clients speak.

    with Model([Turn("Write it.", write=("a.txt", "hello")), Turn("Done.")], cwd) as model:
        ...  # point the client at model.url

Loopback only. A turn's action is turned into the tools that the client offers, or into text for a
client that offers none. Requests that are not the task itself (titles, commit messages, quota
checks) get a fixed answer. After the last turn the model says that it is done.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from orchestrate.agents.scripted_apis import Call, Json, shell_call
from orchestrate.agents.scripted_model import Reply, ScriptedModel

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"  # how mini-swe-agent ends
NO_TOOLS = re.compile(
    r"SEARCH/REPLACE|\*file listing\*|Act as an expert software developer"
)  # aider


@dataclass(frozen=True)
class Turn:
    """One answer of the model: text, then a file to write or a command to run, or an error."""

    text: str = ""
    write: tuple[str, str] | None = None
    shell: str = ""
    status: int = 200
    delay: float = 0.0
    tool: Call | None = None  # exactly this tool of the client's


class Model(ScriptedModel):
    """A server that plays turns; `requests` keeps what each task request said."""

    def __init__(self, turns: Sequence[Turn], cwd: str | Callable[[], str]) -> None:
        super().__init__(self._answer)
        self._turns = list(turns)
        self._cwd = cwd if callable(cwd) else lambda: str(cwd)
        self._lock = threading.Lock()
        self.requests: list[str] = []

    def __enter__(self) -> "Model":
        super().__enter__()
        return self

    def _answer(self, body: Json, tools: dict[str, set[str]]) -> Reply:
        """The next turn and its tool call; a fixed turn for what is not the task."""
        said = json.dumps(body)
        if not tools and not NO_TOOLS.search(said):
            return Reply("ok")
        with self._lock:
            self.requests.append(said)
            turn = self._turns.pop(0) if self._turns else Turn("All done.")
        time.sleep(turn.delay)
        if not tools:
            return Reply(_as_text(turn), status=turn.status)
        last = not turn.write and not turn.shell and not turn.tool and turn.status == 200
        if last and SUBMIT.split()[1] in said:
            turn = replace(turn, shell=SUBMIT)
        return Reply(turn.text, _call(turn, tools, self._cwd() if turn.write else ""), turn.status)


def _as_text(turn: Turn) -> str:
    if turn.write:
        path, content = turn.write
        return f"{turn.text}\n\n{path}\n```\n{content.rstrip()}\n```\n"
    return turn.text


def _call(turn: Turn, tools: dict[str, set[str]], cwd: str) -> Call | None:
    """The call of the client's own tool for a turn's action."""
    if turn.tool:
        return turn.tool
    if turn.write:
        path, content = turn.write
        for name in ("Write", "write_file", "write"):
            if name in tools:
                key = next(k for k in ("file_path", "filePath") if k in tools[name])
                return name, {key: f"{cwd}/{path}" if path[0] != "/" else path, "content": content}
        return _call(Turn(shell=f"printf '%s' '{content}' > '{path}'"), tools, cwd)
    if not turn.shell:
        return None
    call = shell_call(turn.shell, tools)
    assert call, f"the client offers no shell: {sorted(tools)}"
    return call
