"""Aider (`aider --message-file`), seen with 0.86.2.

Traps kept here:
 * It ends with 0 whatever happened, an unauthorised model included: what it prints decides.
 * It commits with `--no-verify` by itself, and with `--git-commit-verify` the model is not told of
   a refusal: it does not commit at all here, the runner takes the files.
 * The model hears only of `--test-cmd`: it is the plan's own commands, so that it can correct.
 * It has no hooks and no session: what it writes is judged afterwards, and a retry starts anew.
 * Its history files would lie in the repository: they go to the scratch folder. The cache of its
   map of the repository cannot: it is taken away before the tree is read.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar

from orchestrate.agents.adapter import AttemptRequest, Capabilities
from orchestrate.agents.client import NO_KEY, Client, service_failure
from orchestrate.agents.events import Event, Kind, Tally, Usage
from orchestrate.agents.guard import SHARED
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason
from orchestrate.agents.tool import Command, Pointed
from orchestrate.git.removal import remove_tree

_TOKENS = re.compile(rb"Tokens: ([\d.,]+[kM]?) sent,(?:.* cache hit,)? ([\d.,]+[kM]?) received")
_COST = re.compile(rb"Cost: \$([\d.]+) message, \$([\d.]+) session")
_EDIT = b"Applied edit to "
_ERROR = re.compile(rb"litellm\.\w*(?:Error|Exception)|^The API provider|APIConnectionError")
_RETRY = b"Retrying in "


class AiderClient(Client):
    """Aider with one message."""

    program = ("aider",)
    package = "pip install aider-chat"
    capabilities = Capabilities(events=True, cost=True)
    reads_output = True
    probe_sec = 90.0
    env_prefixes = ("OPENAI_", "ANTHROPIC_", "GEMINI_API_", "AZURE_", "OPENROUTER_", "DEEPSEEK_")
    own_env: ClassVar[tuple[str, ...]] = ("AIDER_MODEL",)

    def command(self, attempt: AttemptRequest) -> Command:
        kept = attempt.scratch / SHARED
        kept.mkdir(parents=True, exist_ok=True)
        argv = [*self.base, "--message-file", str(attempt.scratch / "prompt.md"), "--yes-always"]
        argv += ["--no-auto-commits", "--no-dirty-commits", "--no-gitignore", "--no-pretty"]
        argv += ["--no-fancy-input", "--no-analytics", "--no-check-update", "--no-stream"]
        argv += ["--no-show-model-warnings", "--no-show-release-notes", "--no-detect-urls"]
        argv += ["--chat-history-file", str(kept / "chat.md")]
        argv += ["--input-history-file", str(kept / "input.txt")]
        if self.config.model:
            argv += ["--model", self.config.model]
        if attempt.pack.commands:
            line = " && ".join(f"( {command.command} )" for command in attempt.pack.commands)
            argv += ["--auto-test", "--test-cmd", line]
        env = {"AIDER_ANALYTICS": "false", "LITELLM_LOCAL_MODEL_COST_MAP": "True", "TERM": "dumb"}
        return Command((*argv, *self.config.args), env, writable=(kept,))

    def at_model(self, url: str, home: Path) -> Pointed:
        names = {"OPENAI_API_BASE": f"{url}/v1", "OPENAI_API_KEY": NO_KEY}
        return Pointed(names, "openai/scripted")

    def parse(self, line: bytes) -> Iterable[Event]:
        if found := _TOKENS.search(line):
            usage = Usage(_number(found[1]), 0, _number(found[2]), _dollars(line), 1)
            yield Event(Kind.USAGE, usage=self.reckoned(usage), adds=True)
        elif line.startswith(_EDIT):
            path = line[len(_EDIT) :].decode("utf-8", "surrogateescape").strip()
            yield Event(Kind.FILE_CHANGE, path)
        elif line.startswith(_RETRY):
            yield Event(Kind.RETRY)
        elif _ERROR.search(line):
            yield Event(Kind.ERROR, line.decode("utf-8", "replace").strip(), ok=False)
        elif line.strip():
            yield Event(Kind.OUTPUT, line.decode("utf-8", "replace"))

    def finish(self, attempt: AttemptRequest, tally: Tally) -> None:
        for cache in attempt.workspace.glob(".aider.tags.cache.v*"):
            if cache.is_dir() and not cache.is_symlink():
                remove_tree(cache)

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        answered = tally.usage.turns is not None
        if end.code == 0 and answered:
            return None  # an error before that was retried with success
        if tally.errors:
            said = " ".join(event.text for event in tally.errors)
            return service_failure(said), tally.errors[-1].text
        if end.code == 0:
            return Reason.AGENT_FAILED, "it ended without an answer of the model"
        return self.early_end(end, errors)


def _number(text: bytes) -> int:
    """593, 1.2k or 3.4M as a number."""
    scale = {b"k": 1_000, b"M": 1_000_000}.get(text[-1:], 1)
    digits = text.rstrip(b"kM").replace(b",", b"")
    try:
        return int(float(digits) * scale)
    except ValueError:
        return 0


def _dollars(line: bytes) -> float | None:
    found = _COST.search(line)
    return float(found[1]) if found else None
