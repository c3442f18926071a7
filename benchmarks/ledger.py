"""The ledger: an append against git plumbing and the raw pygit2 calls; many writers; loading.

python -m benchmarks.ledger
"""

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pygit2

from benchmarks.timing import Row, medians, note, print_facts, print_rows
from orchestrate.git.repository import Repository
from orchestrate.ledger.codec import task_path
from orchestrate.ledger.store import Decision, Ledger
from orchestrate.machine_json import to_json
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event
from orchestrate.plans.model import Plan
from orchestrate.plans.state import new_state
from orchestrate.plans.states import PlanEvent, TaskEvent

AT, LATER, NOW = "2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z", 1_767_225_600
WRITERS = 16
SPAWN = multiprocessing.get_context("spawn")


def make_ledger(folder: Path, tasks: int) -> Ledger:
    """An executing plan of `tasks` independent tasks in a new repository."""
    run = ["git", "-C", str(folder)]
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    for key, value in (("user.name", "Bench"), ("user.email", "bench@example.org")):
        subprocess.run([*run, "config", key, value], check=True)
    subprocess.run([*run, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    repo = Repository.open(folder)
    entries = [{"id": f"t{n}", "title": f"Task {n}", "scope": ["src/**"]} for n in range(tasks)]
    document = {"id": "bench-abc234", "title": "Bench", "tasks": entries}
    blob = repo.write_blob(b"id: bench-abc234\n")
    plan = Plan.from_document(document)
    state = new_state(plan, blob, base=repo.resolve("HEAD"), branch="refs/heads/o/bench")
    ledger = Ledger(repo, plan.id)
    ledger.create(state, document, b"id: bench\n", Event(PlanEvent.CREATED, "", "b", AT), NOW)
    approval = {"by": "b", "at": AT, "plan_blob": blob, "version": 1}
    append(ledger, Event(PlanEvent.APPROVED, "", "b", AT, data={"approval": approval}))
    append(ledger, Event(PlanEvent.STARTED, "", "b", AT))
    return ledger


def append(ledger: Ledger, event: Event) -> None:
    """One event."""
    ledger.append(lambda now: Decision(decide(now.state, event)), at=NOW)


def flip(ledger: Ledger, task: str, claimed: bool) -> None:
    """Claim or release a task."""
    if claimed:
        append(ledger, Event(TaskEvent.RELEASED, task, "b", AT))
    else:
        data = {"owner": "b", "lease_until": LATER}
        append(ledger, Event(TaskEvent.CLAIMED, task, "b", AT, data=data))


class Appends:
    """The same objects and ref move in three ways: ours, git's plumbing, raw pygit2 calls."""

    def __init__(self, folder: Path, tasks: int) -> None:
        self.ledger = make_ledger(folder / str(tasks), tasks)
        self.repo = self.ledger.repo
        self.git = ["git", "-C", str(folder / str(tasks))]
        self.raw = pygit2.Repository(str(folder / str(tasks)))
        self.path = task_path("t0", tasks)
        self.count = 0
        self.claimed = False

    def ours(self) -> None:
        """A claim, then a release, in turn."""
        flip(self.ledger, "t0", self.claimed)
        self.claimed = not self.claimed

    def _files(self) -> tuple[bytes, bytes]:
        self.count += 1
        task = to_json({"id": "t0", "status": "queued", "n": self.count, "attempts": []})
        event = to_json({"event": "task.claimed", "task": "t0", "n": self.count})
        return task, event

    def plumbing(self) -> None:
        """hash-object, mktree, commit-tree, update-ref: two blobs, two trees, a commit, a ref."""
        task, event = self._files()
        ref = "refs/bench/plumbing"
        tip = self._run(["rev-parse", "-q", "--verify", ref], check=False) or self.ledger.tip()
        blobs = [self._run(["hash-object", "-w", "--stdin"], data) for data in (task, event)]
        below = self._run(["ls-tree", f"{tip}:tasks"]).splitlines()
        name = self.path.split("/", 1)[1]
        below = [line for line in below if not line.endswith("\t" + name)]
        below.append(f"100644 blob {blobs[0]}\t{name}")
        tasks = self._run(["mktree"], ("\n".join(below) + "\n").encode())
        top = self._run(["ls-tree", tip]).splitlines()
        top = [line for line in top if line.split("\t")[1] not in ("tasks", "event.json")]
        top += [f"040000 tree {tasks}\ttasks", f"100644 blob {blobs[1]}\tevent.json"]
        tree = self._run(["mktree"], ("\n".join(top) + "\n").encode())
        commit = self._run(["commit-tree", tree, "-p", tip, "-m", "t0: queued -> claimed"])
        self._run(["update-ref", ref, commit])

    def _run(self, args: list[str], data: bytes = b"", check: bool = True) -> str:
        done = subprocess.run([*self.git, *args], input=data, capture_output=True, check=check)
        return done.stdout.decode().rstrip("\n")

    def calls(self) -> None:
        """The same by pygit2 alone, without reading or deciding anything."""
        task, event = self._files()
        raw, ref = self.raw, "refs/bench/raw"
        if ref in raw.references:
            tip = raw.references[ref].target
        else:
            tip = raw.references.create(ref, self.ledger.tip()).target
        top = raw[raw[tip].tree_id]
        below = raw.TreeBuilder(top["tasks"])
        below.insert(self.path.split("/", 1)[1], raw.create_blob(task), 0o100644)
        tree = raw.TreeBuilder(top)
        tree.insert("tasks", below.write(), 0o040000)
        tree.insert("event.json", raw.create_blob(event), 0o100644)
        who = pygit2.Signature("Bench", "bench@example.org", NOW, 0)
        raw.create_commit(ref, who, who, "t0: queued -> claimed", tree.write(), [tip])


def writer(folder: str, tasks: list[str], events: int, out: str) -> None:
    """Append events and write how long each took."""
    ledger = Ledger(Repository.open(folder), "bench-abc234")
    seconds = []
    for n in range(events):
        began = time.perf_counter()
        flip(ledger, tasks[(n // 2) % len(tasks)], bool(n % 2))
        seconds.append(time.perf_counter() - began)
    Path(out).write_text(json.dumps(seconds))


def writers(folder: Path, events: int) -> dict[str, object]:
    """Sixteen processes on one ledger: events a second, p99, how many were lost."""
    names = [f"t{n}" for n in range(64)]
    ledger = make_ledger(folder / "writers", len(names))
    before = sum(1 for _ in ledger.repo.log(ledger.tip()))
    outs = [folder / f"w{n}.json" for n in range(WRITERS)]
    jobs = [
        SPAWN.Process(
            target=writer, args=(str(folder / "writers"), names[n::WRITERS], events, str(o))
        )
        for n, o in enumerate(outs)
    ]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
    seconds = sorted(s for out in outs for s in json.loads(out.read_text()))
    after = sum(1 for _ in ledger.repo.log(ledger.tip()))
    # All writers start within the slowest one's own time: the sum of its appends.
    longest = max(sum(json.loads(out.read_text())) for out in outs)
    return {
        "events": len(seconds),
        "events a second": round(len(seconds) / longest),
        "median ms": round(statistics.median(seconds) * 1000, 2),
        "p99 ms": round(seconds[int(len(seconds) * 0.99)] * 1000, 2),
        "lost": WRITERS * events - (after - before),
        "processors": os.cpu_count(),
    }


def loading(folder: Path) -> list[Row]:
    """Loading a plan of 1,000 tasks against reading its blobs."""
    ledger = make_ledger(folder / "load", 1000)
    repo, tree = ledger.repo, ledger.load().tree
    blobs = [e.oid for e in repo.walk_tree(tree)]

    def load() -> None:
        fresh = Ledger(repo, "bench-abc234")
        assert len(list(fresh.load().state.tasks.values())) == 1000

    def read() -> None:
        for blob in blobs:
            repo.read_blob(blob)

    found = medians({"load": load, "read": read}, 15)
    return [Row("load a plan of 1,000 tasks", found["load"], "reading its blobs", found["read"])]


def memory(folder: Path) -> str:
    """Peak memory of a process that loads and appends to a plan of 1,000 tasks."""
    code = (
        "import sys, resource\n"
        "from pathlib import Path\n"
        "from benchmarks.ledger import flip\n"
        "from orchestrate.git.repository import Repository\n"
        "from orchestrate.ledger.store import Ledger\n"
        "ledger = Ledger(Repository.open(sys.argv[1]), 'bench-abc234')\n"
        "list(ledger.load().state.tasks.values())\n"
        "[flip(ledger, 't1', bool(n % 2)) for n in range(100)]\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    args = [sys.executable, "-c", code, str(folder / "load")]
    done = subprocess.run(args, capture_output=True, text=True, check=True)
    unit = 1024 if sys.platform == "linux" else 1024 * 1024
    return f"{int(done.stdout) / unit:.0f} MB"


def main() -> None:
    """Measure everything and print it."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as made:
        folder = Path(made)
        for tasks in (10, 1000):
            note(f"appends at {tasks} tasks")
            one = Appends(folder, tasks)
            found = medians({"ours": one.ours, "plumbing": one.plumbing, "raw": one.calls}, 60)
            what = f"append at {tasks} tasks"
            rows.append(Row(what, found["ours"], "git plumbing", found["plumbing"]))
            rows.append(Row(what, found["ours"], "raw pygit2 calls", found["raw"]))
        note("loading")
        rows += loading(folder)
        print_rows("Ledger", rows)
        note("writers")
        print_facts(f"{WRITERS} writers on one ledger", writers(folder, 100))
        print_facts("Memory", {"peak, a plan of 1,000 tasks": memory(folder)})


if __name__ == "__main__":
    main()
