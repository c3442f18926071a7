"""The runner: its own cost for a task, and promotion, against git doing the same by commands.

python -m benchmarks.runner [--files 1000 20000]
"""

import argparse
import itertools
import shutil
import subprocess
import tempfile
from pathlib import Path

from benchmarks.ledger import AT, NOW
from benchmarks.repositories import ENVIRONMENT, git, make_repository
from benchmarks.timing import Row, medians, note, print_rows
from orchestrate.git.repository import Repository
from orchestrate.git.types import FILE
from orchestrate.ledger.promotion import Judged, branch_tip, promote
from orchestrate.ledger.store import Decision, Ledger
from orchestrate.plans.decide import decide
from orchestrate.plans.events import Event
from orchestrate.plans.states import PlanEvent, TaskEvent
from orchestrate.policy.yaml_edit import dump_yaml
from orchestrate.runner.loop import RunOptions, run_plan
from orchestrate.runner.planning import base_commit, create
from orchestrate.runner.project import Project

TASKS = 6


class Runner:
    """A plan of tasks whose command writes one file, and the same by git commands."""

    def __init__(self, folder: Path, files: int) -> None:
        self.folder = folder
        self.repo = make_repository(folder / f"repo{files}", files)
        git("config", "user.name", "Bench", cwd=self.repo)
        git("config", "user.email", "bench@example.org", cwd=self.repo)
        git("branch", "landed", cwd=self.repo)
        git("worktree", "add", "-q", str(folder / f"tree{files}"), "landed", cwd=self.repo)
        self.tree = folder / f"tree{files}"
        self.number = itertools.count()

    def ours(self) -> None:
        """Create, approve and run a plan of `TASKS` tasks, one after the other."""
        number = next(self.number)
        tasks = [
            {
                "id": f"t{n}",
                "title": f"Task {n}",
                "delegation": {"mode": "command"},
                "command": ["sh", "-c", f"echo {n} > note{n}.txt"],
            }
            for n in range(TASKS)
        ]
        text = dump_yaml(
            {
                "schema_version": 1,
                "id": f"bench-{number}",
                "title": "Bench",
                "requires_approval": False,
                "tasks": tasks,
            }
        )
        project = Project(self.repo)
        repo = project.open()
        commit, target = base_commit(repo, None)
        create(project, repo, text, commit, target, "bench")
        state = run_plan(project, f"bench-{number}", RunOptions(), lambda progress: None)
        assert state.status == "completed", state

    def commands(self) -> None:
        """For each task: clone, write, commit, fetch the commit, merge it in a worktree."""
        for n in range(TASKS):
            number = next(self.number)
            clone = self.folder / f"clone{number}"
            run(self.folder, "clone", "-q", "--shared", "--branch", "landed", self.repo, clone)
            (clone / f"other{number}.txt").write_text(f"{n}\n")
            run(clone, "add", "-A")
            run(clone, "commit", "-q", "-m", f"task {n}")
            run(self.repo, "fetch", "-q", clone, f"HEAD:refs/heads/candidate{number}")
            run(self.tree, "merge", "-q", "--no-edit", f"candidate{number}")
            shutil.rmtree(clone)

    def nothing(self) -> None:
        """What the tasks' own commands cost, without any of it."""
        for _ in range(TASKS):
            subprocess.run(["sh", "-c", "echo x > /dev/null"], check=True)


def run(folder: Path, *args: object) -> None:
    """One git command."""
    subprocess.run(
        ["git", *map(str, args)],
        cwd=folder,
        env=ENVIRONMENT,
        check=True,
        stdout=subprocess.DEVNULL,
    )


