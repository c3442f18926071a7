"""Verdicts of gate profiles that were reached already, in the repository's common git directory.

Derived data: the attempts' records hold what decided, this only saves running it again, and may be
deleted at any time. A file is bound to tree, policy and definition by its name. Only passes are
reused: what made a gate fail may have been the machine. A file that does not read is no verdict.
"""

import json
from contextlib import suppress
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from orchestrate import whole_file
from orchestrate.machine_json import to_json
from orchestrate.runner.gates import CommandRun
from orchestrate.runner.profiles import ProfileRun, StepRun, StepStatus

SCHEMA_VERSION = 1
MOST_KEPT = 200  # verdicts of one profile


class Freshness(StrEnum):
    """What is known of a profile on one tree."""

    CURRENT = "current"  # a verdict for this tree, policy and definition
    STALE = "stale"  # only verdicts for others
    MISSING = "missing"  # it never ran here
    UNKNOWN = "unknown"  # a verdict is there and does not read


class Stored(NamedTuple):
    """A profile's freshness, and the verdict where it is current."""

    freshness: Freshness
    run: ProfileRun | None


class VerdictStore:
    """The verdicts of one repository; processes share it, a file is written at once or not."""

    def __init__(self, common_dir: Path) -> None:
        self._folder = common_dir / "orchestrate" / "gates"

    def find(self, profile: str, key: str) -> Stored:
        """What is known of the profile under that key."""
        folder = self._folder / profile
        try:
            run = _run_of(json.loads((folder / f"{key}.json").read_bytes()), profile, key)
        except FileNotFoundError:
            others = folder.is_dir() and any(folder.glob("*.json"))
            return Stored(Freshness.STALE if others else Freshness.MISSING, None)
        except (OSError, ValueError, KeyError, TypeError):
            return Stored(Freshness.UNKNOWN, None)
        return Stored(Freshness.CURRENT, run)

    def keep(self, run: ProfileRun) -> None:
        """Store a verdict; a disk that takes none is no reason to stop."""
        folder = self._folder / run.profile
        fields = {**asdict(run), "schema_version": SCHEMA_VERSION}
        del fields["reused"]
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            whole_file.write(folder / f"{run.key}.json", to_json(fields), mode=0o600)
            _prune(folder)


def _prune(folder: Path) -> None:
    files = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
    for path in files[:-MOST_KEPT]:
        path.unlink(missing_ok=True)


def _run_of(record: Any, profile: str, key: str) -> ProfileRun:
    """The verdict in a file.

    Raises:
        ValueError, KeyError, TypeError: it is not of the form that `keep` writes, or another's.
    """
    fields = dict(record)
    if fields.pop("schema_version") != SCHEMA_VERSION:
        raise ValueError("written by another version")
    steps = tuple(
        StepRun(**{**s, "status": StepStatus(s["status"]), "run": CommandRun(**s["run"])})
        for s in fields.pop("steps")
    )
    run = ProfileRun(**fields, steps=steps)
    if (run.profile, run.key) != (profile, key):
        raise ValueError("a verdict under another's name")
    return run
