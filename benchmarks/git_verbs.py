"""The git room's verbs against git's own: workspaces, checkouts, captures, merges, writers.

python -m benchmarks.git_verbs [--files 1000 20000 100000] [--repeat 5] [--json]
"""

import argparse
import itertools
import multiprocessing
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pygit2

from benchmarks.repositories import ENVIRONMENT, file_name, git, make_repository
from benchmarks.timing import Row, as_json, medians, note, print_facts, print_rows
from orchestrate.git.checkout import CheckoutPool
from orchestrate.git.repository import Repository
from orchestrate.git.retry import retry
from orchestrate.git.types import FILE, Oid, RefUpdate, Signature
from orchestrate.git.workspace import capture_tree, create_workspace, remove_tree

WHO = Signature("A Bench", "bench@example.org", 1_700_000_000)
CONE = str(Path(file_name(0)).parent)
RACY = 1.1  # s; git reads a file again while its time stamp is in the second of its index
REF = "refs/orchestrate/bench"
WRITERS, EVENTS = 16, 1_600


class Act(NamedTuple):
    """What is timed, and what then clears the ground for the next time, which is not."""

    run: Callable[[], object]
    undo: Callable[[], object] = lambda: None


def timed(acts: Mapping[str, Act], times: int) -> dict[str, float]:
    """Median seconds of each act, in turn `times` times after an unmeasured one."""
    seconds: dict[str, list[float]] = {name: [] for name in acts}
    for turn in range(times + 1):
        for name, act in acts.items():
            began = time.perf_counter()
            act.run()
            if turn:
                seconds[name].append(time.perf_counter() - began)
            act.undo()
    return {name: statistics.median(found) for name, found in seconds.items()}


class Place:
    """One repository of so many files, and folders beside it to work in."""

    def __init__(self, folder: Path, files: int) -> None:
        self.files = files
        self.folder = folder
        self.path = make_repository(folder / "repo", files)
        self.repo = Repository.open(self.path)
        self.head = self.repo.resolve("HEAD")
        self.numbers = itertools.count()

    def row(self, what: str, ours: float, peer: str, theirs: float) -> Row:
        return Row(f"{what}, {self.files:,} files", ours, peer, theirs)

    def clear(self) -> None:
        """Removes all but the repository, and git's memory of worktrees."""
        for path in self.folder.iterdir():
            if path != self.path:
                remove_tree(path)
        git("worktree", "prune", cwd=self.path)


def workspaces(place: Place, times: int) -> list[Row]:
    """A full and a sparse workspace against `git worktree add` and a shared clone."""
    work, index = place.folder / "work", place.folder / "index"
    identity = (WHO.name, WHO.email)

    def make(sparse: Sequence[str] | None) -> None:
        create_workspace(
            place.repo, place.head, work, index=index, sparse=sparse, identity=identity
        )

    def worktree() -> None:
        git("worktree", "add", "-q", "--detach", str(work), cwd=place.path)

    def clone() -> None:
        git("clone", "-q", "--shared", str(place.path), str(work), cwd=place.folder)

    found = timed(
        {
            "full": Act(lambda: make(None), place.clear),
            "worktree": Act(worktree, place.clear),
            "clone": Act(clone, place.clear),
            "sparse": Act(lambda: make([CONE]), place.clear),
            "start": Act(lambda: git("version", cwd=place.path)),
        },
        times,
    )
    return [
        place.row("full workspace", found["full"], "git worktree add", found["worktree"]),
        place.row("full workspace", found["full"], "git clone --shared", found["clone"]),
        place.row("sparse workspace", found["sparse"], "git worktree add", found["worktree"]),
        place.row("sparse workspace", found["sparse"], "starting git once", found["start"]),
    ]


def checkouts(place: Place, times: int) -> list[Row]:
    """A pooled checkout after a gate left a mess, against one filled from nothing."""
    pools = {name: CheckoutPool(place.repo, place.folder / name) for name in ("pooled", "fresh")}

    def use(name: str) -> None:
        with pools[name].use(place.head):
            pass

    def mess() -> None:
        with pools["pooled"].use(place.head) as folder:
            (folder / file_name(0)).write_text("changed\n")
            (folder / "build").mkdir()
            (folder / "build" / "left").write_text("x\n")
        time.sleep(RACY)

    mess()
    fresh = Act(lambda: use("fresh"), lambda: remove_tree(place.folder / "fresh"))
    found = timed({"pooled": Act(lambda: use("pooled"), mess), "fresh": fresh}, times)
    place.clear()
    return [place.row("pooled checkout", found["pooled"], "a fresh one", found["fresh"])]


