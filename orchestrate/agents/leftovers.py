"""Finds and ends processes that an attempt left behind when its runner and its keeper both died.

Each attempt has a random token. It stands in a file of the attempt's scratch folder before the
first process starts, and in the environment of every process below (`ORCHESTRATE_ATTEMPT`). Only a
process that carries the token, or descends from one that does, is ended: nobody else's can carry
it. What this misses: a process that dropped its environment *and* lost its parents after the keeper
was killed.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import psutil

from orchestrate.machine_json import to_json

MARKER = "ORCHESTRATE_ATTEMPT"
WAIT_SEC = 3.0


def record(scratch: Path, token: str) -> Path:
    """The file that tells a later run of this attempt; it goes when the tree has ended."""
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"process-{token}.json"
    document = {"schema_version": 1, "token": token, "runner": os.getpid()}
    path.write_bytes(to_json(document))
    return path


def end_leftovers(scratch: Path) -> int:
    """How many processes of attempts recorded in `scratch` were still there and were killed.

    For a scratch folder whose runner is dead: an attempt under way there would be ended too.
    """
    ended = 0
    for path in sorted(scratch.glob("process-*.json")):
        try:
            token = json.loads(path.read_bytes())["token"]
        except (ValueError, KeyError, TypeError):
            token = path.stem.removeprefix("process-")  # a torn write; the name says it as well
        ended += end_marked(str(token))
        path.unlink(missing_ok=True)
    return ended


def end_marked(token: str) -> int:
    """How many processes carried the token, or descended from one that did; all are killed."""
    ended: set[int] = set()
    while found := [p for p in marked(token) if p.pid not in ended]:
        for process in found:
            ended.add(process.pid)
            try:
                process.kill()  # psutil compares the start time: a reused id is not hit
            except psutil.Error:
                pass
        psutil.wait_procs(found, timeout=WAIT_SEC)
    return len(ended)


def marked(token: str) -> list[psutil.Process]:
    """The live processes that carry the token, and their descendants; never this one."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if process.pid != os.getpid() and _environment(process).get(MARKER) == token:
            found[process.pid] = process
            for child in _children(process):
                found[child.pid] = child
    found.pop(os.getpid(), None)
    return [p for p in found.values() if _alive(p)]


def _environment(process: psutil.Process) -> Mapping[str, str]:
    try:
        return process.environ()
    except (psutil.Error, OSError):
        return {}  # gone, a zombie, or another user's


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.Error:
        return []


def _alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
