"""What can go wrong with refs and objects, in a form that callers can act on. No pygit2 here."""

from pathlib import Path

from orchestrate.errors import Conflict, OrchestrateError
from orchestrate.git.types import Oid


class RefMoved(Conflict):
    """A ref did not have the value it was expected to have; nothing was changed.

    `expected` and `actual` are None for "no such ref".
    """

    def __init__(self, name: str, expected: Oid | None, actual: Oid | None) -> None:
        super().__init__(
            f"{name} was expected {_at(expected)}, found {_at(actual)}",
            hint="someone else moved it; read it again and decide again",
        )
        self.name = name
        self.expected = expected
        self.actual = actual


class RefLocked(Conflict):
    """A ref's lock file stayed; nothing was changed. `age` is in seconds."""

    def __init__(
        self, name: str, lock: Path | None = None, age: float = 0, owner: str = ""
    ) -> None:
        who = f", held by {owner}" if owner else ""
        where = f" ({lock} is {age:.0f} s old{who})" if lock else ""
        super().__init__(
            f"{name} is locked by another git process{where}",
            hint="try again; if no git runs in this repository any more, a killed one left the"
            " lock file and it can be removed",
        )
        self.name = name
        self.lock = lock
        self.age = age
        self.owner = owner


class RefNameTaken(Conflict):
    """A ref cannot be made because another ref's name is a folder of it, or the other way."""

    def __init__(self, name: str, other: str) -> None:
        super().__init__(f"{name} cannot exist beside {other}", hint="choose another name")
        self.name = name
        self.other = other


class ObjectMissing(OrchestrateError):
    """The repository does not have an object of that id and kind."""

    def __init__(self, oid: str, kind: str = "object") -> None:
        super().__init__(
            f"{kind} {oid} is not in this repository",
            hint="the repository may be shallow or damaged; `git fsck` tells",
        )
        self.oid = oid


def _at(value: Oid | None) -> str:
    return f"at {value}" if value else "not to exist"