def captures(place: Place, times: int) -> list[Row]:
    """Taking back a workspace with one changed file, against git's add and write-tree in it."""
    rows = []
    for what, sparse in (("capture", None), ("sparse capture", [CONE])):
        work, index = place.folder / "work", place.folder / "index"
        create_workspace(place.repo, place.head, work, index=index, sparse=sparse, identity=WHO[:2])
        time.sleep(RACY)

        def change(work: Path = work) -> None:
            (work / file_name(0)).write_text(f"changed {next(place.numbers)}\n")

        def ours(work: Path = work, index: Path = index) -> None:
            capture_tree(place.repo, work, index)

        def theirs(work: Path = work) -> None:
            git("add", "-A", cwd=work)
            git("write-tree", cwd=work)

        change()
        found = timed({"ours": Act(ours, change), "theirs": Act(theirs, change)}, times)
        rows.append(place.row(what, found["ours"], "git add, write-tree", found["theirs"]))
        place.clear()
    return rows


class Merges:
    """Pairs of branches to merge: changes of different files, or of different lines of one."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.repo = place.repo
        self.tree = place.folder / "merging"
        git("worktree", "add", "-q", "--detach", str(self.tree), cwd=place.path)

    def side(self, path: str, line: int) -> Oid:
        """A commit on HEAD with one line of the file changed."""
        tree = self.repo.tree_of(self.place.head)
        lines = (self.repo.read_path(tree, path) or b"").split(b"\n")
        lines[line] = b"changed %d" % next(self.place.numbers)
        blob = self.repo.write_blob(b"\n".join(lines))
        edited = self.repo.edit_tree(tree, {path: (FILE, blob)})
        return self.repo.commit(edited, [self.place.head], "side\n", author=WHO, committer=WHO)

    def acts(self, pairs: Iterator[tuple[Oid, Oid]]) -> dict[str, Act]:
        def ours() -> None:
            assert self.repo.merge(*next(pairs)).tree

        def merge_tree() -> None:
            git("merge-tree", "--write-tree", *next(pairs), cwd=self.place.path)

        def reset() -> None:
            git("reset", "-q", "--hard", next(pairs)[0], cwd=self.tree)

        def merge() -> None:
            git("merge", "-q", "--no-edit", next(pairs)[1], cwd=self.tree)

        reset()
        return {"ours": Act(ours), "merge-tree": Act(merge_tree), "merge": Act(merge, reset)}


def merging(place: Place, times: int) -> list[Row]:
    """A merge of two commits against `git merge-tree` and `git merge` in a worktree."""
    rows = []
    last = file_name(place.files - 1)
    for what, path, line in (("two files", last, 3), ("one file", file_name(0), 15)):
        merges = Merges(place)
        count = 4 * (times + 2)
        pairs = [(merges.side(file_name(0), 3), merges.side(path, line)) for _ in range(count)]
        found = timed(merges.acts(iter(pairs)), times)
        what = f"merge of changes in {what}"
        rows += [
            place.row(what, found["ours"], "git merge-tree", found["merge-tree"]),
            place.row(what, found["ours"], "git merge in a worktree", found["merge"]),
        ]
        place.clear()
    return rows


def append(repo: Repository, path: str) -> None:
    """One event: a blob, the trees above it, a commit, the ref's move."""
    tip = repo.ref(REF)
    assert tip is not None
    blob = repo.write_blob(f"{path} after {tip}\n".encode())
    tree = repo.edit_tree(repo.tree_of(tip), {path: (FILE, blob)})
    new = repo.commit(tree, [tip], "event\n", author=WHO, committer=WHO)
    repo.swap_refs([RefUpdate(REF, new, tip)])


