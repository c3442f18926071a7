"""The error that stands for an attempt that was not started."""

from orchestrate.agents.reasons import Reason
from orchestrate.errors import OrchestrateError


class Refused(OrchestrateError):
    """The attempt was not started; `reason` is the code that says why."""

    def __init__(self, reason: Reason, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.reason = reason
