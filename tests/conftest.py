"""Fences every test: no user git config, no real home, no leaked GIT_* names, fixed identity."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("default", deadline=None, database=None)
settings.load_profile("default")

FENCE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_AUTHOR_NAME": "A Tester",
    "GIT_AUTHOR_EMAIL": "tester@example.org",
    "GIT_COMMITTER_NAME": "A Tester",
    "GIT_COMMITTER_EMAIL": "tester@example.org",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
}


ON_DEMAND = ("clients", "frameworks", "slow")  # groups that a plain `pytest` leaves out


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the groups that nobody named with -m; pytest says how many it deselected."""
    left = {name for name in ON_DEMAND if name not in config.option.markexpr}
    out = [item for item in items if any(item.get_closest_marker(name) for name in left)]
    if out:
        config.hook.pytest_deselected(items=out)
        items[:] = [item for item in items if item not in set(out)]


@pytest.fixture(autouse=True)
def fenced(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """An empty home of the test's own; git reads no configuration but the repository's."""
    home = tmp_path_factory.mktemp("home")
    for name in [name for name in os.environ if name.startswith(("GIT_", "ORCHESTRATE_", "XDG_"))]:
        monkeypatch.delenv(name)
    for name, value in FENCE.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(home / ".cache"))
    yield home


@pytest.fixture
def git(tmp_path: Path) -> Callable[..., str]:
    """`git("log", "-1", cwd=folder)` runs the real git and returns its output, stripped.

    A test that names no folder must not reach the repository that the tests themselves lie in.
    """

    def run(*args: str, cwd: Path | None = None, input: str | None = None) -> str:
        if cwd is None and Path.cwd().is_relative_to(Path(__file__).parents[1]):
            cwd = tmp_path
        done = subprocess.run(
            ["git", *args], cwd=cwd, input=input, text=True, capture_output=True, check=False
        )
        assert done.returncode == 0, f"git {' '.join(args)}: {done.stderr}"
        return done.stdout.strip()

    return run


@pytest.fixture
def repo(tmp_path: Path, git: Callable[..., str]) -> Path:
    """A repository with one commit on `main`: a.txt and src/app.py."""
    folder = tmp_path / "repo"
    folder.mkdir()
    git("init", "-q", "-b", "main", cwd=folder)
    (folder / "src").mkdir()
    (folder / "a.txt").write_text("one\n")
    (folder / "src" / "app.py").write_text("print('hello')\n")
    git("add", "-A", cwd=folder)
    git("commit", "-q", "-m", "feat: first", cwd=folder)
    return folder


@pytest.fixture
def split_off(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that the test splits off: others of this process may have children too."""
    pids: list[int] = []
    fork = os.fork

    def noting() -> int:
        pid = fork()
        pids.append(pid)
        return pid

    monkeypatch.setattr(os, "fork", noting)
    return pids