def append_raw(handle: pygit2.Repository, folder: str, name: str) -> None:
    """The same objects and the same move by bare pygit2 calls."""
    ref = handle.references[REF]
    root = handle[ref.target].peel(pygit2.Tree)
    blob = handle.create_blob(f"{folder}/{name} after {ref.target}\n".encode())
    builder = handle.TreeBuilder(handle[root[folder].id])
    builder.insert(name, blob, pygit2.enums.FileMode.BLOB)
    inner = builder.write()
    builder = handle.TreeBuilder(root)
    builder.insert(folder, inner, pygit2.enums.FileMode.TREE)
    who = pygit2.Signature(*WHO)
    ref.set_target(handle.create_commit(None, who, who, "event\n", builder.write(), [ref.target]))


def appends(folder: Path, tasks: int) -> list[Row]:
    """One append to a chain whose tree holds so many files, against the raw pygit2 calls."""
    repo = chain(folder, tasks)
    handle = pygit2.Repository(str(folder))
    numbers = itertools.count()

    def name() -> str:
        return f"{next(numbers) % tasks:05}.json"

    found = medians(
        {
            "ours": lambda: append(repo, f"tasks/{name()}"),
            "raw": lambda: append_raw(handle, "tasks", name()),
        },
        300,
    )
    return [Row(f"append beside {tasks:,} files", found["ours"], "raw pygit2", found["raw"])]


def chain(folder: Path, files: int) -> Repository:
    """A repository with REF at a commit of so many files in one folder."""
    folder.mkdir(parents=True)
    git("init", "-q", cwd=folder)
    repo = Repository.open(folder)
    blob = repo.write_blob(b"{}\n")
    tree = repo.edit_tree(None, {f"tasks/{n:05}.json": (FILE, blob) for n in range(files)})
    first = repo.commit(tree, [], "first\n", author=WHO, committer=WHO)
    repo.swap_refs([RefUpdate(REF, first, None)])
    return repo


def write_events(folder: str, writer: int, count: int, start: float) -> list[float]:
    """The seconds each of this process's events took."""
    repo = Repository.open(folder)
    time.sleep(max(0.0, start - time.time()))
    taken = []
    for number in range(count):
        began = time.perf_counter()
        path = f"tasks/{(writer + number) % 10:05}.json"
        retry(lambda path=path: append(repo, path), deadline_sec=60, queue=repo.queue(REF))
        taken.append(time.perf_counter() - began)
    return taken


def writers(folder: Path) -> dict[str, object]:
    """Sixteen processes that append to one ref at once."""
    repo = chain(folder, 10)
    context = multiprocessing.get_context("spawn")
    each = EVENTS // WRITERS
    with ProcessPoolExecutor(WRITERS, mp_context=context) as pool:
        list(pool.map(abs, range(WRITERS * 4)))  # all started
        start = time.time() + 2
        runs = [pool.submit(write_events, str(folder), n, each, start) for n in range(WRITERS)]
        taken = sorted(seconds for run in runs for seconds in run.result())
        spent = time.time() - start
    tip = repo.ref(REF)
    assert tip is not None
    return {
        "events a second": round(len(taken) / spent),
        "median ms": round(statistics.median(taken) * 1000, 1),
        "99th percentile ms": round(taken[len(taken) * 99 // 100] * 1000, 1),
        "lost": each * WRITERS - (sum(1 for _ in repo.log(tip)) - 1),
    }


def measure(made: Path, files: Sequence[int], times: int) -> list[Row]:
    rows: list[Row] = []
    for count in files:
        place = Place(made / f"of{count}", count)
        for verb in (workspaces, checkouts, captures, merging):
            note(f"{verb.__name__} at {count:,} files")
            rows += verb(place, times)
        shutil.rmtree(place.folder)
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, nargs="+", default=[1_000, 20_000, 100_000])
    options.add_argument("--repeat", type=int, default=5)
    options.add_argument("--folder", help="where to work; its file system decides much")
    options.add_argument("--json", action="store_true", help="print JSON after the tables")
    given = options.parse_args()
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        del os.environ[name]
    os.environ.update({k: v for k, v in ENVIRONMENT.items() if k.startswith("GIT_")})
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-", dir=given.folder) as made:
        events = [row for tasks in (10, 1_000) for row in appends(Path(made) / str(tasks), tasks)]
        facts = writers(Path(made) / "writers")
        rows = measure(Path(made), given.files, given.repeat)
    print_rows("Appending an event", events)
    print_facts(f"{WRITERS} processes appending to one ref", facts)
    print_rows("Git verbs", rows)
    if given.json:
        print(as_json([*events, *rows]))


if __name__ == "__main__":
    main()
