"""Big repositories for the benchmarks, made in seconds by `git fast-import`."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

FILES_IN_FOLDER = 50
WORDS = ("return", "value", "for", "item", "in", "rows", "if", "not", "self", "index", "=", "+ 1")

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_AUTHOR_NAME": "A Bench",
    "GIT_AUTHOR_EMAIL": "bench@example.org",
    "GIT_COMMITTER_NAME": "A Bench",
    "GIT_COMMITTER_EMAIL": "bench@example.org",
}


def git(*args: str, cwd: Path, input: bytes | None = None) -> str:
    """What git printed, fenced from the user's configuration."""
    done = subprocess.run(
        ["git", *args], cwd=cwd, input=input, env=ENVIRONMENT, check=True, stdout=subprocess.PIPE
    )
    return done.stdout.decode().strip()


def file_name(number: int) -> str:
    """The path of the n-th file: 50 files a folder, three folders deep."""
    folder = number // FILES_IN_FOLDER
    return f"area{folder % 16:02}/part{folder // 16:03}/src/module_{number:06}.py"


def file_text(number: int) -> bytes:
    """About 1 KB of words that differ from file to file."""
    words = random.Random(number).choices(WORDS, k=180)
    lines = (" ".join(words[at : at + 9]) for at in range(0, len(words), 9))
    return f"# file {number}\n".encode() + "\n".join(lines).encode() + b"\n"


def make_repository(folder: Path, files: int = 20_000, *, checkout: bool = True) -> Path:
    """A new repository of so many files in one commit on `main`, at `folder`."""
    folder.mkdir(parents=True)
    git("init", "-q", "-b", "main", cwd=folder)
    git("config", "gc.auto", "0", cwd=folder)
    with subprocess.Popen(
        ["git", "fast-import", "--quiet"], cwd=folder, env=ENVIRONMENT, stdin=subprocess.PIPE
    ) as importer:
        assert importer.stdin is not None
        importer.stdin.writelines(_stream(files))
    if importer.returncode != 0:
        raise RuntimeError(f"git fast-import ended with {importer.returncode}")
    if checkout:
        git("reset", "-q", "--hard", cwd=folder)
    return folder


def _stream(files: int) -> Iterator[bytes]:
    yield b"commit refs/heads/main\ncommitter A Bench <bench@example.org> 1700000000 +0000\n"
    yield b"data 10\nfeat: many\n"
    for number in range(files):
        text = file_text(number)
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (file_name(number).encode(), len(text), text)
