"""Real pre-commit and prek from PyPI; this working tree is the repository that brings the hooks.

Everything lies in pytest's own temporary folder: nothing is left in the user's caches. Each
framework makes its environment of our hooks once, and every test uses it.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import FENCE
from tests.hooks.making import git

TOP = Path(__file__).parents[2]
VERSIONS = ("pre-commit==4.7.0", "prek==0.5.11", "uv==0.13.9")  # prek makes environments with uv


@dataclass(frozen=True)
class Framework:
    """One of the two programs, and the repository that brings our hooks."""

    name: str
    program: Path
    environment: Mapping[str, str]
    hooks: Path
    rev: str

    def run(self, repo: Path, *args: str) -> tuple[int, str]:
        """The exit code of the program in `repo`, and all it said."""
        done = subprocess.run(
            [str(self.program), *args],
            cwd=repo, env=dict(self.environment), capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def configure(self, repo: Path, *ids: str) -> None:
        """Commit the configuration of these hooks, and let git start the framework."""
        listed = "".join(f"  - id: {id}\n" for id in ids)
        text = f"repos:\n- repo: file://{self.hooks}\n  rev: {self.rev}\n  hooks:\n{listed}"
        (repo / ".pre-commit-config.yaml").write_text(text)
        git(repo, "add", "-A")
        git(repo, "commit", "-q", "-m", "chore: hooks")
        stages = ("pre-commit", "pre-merge-commit", "commit-msg", "pre-push")
        code, said = self.run(repo, "install", *(f"--hook-type={stage}" for stage in stages))
        assert code == 0, said

    def git(self, repo: Path, *args: str) -> tuple[int, str]:
        """Git in `repo`, which starts the framework, which starts our hooks."""
        done = git(repo, *args, check=False, env=dict(self.environment))
        return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The user's environment with every cache, and git's identity, of the test's own.

    The caches hold hundreds of megabytes: they are removed at the end.
    """
    base = tmp_path_factory.mktemp("frameworks")
    (base / "home").mkdir()
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("GIT_", "XDG_", "PRE_COMMIT"))}
    yield {
        **kept,
        **FENCE,
        "HOME": str(base / "home"),
        "XDG_CACHE_HOME": str(base / "cache"),
        "PRE_COMMIT_HOME": str(base / "pre-commit"),
        "PREK_HOME": str(base / "prek"),
        "PIP_CACHE_DIR": str(base / "pip"),
        "UV_CACHE_DIR": str(base / "uv"),
        "PATH": f"{base / 'venv' / 'bin'}:{os.environ['PATH']}",
        "VENV": str(base / "venv"),
    }
    shutil.rmtree(base, ignore_errors=True)


@pytest.fixture(scope="session")
def programs(environment: dict[str, str]) -> Path:
    """The folder of both programs, fresh from PyPI."""
    venv = environment["VENV"]
    subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    pip = [f"{venv}/bin/pip", "install", "-q", "--disable-pip-version-check", *VERSIONS]
    done = subprocess.run(pip, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(venv, "bin")


@pytest.fixture(scope="session")
def this_repository(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> tuple[Path, str]:
    """A repository of one commit that holds this working tree as it is now, and the commit's id."""
    folder = tmp_path_factory.mktemp("ours") / "git-orchestrate"
    listed = git(TOP, "ls-files", "-z", "--cached", "--others", "--exclude-standard").stdout
    for name in os.fsdecode(listed).split("\0"):
        if os.path.lexists(TOP / name) and name:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(TOP / name, folder / name, follow_symlinks=False)
    for args in (["init", "-q", "-b", "main"], ["add", "-A", "-f"], ["commit", "-q", "-m", "x"]):
        git(folder, *args, env=environment)
    return folder, git(folder, "rev-parse", "HEAD").stdout.decode().strip()


@pytest.fixture(scope="session")
def made(
    programs: Path, environment: dict[str, str], this_repository: tuple[Path, str]
) -> Callable[[str], Framework]:
    """Gives a framework by name."""
    return lambda name: Framework(name, programs / name, environment, *this_repository)


@pytest.fixture(params=["pre-commit", "prek"])
def framework(request: pytest.FixtureRequest, made: Callable[[str], Framework]) -> Framework:
    return made(request.param)


@pytest.fixture
def remote(repo: Path) -> Path:
    """A bare repository that `repo` knows as `origin`; nothing was pushed yet."""
    folder = repo.parent / "remote.git"
    git(repo, "init", "-q", "--bare", str(folder))
    git(repo, "remote", "add", "origin", str(folder))
    return folder
