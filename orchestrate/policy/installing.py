"""What `init` puts into a repository, and what an upgrade does to what was put there before.

Pure: bytes and hashes in, a list of steps out. A file that a person changed is never replaced; a
newer version of it is laid beside it as `<name>.new`. A file that a person removed stays removed.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orchestrate import __version__, resources
from orchestrate.errors import FileError
from orchestrate.machine_json import to_json
from orchestrate.policy.config import CONFIG_PATH
from orchestrate.policy.config_file import config_text
from orchestrate.policy.policy import FOLDER, HARNESS_PATH, ROLES, RULES, shipped_rules
from orchestrate.policy.rules import Rule, detected
from orchestrate.policy.templates import TEMPLATES

INSTALLED_PATH = f"{FOLDER}installed.json"
SCHEMA_VERSION = 1

Read = Callable[[str], bytes | None]


class Action(StrEnum):
    """What happens to one file."""

    CREATE = "create"
    REPLACE = "replace"  # untouched since it was installed
    BESIDE = "beside"  # changed by a person: the newer version goes to `<path>.new`
    KEEP = "keep"  # there already, and nothing newer to offer
    REMOVED = "removed"  # taken away by a person, and not brought back


@dataclass(frozen=True)
class Step:
    """One file: what happens to it, the text that ships and the text that is there."""

    path: str
    action: Action
    shipped: bytes
    current: bytes | None

    @property
    def target(self) -> str | None:
        """The path that is written, or None."""
        if self.action == Action.BESIDE:
            return f"{self.path}.new"
        return self.path if self.action in (Action.CREATE, Action.REPLACE) else None


def wanted_rules(files: Iterable[str], read: Read) -> list[Rule]:
    """The shipped rules for a repository with these files, in order of precedence."""
    return sorted(detected(shipped_rules(), files, read), key=lambda rule: rule.order)


def shipped_files(rules: Iterable[Rule]) -> dict[str, bytes]:
    """Path in the repository -> text, of everything that these rules and the defaults bring."""
    files = {CONFIG_PATH: config_text().encode()}
    for rule in rules:
        files[f"{RULES}{rule.id}.md"] = resources.read("rules", f"{rule.id}.md")
    files[HARNESS_PATH] = resources.read("rules", "harness.yaml")
    for folder, parts, to in (
        ("rules", "roles/", ROLES),
        ("plan-templates", "", TEMPLATES),
    ):
        for path, data in resources.walk(folder):
            if path.startswith(parts) and path.endswith(".yaml"):
                files[to + path.removeprefix(parts)] = data
    return dict(sorted(files.items()))


def plan_install(
    files: Mapping[str, bytes], installed: Mapping[str, str], read: Read, *, upgrade: bool
) -> list[Step]:
    """What to do with each file; without `upgrade`, only what is missing is made.

    `installed` is path -> sha256 of what was put there before; `read` gives what is there now.
    """
    return [
        Step(path, _action(data, installed.get(path), current, upgrade), data, current)
        for path, data in files.items()
        for current in [read(path)]
    ]


def _action(shipped: bytes, installed: str | None, current: bytes | None, upgrade: bool) -> Action:
    if current is None:
        return Action.CREATE if installed is None else Action.REMOVED
    if not upgrade or current == shipped or digest(shipped) == installed:
        return Action.KEEP
    return Action.REPLACE if digest(current) == installed else Action.BESIDE


def digest(data: bytes) -> str:
    """The hash that tells whether a file is still as it was installed."""
    return hashlib.sha256(data).hexdigest()


def record(steps: Iterable[Step], installed: Mapping[str, str]) -> bytes:
    """The text of installed.json after the steps.

    It names what was offered last, also where a person's own text stands: it is offered once.
    """
    offered = (Action.CREATE, Action.REPLACE, Action.BESIDE)
    files = dict(installed)
    for step in steps:
        if step.action in offered or step.current == step.shipped:
            files[step.path] = digest(step.shipped)
    value = {"schema_version": SCHEMA_VERSION, "version": __version__, "files": files}
    return to_json(value)


def read_record(data: bytes | None) -> dict[str, str]:
    """Path -> sha256 from installed.json; empty when there is none.

    Raises:
        FileError: it is not what `record` writes, or a newer version wrote it.
    """
    if data is None:
        return {}
    try:
        value: Any = json.loads(data)
        files = value["files"]
        known = value["schema_version"] == SCHEMA_VERSION
        if known and all(isinstance(text, str) for pair in files.items() for text in pair):
            return dict(files)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        known = True
    if known:
        raise FileError(
            INSTALLED_PATH,
            "is damaged",
            hint="take it back from git, or remove it: then every file counts as yours",
        )
    raise FileError(INSTALLED_PATH, "is of another version", hint="upgrade orchestrate")
