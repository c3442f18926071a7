"""Repositories with the hooks installed, and one compiled search for the whole run."""

import os
from collections.abc import Callable
from pathlib import Path

import platformdirs
import pytest

from orchestrate.hooks.install import install
from orchestrate.hooks.stubs import HOOKS
from tests.hooks import making


@pytest.fixture(autouse=True)
def compiled_once(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks in child processes find the search of secrets compiled: it takes seconds to make."""
    shared = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("XDG_CACHE_HOME", str(shared))
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda name: str(shared / name))


@pytest.fixture
def guarded(repo: Path) -> Path:
    """A repository with the hooks installed."""
    install(repo, hooks=HOOKS)
    return repo


@pytest.fixture
def commit(guarded: Path) -> Callable[..., tuple[int, str]]:
    """`commit({"a.py": b"x"}, "feat: x")` writes, adds and commits; exit code and what was said."""

    def run(
        files: dict[str, bytes | None], message: str = "feat: x", *options: str, cwd: Path = guarded
    ) -> tuple[int, str]:
        for name, data in files.items():
            path = os.path.join(os.fsencode(cwd), os.fsencode(name))
            if data is None:
                os.unlink(path)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(data)
        making.git(cwd, "add", "-A")
        done = making.git(cwd, "commit", "-q", "-m", message, *options, check=False)
        return done.returncode, done.stderr.decode("utf-8", "replace")

    return run
