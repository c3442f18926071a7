"""One line of 500 MB, and 50,000 files: judged in bounded time and memory, and nothing is missed.

By hand (`pytest -m slow tests/hooks`): it writes 500 MB and takes about a minute.
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
CHECK = (sys.executable, "-m", "orchestrate.cli.main", "check")
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


def measured(
    repo: Path, *command: str, limits: tuple[float, float] = (SECONDS, MEGABYTES)
) -> tuple[int, str]:
    """Exit code and output of a command that keeps to the limits, in seconds and MB."""
    run = [sys.executable, "-c", MEASURED, *command]
    done = subprocess.run(run, cwd=repo, capture_output=True, text=True, check=True)
    code, said, seconds, megabytes = json.loads(done.stdout)
    print(f"{' '.join(command)[-60:]}: {seconds:.1f} s, {megabytes:.0f} MB")
    assert seconds < limits[0]
    assert megabytes < limits[1]
    return code, said


def test_a_line_of_500_mb(huge: Path) -> None:
    base = git(huge, "rev-parse", "HEAD").stdout.decode().strip()
    for args in (("--worktree",), ("long.js",)):
        refused(*measured(huge, *CHECK, *args))
    git(huge, "add", "-A")
    refused(*measured(huge, *CHECK))
    refused(*measured(huge, ".git/hooks/pre-commit"))
    git(huge, "commit", "-q", "--no-verify", "-m", "feat: long")
    for args in (("--all",), ("--history",), (f"{base}..HEAD",)):
        refused(*measured(huge, *CHECK, *args))
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


MANY = 50_000  # files
FOR_MANY = (120.0, 400.0)  # seconds, MB


def test_one_bad_line_in_50_000_files(repo: Path) -> None:
    install(repo)
    base = git(repo, "rev-parse", "HEAD").stdout.decode().strip()
    kinds = [f"x = {n}\n".encode() for n in range(200)] + [b"<<<<<<< HEAD\n"]
    blobs = [
        git(repo, "hash-object", "-w", "--stdin", input=data).stdout.decode().strip()
        for data in kinds
    ]
    named = [f"100644 {blobs[n % 200]}\td{n % 500}/f{n}.py" for n in range(MANY - 1)]
    named.append(f"100644 {blobs[-1]}\td499/last.py")
    git(repo, "update-index", "--index-info", input="\n".join(named).encode() + b"\n")
    found_in_many(*measured(repo, ".git/hooks/pre-commit", limits=FOR_MANY))
    found_in_many(*measured(repo, *CHECK, limits=FOR_MANY))
    git(repo, "commit", "-q", "--no-verify", "-m", "feat: many")
    for args in (("--all",), (f"{base}..HEAD",)):
        found_in_many(*measured(repo, *CHECK, *args, limits=FOR_MANY))


def found_in_many(code: int, said: str) -> None:
    assert code == 1, said
    assert "d499/last.py:1:1: block merge-conflict" in said
    assert "1 finding" in said
