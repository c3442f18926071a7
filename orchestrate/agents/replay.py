"""The replay agent: plays a script of edits and commands instead of asking a model.

    agents:
      replay: {adapter: replay, script: path/to/script.yaml}

The script (`schemas/replay-script.schema.json`) gives the tries of each task; the attempt's number
picks one and the last one repeats. It is read and checked here, and played by a process of its own
(`replay_player.py`), so that limits, kills and output are those of any agent.
"""

import re
import sys
from pathlib import Path

from orchestrate.agents.adapter import AttemptRequest, Probe
from orchestrate.agents.client import Client
from orchestrate.agents.events import Tally
from orchestrate.agents.limits import ProcessEnd
from orchestrate.agents.reasons import Reason
from orchestrate.agents.replay_script import attempt_steps, load_script
from orchestrate.agents.tool import Command
from orchestrate.errors import InvalidInput, OrchestrateError
from orchestrate.machine_json import to_json
from orchestrate.policy.config import AgentConfig

PLAYER = Path(__file__).with_name("replay_player.py")


class ReplayClient(Client):
    """Plays the configured script."""

    reads_output = True

    def __init__(self, config: AgentConfig, environ: dict[str, str]) -> None:
        super().__init__(config, environ)
        if config.script is None:
            raise InvalidInput(
                f"agent {config.name} has no script",
                hint=f"set agents.{config.name}.script to a replay script",
            )
        self._path = Path(config.script)

    def probe(self) -> Probe:
        """Whether the script is there and valid."""
        try:
            load_script(self._path)
        except (OrchestrateError, OSError) as error:
            return Probe(True, "", False, str(error), self.capabilities)
        return Probe(True, "1", True, "", self.capabilities)

    def missing(self) -> str:
        return ""  # it is this Python

    def command(self, attempt: AttemptRequest) -> Command:
        script = load_script(self._path)
        number = attempt_number(attempt.pack.attempt, len(attempt.pack.failures))
        play = attempt_steps(script, attempt.pack.task, number)
        path = attempt.scratch / "replay.json"
        path.write_bytes(to_json(play))
        return Command((sys.executable, "-I", str(PLAYER), str(path)))

    def failure(self, end: ProcessEnd, tally: Tally, errors: Path) -> tuple[Reason, str] | None:
        return None if end.code == 0 else (Reason.COMMAND_FAILED, f"exit {end.code}")


def attempt_number(attempt: str, failures: int) -> int:
    """Which try of the task this is, from 0.

    R/S alone does not say it (R1/S0 may follow any number of steps); the failures in the pack do,
    when they are all there, and S is the least it can be.
    """
    match = re.fullmatch(r"R(\d+)/S(\d+)", attempt)
    return max(failures, int(match[1]) + int(match[2]) if match else 0)
