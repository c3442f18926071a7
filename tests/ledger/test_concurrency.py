"""Real processes on one repository: nothing acknowledged is lost, every replay is legal."""

import multiprocessing
from pathlib import Path

from orchestrate.git.repository import Repository
from orchestrate.ledger.promotion import Judged, TipMoved, branch_tip, promote
from orchestrate.ledger.store import Ledger
from orchestrate.ledger.verify import verify
from orchestrate.plans.events import Event
from orchestrate.plans.states import TaskEvent
from tests.ledger.making import AT, NOW, attempted, claim, say, start, tree_with

WRITERS = 16
SPAWN = multiprocessing.get_context("spawn")


def append_many(folder: str, tasks: list[str]) -> None:
    """Five events for each task, by one writer."""
    ledger = Ledger(Repository.open(folder), "p-abc234")
    for task in tasks:
        generation = start(ledger, task)
        attempted(ledger, task)
        say(ledger, TaskEvent.RELEASED, task, generation=generation)
        claim(ledger, task)


def promote_one(folder: str, task: str) -> None:
    """Promote one task, building anew on the tip as often as another was quicker."""
    ledger = Ledger(Repository.open(folder), "p-abc234")
    generation = start(ledger, task)
    while True:
        tip = branch_tip(ledger.repo, ledger.load().state)
        tree = tree_with(ledger.repo, tip, f"{task}.txt", task)
        completed = Event(TaskEvent.COMPLETED, task, "w", AT, "", generation)
        try:
            promote(ledger, Judged(tip, tree, "p", f"feat: {task}"), [completed], at=NOW)
            return
        except TipMoved:
            continue


def run_all(target, jobs: list[tuple[object, ...]]) -> None:
    processes = [SPAWN.Process(target=target, args=job) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0


def test_sixteen_processes_append_two_hundred_events_and_none_is_lost(
    make_ledger, repo: Path
) -> None:
    names = [f"t{n}" for n in range(40)]
    ledger = make_ledger(*({"id": name} for name in names))
    before, _ = verify(ledger)
    run_all(append_many, [(str(repo), names[n::WRITERS]) for n in range(WRITERS)])
    after, problem = verify(ledger)
    assert problem is None
    assert after - before == 200
    assert {t.generation for t in ledger.load().state.tasks.values()} == {2}


def test_sixteen_processes_promote_on_one_branch_and_none_is_lost(
    make_ledger, repo: Path, git
) -> None:
    names = [f"t{n}" for n in range(WRITERS)]
    ledger = make_ledger(*({"id": name} for name in names))
    run_all(promote_one, [(str(repo), name) for name in names])
    assert verify(ledger)[1] is None
    branch = "refs/heads/orchestrate/p-abc234"
    assert git("rev-list", "--count", f"main..{branch}", cwd=repo) == str(WRITERS)
    files = git("ls-tree", "--name-only", branch, cwd=repo).split()
    assert {f"{name}.txt" for name in names} <= set(files)
    held = {t.commit for t in ledger.load().state.tasks.values()}
    assert held == set(git("rev-list", f"main..{branch}", cwd=repo).split())
