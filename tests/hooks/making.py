"""The shipped policy compiled once, changes for the fast path in memory, repositories on disk."""

import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from orchestrate.checks.engine import run_checks
from orchestrate.checks.findings import Finding
from orchestrate.checks.task_rules import TaskRules
from orchestrate.git.types import Oid, path_bytes
from orchestrate.hooks import closer, compiling
from orchestrate.hooks.prefilter import Compiled, Doubt, Shipped, Task, judge_each, judge_together
from orchestrate.hooks.shipped_part import shipped_part
from orchestrate.hooks.start import load_extension
from orchestrate.policy.policy import Policy, load_policy
from tests.checks.making import Files, Store, change_of


class NoFiles:
    """The policy reader of a repository that sets nothing."""

    def list(self, prefix: str) -> list[tuple[str, str]]:
        return []

    def read(self, path: str) -> bytes | None:
        return None


@cache
def shipped_policy() -> Policy:
    return load_policy(NoFiles())


@cache
def prepared(policy_number: int = 0) -> tuple:
    return compiling.joint_search(shipped_policy())


def compiled(policy: Policy | None = None) -> Compiled:
    return _compiled() if policy is None else _compile(policy)


@cache
def _compiled() -> Compiled:
    return _compile(shipped_policy())


def _compile(policy: Policy) -> Compiled:
    made = compiling.joint_search(policy)[1]
    value = shipped_part(made.secrets)
    shipped = Shipped(value, load_extension(value["extension"]))
    return Compiled(compiling.compile_policy(policy, made), shipped)


class MemoryObjects:
    """What the fast path asks git for, answered from a store."""

    folder = ""

    def __init__(self, store: Store, base: Oid | None) -> None:
        self._store, self._base = store, base

    def contents(self, names: Sequence[str]) -> Iterator[tuple[str, str, bytes] | None]:
        for name in names:
            if name.startswith("HEAD:"):
                yield self._folder(name.removeprefix("HEAD:"))
            elif name in self._store.blobs:
                yield name, "blob", self._store.blobs[Oid(name)]
            else:
                yield None

    def _folder(self, folder: str) -> tuple[str, str, bytes] | None:
        tree = self._base
        for part in folder.split("/") if folder else ():
            tree = next((e.oid for e in self._store.trees[tree] if e.path == part), None)
            if tree not in self._store.trees:
                return None
        raw = b"".join(
            b"%o %s\0%s" % (e.mode, path_bytes(e.path), bytes.fromhex(e.oid.ljust(40, "0")))
            for e in self._store.trees.get(tree, ())
        )
        return str(tree), "tree", raw


def fast_doubt(
    old: Files, new: Files, *, policy: Policy | None = None, task: TaskRules | None = None
) -> str:
    """Why the fast path does not let the change pass, or "" when it does."""
    said = fast_verdict(old, new, policy=policy, task=task)
    return said if isinstance(said, str) else "findings" if said else ""


def fast_verdict(
    old: Files, new: Files, *, policy: Policy | None = None, task: TaskRules | None = None
) -> list[Finding] | str:
    """What the fast path finds, or why it leaves the change to the engine."""
    store = Store()
    base = store.add(old)
    entries = store.diff(base, store.add(new))
    raw = [(path_bytes(e.path), e.old_mode, e.new_mode, e.old_oid, e.new_oid) for e in entries]
    ready = None
    if task is not None:
        ready = Task(compiling.compile_task(task, b"", ""), compiled().shipped.hyperscan)
    try:
        objects: Any = MemoryObjects(store, base)
        judge_together(raw, compiled(policy), ready, objects)
        suspects = judge_each(raw, compiled(policy), ready, objects)
        return closer.findings(suspects, compiled(policy), ready.role if ready else "", objects)
    except Doubt as doubt:
        return str(doubt) or "doubt"


def engine_findings(
    old: Files, new: Files, *, policy: Policy | None = None, task: TaskRules | None = None
) -> list[Finding]:
    """What the engine says to the same change, as a hook asks it."""
    chosen = policy or shipped_policy()
    search = compiling.joint_search(chosen)[0] if policy else prepared()[0]
    skip = frozenset(["outputs"])
    return run_checks(change_of(old, new), chosen, task, search=search, skip=skip)


def git(
    folder: Path, *args: str, check: bool = True, **more: object
) -> subprocess.CompletedProcess:
    done = subprocess.run(
        ["git", *args],
        cwd=folder,
        capture_output=True,
        check=False,
        **more,  # type: ignore[call-overload]
    )
    assert not check or done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done
