"""`orchestrate check --all` in megabytes a second of processor time, git's included.

python -m benchmarks.check_all [--times 5] [--jobs 1] [--bare] [FOLDER ...]

Each folder (without one: Python's library) is committed to a repository of its own and judged
whole. `--bare` takes the work tree away, so that every blob comes through git. The run of a
repository with one line is taken off as the start.
"""

import argparse
import resource
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.repositories import ENVIRONMENT, git

LEFT_OUT = ("__pycache__", "site-packages", ".git", "*.so", "*.a", "*.pyc")


class Run(NamedTuple):
    """One run: seconds of processor time and of the clock."""

    processor: float
    wall: float


def repository_of(source: Path | None, folder: Path) -> float:
    """Commit a copy of `source` (None: one line) at `folder`; the megabytes committed."""
    if source is None:
        folder.mkdir()
        (folder / "a.txt").write_text("one line\n")
    else:
        shutil.copytree(source, folder, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT))
    git("init", "-q", cwd=folder)
    git("add", "-A", "-f", cwd=folder)
    git("commit", "-q", "-m", "feat: all", cwd=folder)
    listed = subprocess.run(
        ["git", "ls-tree", "-r", "-l", "HEAD"], cwd=folder, capture_output=True, check=True
    )
    sizes = [line.split(b"\t")[0].split()[-1] for line in listed.stdout.splitlines()]
    return sum(int(size) for size in sizes if size.isdigit()) / 1e6


def run(repository: Path, jobs: int) -> Run:
    """Judge the whole repository once, among so many processes."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-P", "-m", "orchestrate.cli.main", "check", "--all", "--json"]
    command += ["--jobs", str(jobs)]
    done = subprocess.run(
        command, cwd=repository, env=ENVIRONMENT, capture_output=True, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(done.stderr.decode("utf-8", "replace"))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Run(used, time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--bare", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as scratch:
        top = Path(scratch)
        small = top / "small"
        repository_of(None, small)
        run(small, args.jobs)  # compiles the policy for all of them
        for number, source in enumerate(args.folders or [Path(sysconfig.get_paths()["stdlib"])]):
            repository = top / str(number)
            megabytes = repository_of(source, repository)
            if args.bare:
                repository = (repository / ".git").rename(top / f"{number}.git")
                git("config", "core.bare", "true", cwd=repository)
            runs = [(run(repository, args.jobs), run(small, args.jobs)) for _ in range(args.times)]
            best, start = min(one for one, _ in runs), min(one for _, one in runs)
            print(
                f"{source}: {megabytes:.1f} MB, {best.processor:.2f} s of processor time"
                f" ({start.processor:.2f} s start), {best.wall:.2f} s in all;"
                f" {megabytes / best.processor:.0f} MB/s with the start,"
                f" {megabytes / (best.processor - start.processor):.0f} without"
            )


if __name__ == "__main__":
    main()
