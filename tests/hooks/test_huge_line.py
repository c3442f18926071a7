"""One line of 500 MB: refused at once, with the way out, and never held in memory.

By hand (`pytest -m slow tests/hooks`): it writes 500 MB and takes about half a minute.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orchestrate.hooks.install import install
from tests.hooks.making import git

pytestmark = pytest.mark.slow

SIZE = 500_000_000  # bytes
SECONDS = 20.0
MEGABYTES = 200.0
# Starts a command and says how it ended, what it took, and the most memory one process held.
MEASURED = (
    "import json, resource, subprocess, sys, time\n"
    "began = time.perf_counter()\n"
    "done = subprocess.run(sys.argv[1:], capture_output=True, text=True)\n"
    "unit = 1 if sys.platform == 'darwin' else 1024\n"
    "most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e6\n"
    "print(json.dumps([done.returncode, done.stdout + done.stderr,\n"
    "                  time.perf_counter() - began, most]))\n"
)


@pytest.fixture
def huge(repo: Path) -> Path:
    """The repository with such a file on disk, a secret at its end; taken away afterwards."""
    install(repo)
    with (repo / "long.js").open("wb") as file:
        for _ in range(SIZE // 1_000_000):
            file.write(b"x" * 1_000_000)
        file.write(b" <<<<<<< HEAD\n")
    yield repo
    (repo / "long.js").unlink()


def measured(repo: Path, *command: str) -> tuple[int, str]:
    """Exit code and output of a command that keeps to the limits."""
    run = [sys.executable, "-c", MEASURED, *command]
    done = subprocess.run(run, cwd=repo, capture_output=True, text=True, check=True)
    code, said, seconds, megabytes = json.loads(done.stdout)
    print(f"{' '.join(command)[-60:]}: {seconds:.1f} s, {megabytes:.0f} MB")
    assert seconds < SECONDS
    assert megabytes < MEGABYTES
    return code, said


def test_a_line_of_500_mb(huge: Path) -> None:
    check = (sys.executable, "-m", "orchestrate.cli.main", "check")
    base = git(huge, "rev-parse", "HEAD").stdout.decode().strip()
    for args in (("--worktree",), ("long.js",)):
        refused(*measured(huge, *check, *args))
    git(huge, "add", "-A")
    refused(*measured(huge, *check))
    refused(*measured(huge, ".git/hooks/pre-commit"))
    git(huge, "commit", "-q", "--no-verify", "-m", "feat: long")
    for args in (("--all",), ("--history",), (f"{base}..HEAD",)):
        refused(*measured(huge, *check, *args))
    git(huge, "init", "-q", "--bare", "../remote.git")
    push = f"refs/heads/main {git(huge, 'rev-parse', 'HEAD').stdout.decode().strip()}"
    said = f"{push} refs/heads/main {'0' * 40}\n"
    refused(
        *measured(huge, "sh", "-c", f"echo '{said}' | .git/hooks/pre-push origin ../remote.git")
    )


def refused(code: int, said: str) -> None:
    assert code == 1, said
    assert "too-large-to-scan" in said
    assert "long.js" in said
    assert "keep the file out of git" in said
