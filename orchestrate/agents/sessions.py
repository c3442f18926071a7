"""A tool's conversation that a retry may continue, bound to the task it was begun for.

One session never sees another task's pack: a session of another task, plan or tool is refused, not
replaced. A session that the tool does not know, or for which it silently begins a new one, ends the
attempt with SESSION_UNKNOWN.
"""

from dataclasses import dataclass, field

from orchestrate.agents.events import Usage
from orchestrate.agents.pack import StepPack
from orchestrate.agents.reasons import Reason
from orchestrate.agents.refused import Refused


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation: whose it is, and what it has used so far."""

    agent: str
    plan: str
    task: str
    id: str
    usage: Usage = field(default_factory=Usage)


def choose(mode: str, *, resumable: bool, agent: str, last: Session | None) -> Session | None:
    """The session that the next attempt continues, None for a new one.

    `mode` is the configuration's `session`: `spawn` never continues, `auto` does when the tool can
    and the last attempt was the same tool's, `reuse` insists.

    Raises:
        Refused: `reuse`, and the tool cannot continue a session.
    """
    if mode == "spawn" or last is None:
        return None
    if mode == "reuse":
        if not resumable:
            raise Refused(
                Reason.SESSION_UNKNOWN,
                f"agent {agent} cannot continue a session",
                hint=f"set agents.{agent}.session to auto or spawn",
            )
        return last
    return last if resumable and last.agent == agent else None


def check(session: Session | None, agent: str, pack: StepPack) -> None:
    """Accept a session for this attempt.

    Raises:
        Refused: it belongs to another tool, plan or task.
    """
    if session is None:
        return
    wanted, found = (agent, pack.plan, pack.task), (session.agent, session.plan, session.task)
    if found != wanted:
        raise Refused(
            Reason.SESSION_FOREIGN,
            f"session {session.id} is of {' '.join(found)}, this attempt is of {' '.join(wanted)}",
            hint="start the attempt without a session",
        )
