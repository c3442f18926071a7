"""Errors that a person can act on; their class chooses the exit code (design section 10).

A programming mistake stays an ordinary exception and ends as exit code 3.
"""


class OrchestrateError(Exception):
    """What was found and what was expected; `hint` says what to do next. Exit code 1."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InvalidInput(OrchestrateError):
    """The caller's words, or a file of theirs, are not of the form they must have. Exit code 2."""

    exit_code = 2


class NoRepository(InvalidInput):
    """The folder that was named, or the current one, is in no git repository. Exit code 2."""

    def __init__(self, folder: object) -> None:
        where = "the current folder" if str(folder) == "." else folder
        super().__init__(
            f"{where} is not in a git repository",
            hint="go to a repository's folder, or make one with `git init`",
        )


class Conflict(OrchestrateError):
    """The state does not allow this: illegal transition, stale version, moved ref. Exit code 4."""

    exit_code = 4


class Unsupported(OrchestrateError):
    """The environment lacks something: git, an agent, a repository we can open. Exit code 5."""

    exit_code = 5


class FileError(InvalidInput):
    """A file that does not parse or validate; `line` and `column` count from 1, 0 is unknown."""

    def __init__(
        self, path: str, message: str, *, line: int = 0, column: int = 0, hint: str = ""
    ) -> None:
        place = path + (f":{line}" if line else "") + (f":{column}" if line and column else "")
        super().__init__(f"{place}: {message}", hint=hint)
        self.path = path
        self.reason = message
        self.line = line
        self.column = column
