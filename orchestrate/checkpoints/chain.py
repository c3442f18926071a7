"""The chain of an owner's checkpoints: who owns, what is there, how a word names one.

    refs/orchestrate/checkpoints/task/<plan>/<task>/<n>       while the worktree is on a task
    refs/orchestrate/checkpoints/main/<branch>/<n>            the main working tree
    refs/orchestrate/checkpoints/linked-<name>/<branch>/<n>   a linked worktree

A branch is one part of the name: its "/" becomes "%2F". Without a branch the part is HEAD.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from orchestrate.checkpoints.record import PREFIX, Checkpoint, from_commit
from orchestrate.errors import FileError, InvalidInput
from orchestrate.git.names import check_id, check_ref_name, is_oid
from orchestrate.git.private_layout import worktree_id
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid

TASK_FILE = "orchestrate-task.json"
_SAFE = "!#$&'()+,;=@-._"  # what a ref name may hold besides letters and digits, "%" and "/" out


class ActiveTask(NamedTuple):
    """The task that a worktree is on."""

    plan: str
    task: str
    base: str | None = None


def active_task(git_dir: Path) -> ActiveTask | None:
    """The task that this worktree is on, None without one.

    Raises:
        FileError: the file that says so cannot be read.
    """
    path = git_dir / TASK_FILE
    try:
        document = json.loads(path.read_bytes())
        base = document.get("base")
        found = ActiveTask(
            str(document["plan"]), str(document["task"]), str(base) if base else None
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise FileError(
            str(path), f"not the task file it should be: {error}", hint="`orchestrate finish`"
        ) from None
    return found._replace(plan=check_id(found.plan, "plan"), task=check_id(found.task, "task"))


def owner_of(repo: Repository) -> str:
    """The owner of checkpoints taken in this worktree now.

    Raises:
        FileError: the worktree's task file cannot be read.
    """
    task = active_task(repo.git_dir)
    if task is not None:
        return f"task/{task.plan}/{task.task}"
    branch = repo.head_branch()
    word = branch.removeprefix("refs/heads/") if branch else "HEAD"
    return f"{worktree_id(repo)}/{quote(word, safe=_SAFE, errors='surrogateescape')}"


def numbers(repo: Repository, owner: str) -> dict[int, Oid]:
    """The owner's checkpoint numbers with their commits, ascending."""
    prefix = f"{PREFIX}{owner}/"
    found = {
        int(name[len(prefix) :]): oid
        for name, oid in repo.refs(prefix).items()
        if name[len(prefix) :].isascii() and name[len(prefix) :].isdigit()
    }
    return dict(sorted(found.items()))


def load(repo: Repository, oid: Oid) -> Checkpoint:
    """The checkpoint at a commit. Raises: ObjectMissing, OrchestrateError."""
    return from_commit(repo.read_commit(oid))


def chain(repo: Repository, owner: str) -> list[Checkpoint]:
    """The owner's checkpoints, oldest first."""
    return [load(repo, oid) for oid in numbers(repo, owner).values()]


def owners(repo: Repository) -> list[str]:
    """Everybody who has checkpoints, sorted."""
    return sorted({name[len(PREFIX) :].rpartition("/")[0] for name in repo.refs(PREFIX)})


def latest(repo: Repository, owner: str, hint: int = 0) -> Checkpoint | None:
    """The owner's newest checkpoint; `hint` is a number that was the newest a moment ago."""
    if hint:
        oid = repo.ref(f"{PREFIX}{owner}/{hint}")
        if oid is not None and repo.ref(f"{PREFIX}{owner}/{hint + 1}") is None:
            return load(repo, oid)
    known = numbers(repo, owner)
    return load(repo, known[max(known)]) if known else None


def find(repo: Repository, word: str, owner: str) -> Checkpoint:
    """The checkpoint that `word` names: "last", a number of `owner`, "<owner>/<n>", or a commit.

    Raises:
        InvalidInput: it names none; says which there are.
    """
    oid = _named(repo, word, owner)
    if oid is None:
        raise InvalidInput(
            f"{word!r} names no checkpoint of {owner} ({_range(numbers(repo, owner))})",
            hint="`orchestrate checkpoint list --all` shows every owner's",
        )
    return load(repo, oid)


def _named(repo: Repository, word: str, owner: str) -> Oid | None:
    if word == "last":
        newest = latest(repo, owner)
        return newest.oid if newest else None
    if word.isascii() and word.isdigit() and len(word) < 10:
        return repo.ref(f"{PREFIX}{owner}/{int(word)}")
    if "/" in word:
        return repo.ref(check_ref_name(PREFIX + word.removeprefix(PREFIX)))
    every = repo.refs(PREFIX).values()
    if is_oid(word):
        return Oid(word) if word in every else None
    hits = {oid for oid in every if len(word) >= 7 and oid.startswith(word)}
    return hits.pop() if len(hits) == 1 else None


def _range(known: Iterable[int]) -> str:
    listed = sorted(known)
    if not listed:
        return "it has none"
    return f"it has {listed[0]} to {listed[-1]}" if len(listed) > 1 else f"it has {listed[0]}"