class Promotion:
    """Moving a judged change onto a branch that moved: ours against git merge and merge-tree."""

    def __init__(self, folder: Path, files: int) -> None:
        self.runner = Runner(folder, files)
        self.folder = self.runner.repo
        project = Project(self.folder)
        repo = self.repo = Repository.open(self.folder)
        text = dump_yaml(
            {
                "schema_version": 1,
                "id": "promotion",
                "title": "Bench",
                "requires_approval": False,
                "tasks": [{"id": f"t{n}", "title": "x"} for n in range(40)],
            }
        )
        commit, target = base_commit(repo, None)
        create(project, repo, text, commit, target, "bench")
        self.ledger: Ledger = project.ledger(repo, "promotion")
        self._say(Event(PlanEvent.STARTED, "", "b", AT))
        self.base = commit
        self.number = itertools.count()
        git("branch", "-f", "side", str(commit), cwd=self.folder)

    def _say(self, event: Event) -> None:
        self.ledger.append(lambda now: Decision(decide(now.state, event)), at=NOW)

    def candidate(self, number: int) -> str:
        """A commit on the base that adds one file."""
        repo = self.repo
        blob = repo.write_blob(f"{number}\n".encode())
        tree = repo.edit_tree(repo.tree_of(self.base), {f"new{number}.txt": (FILE, blob)})
        who = repo.read_commit(self.base).author
        return repo.commit(tree, [self.base], f"candidate {number}\n", author=who, committer=who)

    def prepare(self) -> tuple[str, str]:
        """A running task and its candidate."""
        number = next(self.number)
        task = f"t{number}"
        data = {"owner": "b", "lease_until": "2030-01-01T00:00:00Z"}
        self._say(Event(TaskEvent.CLAIMED, task, "b", AT, data=data))
        self._say(Event(TaskEvent.STARTED, task, "b", AT, "", 1))
        return task, self.candidate(number)

    def land(self, prepared: tuple[str, str]) -> None:
        """Merge the candidate onto the tip and move branch and ledger."""
        task, candidate = prepared
        tip = branch_tip(self.repo, self.ledger.load().state)
        tree = self.repo.merge(tip, self.repo.resolve(candidate)).tree
        assert tree is not None
        completed = Event(TaskEvent.COMPLETED, task, "b", AT, "", 1)
        promote(self.ledger, Judged(tip, tree, "p", f"feat: {task}"), [completed], at=NOW)

    def merge_tree(self, candidate: str) -> None:
        """Only `git merge-tree` of the same two commits."""
        tip = branch_tip(self.repo, self.ledger.load().state)
        run(self.folder, "merge-tree", "--write-tree", "--no-messages", tip, candidate)

    def merge(self, candidate: str) -> None:
        """`git merge` in a worktree, as people do it."""
        run(self.runner.tree, "merge", "-q", "--no-edit", candidate)


def promotion_rows(folder: Path, files: int) -> list[Row]:
    """Promotion with everything it writes, against merge-tree and a merge in a worktree."""
    one = Promotion(folder, files)
    prepared = [one.prepare() for _ in range(24)]
    turns = iter(prepared)
    candidates = itertools.cycle([candidate for _, candidate in prepared])
    others = iter([one.candidate(1000 + n) for n in range(24)])
    found = medians(
        {
            "ours": lambda: one.land(next(turns)),
            "merge-tree": lambda: one.merge_tree(next(candidates)),
            "merge": lambda: one.merge(next(others)),
        },
        20,
    )
    what = f"promotion, {files:,} files"
    return [
        Row(what, found["ours"], "git merge-tree", found["merge-tree"]),
        Row(what, found["ours"], "git merge in a worktree", found["merge"]),
    ]


def main() -> None:
    """Measure everything and print it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, nargs="+", default=[1_000, 20_000])
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="orchestrate-bench-") as made:
        for files in options.parse_args().files:
            note(f"a task at {files} files")
            one = Runner(Path(made) / f"runner{files}", files)
            found = medians({"ours": one.ours, "git": one.commands, "no": one.nothing}, 3)
            spent = (found["ours"] - found["no"]) / TASKS
            theirs = found["git"] / TASKS
            rows.append(
                Row(f"a task's own cost, {files:,} files", spent, "clone + commit + merge", theirs)
            )
            note(f"promotion at {files} files")
            rows += promotion_rows(Path(made) / f"promotion{files}", files)
    print_rows("Runner", rows)


if __name__ == "__main__":
    main()
