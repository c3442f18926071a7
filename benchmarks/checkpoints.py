"""Checkpoints against git itself: `python -m benchmarks.checkpoints --files 1000 20000 100000`.

In one run, in turn: capture against `git stash create` and against `add -A` and `write-tree` on a
copied index; rollback against `git checkout` and `git restore`; the watch by itself.
"""

import argparse
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil

from benchmarks.repositories import ENVIRONMENT, file_name, git, make_repository
from benchmarks.timing import Row, as_json, note, print_facts, print_rows
from orchestrate.checkpoints.capture import Recorder
from orchestrate.checkpoints.pending import Pace
from orchestrate.checkpoints.rollback import Mode, Request, rollback
from orchestrate.checkpoints.watch import Event, Options, Watch
from orchestrate.git.repository import Repository


class Bench:
    """One repository, and what was measured on it."""

    def __init__(self, folder: Path, files: int, times: int) -> None:
        self.folder = make_repository(folder, files)
        self.files = files
        self.times = times
        self.version = 0
        self.rows: list[Row] = []
        git("status", cwd=self.folder)  # the user's index is refreshed, as it is in daily work

    def change(self, count: int) -> list[str]:
        """Give `count` files new content; their paths."""
        self.version += 1
        step = max(1, self.files // count)
        paths = [file_name(number) for number in range(0, self.files, step)][:count]
        for path in paths:
            (self.folder / path).write_text(f"version {self.version} of {path}\n" * 20)
        time.sleep(0.05)  # not in the same tick as what is measured
        return paths

    def recorder(self) -> Recorder:
        return Recorder(Repository.open(self.folder))

    def median(
        self, prepare: Callable[[], object], runs: Sequence[Callable[[], object]]
    ) -> list[float]:
        """Median seconds of each, in turn, each after its own `prepare`."""
        seconds: list[list[float]] = [[] for _ in runs]
        for turn in range(self.times + 1):
            for place, run in enumerate(runs):
                prepare()
                began = time.perf_counter()
                run()
                if turn:
                    seconds[place].append(time.perf_counter() - began)
        return [statistics.median(found) for found in seconds]

    def add(self, what: str, ours: float, peer: str, theirs: float) -> None:
        self.rows.append(Row(f"{self.files:,} files, {what}", ours, peer, theirs))

    # What git offers.

    def stash_create(self) -> None:
        git("stash", "create", cwd=self.folder)

    def copied_index(self) -> None:
        copy = self.folder.parent / "copied-index"
        shutil.copy2(self.folder / ".git" / "index", copy)
        environment = ENVIRONMENT | {"GIT_INDEX_FILE": str(copy)}
        for words in (["add", "-A"], ["write-tree"]):
            subprocess.run(
                ["git", *words], cwd=self.folder, env=environment, check=True, capture_output=True
            )


def captures(bench: Bench, changed: int) -> None:
    """A first capture, a repeated one, one fed by a watcher; against git's two ways."""
    cache = bench.folder / ".git" / "orchestrate"
    paths = bench.change(changed)
    recorder = bench.recorder()
    recorder.create()

    def first() -> None:
        shutil.rmtree(cache)
        recorder.create()

    bench.change(changed)
    ours, stash, copied = bench.median(
        lambda: bench.change(changed), [first, bench.stash_create, bench.copied_index]
    )
    bench.add(f"{changed} changed, first capture", ours, "stash create", stash)
    bench.add(f"{changed} changed, first capture", ours, "copied index", copied)
    ours, stash, copied = bench.median(
        lambda: bench.change(changed), [recorder.create, bench.stash_create, bench.copied_index]
    )
    bench.add(f"{changed} changed, repeated capture", ours, "stash create", stash)
    bench.add(f"{changed} changed, repeated capture", ours, "copied index", copied)
    if changed <= 256:
        recorder.create()
        fed: list[float] = []
        for _ in range(bench.times + 1):
            bench.change(changed)
            began = time.perf_counter()
            assert recorder.create_changed(paths) is not None
            fed.append(time.perf_counter() - began)
        bench.add(
            f"{changed} changed, fed by a watcher",
            statistics.median(fed[1:]),
            "copied index",
            copied,
        )


def restores(bench: Bench, changed: int) -> None:
    """Full and partial rollback against checkout and restore of as many files."""
    git("checkout", "-q", "-f", ".", cwd=bench.folder)
    recorder = bench.recorder()
    target = recorder.create(message="target").checkpoint
    paths = bench.change(changed)

    def restore_one() -> None:
        git("restore", "--source=HEAD", "--worktree", "--", paths[0], cwd=bench.folder)

    full, checkout, whole = bench.median(
        lambda: bench.change(changed),
        [
            lambda: rollback(recorder, target, Request(Mode.FULL)),
            lambda: git("checkout", "-q", "-f", "HEAD", "--", ".", cwd=bench.folder),
            lambda: git(
                "restore", "--source=HEAD", "--staged", "--worktree", ".", cwd=bench.folder
            ),
        ],
    )
    bench.add(f"{changed} changed, full rollback", full, "git checkout -f .", checkout)
    bench.add(f"{changed} changed, full rollback", full, "git restore .", whole)
    git("checkout", "-q", "-f", ".", cwd=bench.folder)
    request = Request(Mode.PARTIAL, (paths[0],))
    partial, one = bench.median(
        lambda: bench.change(changed), [lambda: rollback(recorder, target, request), restore_one]
    )
    bench.add(f"{changed} changed, partial rollback of one", partial, "git restore FILE", one)
    git("checkout", "-q", "-f", ".", cwd=bench.folder)


def parts(bench: Bench) -> dict[str, str]:
    """What a repeated capture consists of: what holds it back."""
    recorder = bench.recorder()
    recorder.create()
    bench.change(1)
    private = recorder.private
    with private.locked():
        user = recorder.user_index()
        began = time.perf_counter()
        private.scan(user)
        looking = time.perf_counter() - began
    began = time.perf_counter()
    recorder.create()
    whole = time.perf_counter() - began
    return {f"{bench.files:,} files": f"git status {looking * 1e3:.1f} of {whole * 1e3:.1f} ms"}


def watching(folder: Path, writes: int) -> dict[str, str]:
    """Latency from the last write to the finding, and a burst, with a check that does nothing."""
    heard: list[tuple[float, Event]] = []
    watch = Watch(
        folder,
        Options(Pace(0.5)),
        lambda repo: lambda base, tree: [],
        lambda e: heard.append((time.monotonic(), e)),
    )
    thread = threading.Thread(target=watch.run)
    thread.start()
    try:
        wait_for(heard, "findings", 0)
        latencies = []
        for number in range(4):
            (folder / file_name(number)).write_text(f"latency {time.time()}\n")
            written, seen = time.monotonic(), len(heard)
            latencies.append(wait_for(heard, "findings", seen) - written)
        seen, began = len(heard), time.monotonic()
        burst = folder / "burst"
        burst.mkdir()
        for number in range(writes):
            (burst / f"{number}.txt").write_bytes(b"%d\n" % number)
        rate = writes / (time.monotonic() - began)
        repo = Repository.open(folder)
        end = time.monotonic() + 60
        recorded = 0
        while recorded < writes and time.monotonic() < end:
            wait_for(heard, "checkpoint", seen)
            seen = len(heard)
            newest = [e.checkpoint for _, e in heard if e.checkpoint][-1]
            entry = repo.entry(newest.tree, "burst")
            recorded = len(repo.list_tree(entry.oid)) if entry else 0
    finally:
        watch.stop()
        thread.join()
    shutil.rmtree(burst)
    return {
        "last write to finding": f"{statistics.median(latencies) * 1e3:.0f} ms, of it 500 debounce",
        "burst": f"{writes} files at {rate:,.0f} a second, {recorded} recorded",
    }


def wait_for(heard: list[tuple[float, Event]], what: str, start: int) -> float:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        for when, event in heard[start:]:
            if event.what == what:
                return when
        time.sleep(0.002)
    raise TimeoutError(what)


def memory(folder: Path) -> dict[str, str]:
    """Resident memory of `orchestrate watch` as people start it, and of one without rules."""
    bare = (
        "import sys; from pathlib import Path; from orchestrate.checkpoints.watch import *\n"
        "tell = lambda event: print(event.what, flush=True)\n"
        "Watch(Path(sys.argv[1]), Options(), lambda repo: lambda base, tree: [], tell).run()"
    )
    full = "import sys; from orchestrate.cli.watch import watch; watch(['--json'], obj=sys.argv[1])"
    found = {}
    for name, code in (("watch alone", bare), ("watch with all checks", full)):
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(folder)], env=ENVIRONMENT, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        while b"findings" not in process.stdout.readline():
            pass
        used = psutil.Process(process.pid).memory_full_info()
        found[name] = f"{used.rss / 1e6:.0f} MB resident, {used.uss / 1e6:.0f} MB of its own"
        process.send_signal(signal.SIGTERM)
        process.stdout.close()
        process.wait()
    return found


