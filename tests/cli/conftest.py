from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from orchestrate.cli.main import run


class Ran(NamedTuple):
    """How a command line ended and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def orchestrate(repo: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """`orchestrate("plan", "list")` runs the program on `repo`; `code` checks its exit code."""

    def call(*args: str, code: int | None = 0, cwd: Path | None = None) -> Ran:
        capsys.readouterr()
        ended = run(["-C", str(cwd or repo), *args])
        out, err = capsys.readouterr()
        if code is not None:
            assert ended == code, f"exit {ended}\n{out}\n{err}"
        return Ran(ended, out, err)

    return call
