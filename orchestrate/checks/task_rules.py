"""What the checks know of a task. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from orchestrate.policy.roles import RequiredOutput, Role


@dataclass(frozen=True)
class TaskRules:
    """What the checks know of the task that a change is made for.

    `measured_by` are globs of what its criteria and metric run: a change there is a finding.
    `protected` adds to the policy's protected paths.
    """

    id: str
    role: Role | None = None
    scope: tuple[str, ...] = ("**",)
    deny: tuple[str, ...] = ()
    planned_files: tuple[str, ...] | None = None
    allow_protected: bool = False
    required_outputs: tuple[Mapping[str, Any] | RequiredOutput, ...] = ()
    measured_by: tuple[str, ...] = ()
    protected: tuple[str, ...] = ()