def soak(folder: Path, seconds: float) -> dict[str, str]:
    """An editor (100 files a second), a commit loop and a watch: commits that failed, memory."""
    code = "import sys; from orchestrate.cli.watch import watch; watch(['--json'], obj=sys.argv[1])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], env=ENVIRONMENT, stdout=subprocess.DEVNULL
    )
    time.sleep(3)
    edited = folder / "soak"
    edited.mkdir()
    written = committed = failed = 0
    used: list[int] = []
    began = time.monotonic()
    while (now := time.monotonic() - began) < seconds:
        while written < now * 100:
            draft = folder.parent / "draft"
            draft.write_text(f"{written:08}\n" * 50)
            draft.replace(edited / f"{written % 500}.txt")
            written += 1
        if committed < now:
            for words in (["add", "-A"], ["commit", "-q", "-m", f"soak {committed}"]):
                done = subprocess.run(
                    ["git", *words], cwd=folder, env=ENVIRONMENT, capture_output=True
                )
                failed += done.returncode != 0
            committed += 1
        used.append(psutil.Process(process.pid).memory_info().rss)
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    process.wait(10)
    repo = Repository.open(folder)
    torn = kept = 0
    for oid in repo.refs("refs/orchestrate/checkpoints/").values():
        kept += 1
        entry = repo.entry(repo.tree_of(oid), "soak")
        for file in repo.list_tree(entry.oid) if entry else ():
            lines = repo.read_blob(file.oid).splitlines()
            torn += len(lines) != 50 or len(set(lines)) != 1
    third = len(used) // 3
    return {
        "written": f"{written} files in {seconds:.0f} s",
        "commits": f"{committed}, failed {failed}",
        "checkpoints": f"{kept}, torn files {torn}",
        "memory": f"{used[third] / 1e6:.0f} MB at a third, at most {max(used[third:]) / 1e6:.0f}",
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 20_000])
    parser.add_argument("--changed", type=int, nargs="+", default=[1, 10, 1000])
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--burst", type=int, default=5000)
    parser.add_argument("--soak", type=float, default=0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    words = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    rows: list[Row] = []
    for files in words.files:
        with tempfile.TemporaryDirectory() as folder:
            note(f"making {files:,} files")
            bench = Bench(Path(folder) / "repository", files, words.times)
            for changed in words.changed:
                note(f"{files:,} files, {changed} changed")
                captures(bench, min(changed, files))
                restores(bench, min(changed, files))
            rows += bench.rows
            if not words.json:
                print_rows(f"{files:,} files", bench.rows)
                print_facts("parts of a repeated capture", parts(bench))
                print_facts("watch", watching(bench.folder, words.burst) | memory(bench.folder))
                if words.soak:
                    print_facts("soak", soak(bench.folder, words.soak))
    if words.json:
        print(as_json(rows))


if __name__ == "__main__":
    main()
