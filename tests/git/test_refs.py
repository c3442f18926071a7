"""Refs move by compare-and-swap or not at all, whoever else is writing."""

import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest

from orchestrate.errors import InvalidInput, OrchestrateError
from orchestrate.git import locks, refs
from orchestrate.git.errors import ObjectMissing, RefLocked, RefMoved, RefNameTaken
from orchestrate.git.repository import Repository
from orchestrate.git.retry import retry
from orchestrate.git.types import Oid, RefUpdate
from tests.git.conftest import ME, Commit, Git

REF = "refs/orchestrate/x"
OTHER = "refs/orchestrate/y"
WRITERS = 6


@pytest.fixture
def one(opened: Repository, commit: Commit) -> Oid:
    return commit(opened, {"f": "1"})


@pytest.fixture
def two(opened: Repository, commit: Commit) -> Oid:
    return commit(opened, {"f": "2"})


# One ref


def test_a_ref_is_created_moved_and_deleted(opened: Repository, one: Oid, two: Oid) -> None:
    opened.swap_refs([RefUpdate(REF, one, None)], message="made")
    assert opened.ref(REF) == one
    opened.swap_refs([RefUpdate(REF, two, one)], message="moved")
    assert opened.ref(REF) == two
    opened.swap_refs([RefUpdate(REF, None, two)], message="gone")
    assert opened.ref(REF) is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_wrong_old_value_changes_nothing(
    opened: Repository, one: Oid, two: Oid, git: Git, packed: bool
) -> None:
    opened.swap_refs([RefUpdate(REF, one, None)])
    if packed:
        git("pack-refs", "--all", cwd=opened.git_dir)
    for wrong in (
        RefUpdate(REF, two, two),
        RefUpdate(REF, two, None),
        RefUpdate(REF, None, two),
        RefUpdate(REF, None, None),
    ):
        with pytest.raises(RefMoved) as moved:
            opened.swap_refs([wrong])
        assert (moved.value.name, moved.value.expected, moved.value.actual) == (REF, wrong.old, one)
        assert opened.ref(REF) == one
    with pytest.raises(RefMoved, match=f"{OTHER} was expected at {one}, found not to exist"):
        opened.swap_refs([RefUpdate(OTHER, two, one)])
    opened.swap_refs([RefUpdate(REF, two, one)])
    assert opened.ref(REF) == two


def test_a_value_must_be_there_and_a_name_valid(opened: Repository, one: Oid) -> None:
    with pytest.raises(ObjectMissing):
        opened.swap_refs([RefUpdate(REF, Oid("1" * 40), None)])
    with pytest.raises(InvalidInput, match="not a valid ref name"):
        opened.swap_refs([RefUpdate("HEAD", one, None)])
    opened.swap_refs([])


@pytest.mark.parametrize("packed", [False, True])
def test_a_ref_cannot_be_a_folder_of_another(
    opened: Repository, one: Oid, git: Git, packed: bool
) -> None:
    opened.swap_refs([RefUpdate("refs/orchestrate/a/b", one, None)])
    if packed:
        git("pack-refs", "--all", cwd=opened.git_dir)
    for name in ("refs/orchestrate/a", "refs/orchestrate/a/b/c"):
        with pytest.raises(RefNameTaken, match=f"{name} cannot exist beside refs/orchestrate/a/b"):
            opened.swap_refs([RefUpdate(name, one, None)])
        with pytest.raises(RefNameTaken):
            opened.swap_refs([RefUpdate(name, one, None), RefUpdate(OTHER, one, None)])
    assert list(opened.refs("refs/orchestrate/")) == ["refs/orchestrate/a/b"]


def test_a_symbolic_ref_moves_what_it_stands_for(opened: Repository, one: Oid, git: Git) -> None:
    git("symbolic-ref", "refs/heads/alias", "refs/heads/main", cwd=opened.git_dir)
    head = opened.resolve("main")
    opened.swap_refs([RefUpdate("refs/heads/alias", one, head)])
    assert opened.ref("refs/heads/main") == one
    assert git("symbolic-ref", "refs/heads/alias", cwd=opened.git_dir) == "refs/heads/main"


def test_the_reflog_of_a_branch_names_the_person(opened: Repository, one: Oid, git: Git) -> None:
    opened.swap_refs([RefUpdate("refs/heads/made", one, None)], message="orchestrate: start")
    told = git("reflog", "--format=%gn %ge %gs", "refs/heads/made", cwd=opened.git_dir)
    assert told == "A Tester tester@example.org orchestrate: start"


def test_head_is_told_apart(opened: Repository, empty: Repository, git: Git) -> None:
    assert opened.head_branch() == "refs/heads/main"
    assert opened.head_commit() == opened.ref("refs/heads/main")
    git("checkout", "-q", "--detach", cwd=opened.work_tree)
    assert opened.head_branch() is None
    assert opened.head_commit() == opened.ref("refs/heads/main")
    assert empty.head_branch() == "refs/heads/main"
    assert empty.head_commit() is None


def test_refs_are_listed_by_prefix_packed_or_not(
    opened: Repository, one: Oid, two: Oid, git: Git
) -> None:
    names = ["refs/orchestrate/a", "refs/orchestrate/a-b/c", "refs/orchestrate/ab", "refs/other/a"]
    for name in names:
        opened.swap_refs([RefUpdate(name, one, None)])
    git("pack-refs", "--all", cwd=opened.git_dir)
    opened.swap_refs([RefUpdate("refs/orchestrate/a", two, one)])  # loose above packed
    opened.swap_refs([RefUpdate("refs/orchestrate/ab", None, one)])
    opened.swap_refs([RefUpdate("refs/orchestrate/new", one, None)])
    assert opened.refs("refs/orchestrate/") == {
        "refs/orchestrate/a": two,
        "refs/orchestrate/a-b/c": one,
        "refs/orchestrate/new": one,
    }
    assert list(opened.refs("refs/orchestrate/a")) == [
        "refs/orchestrate/a",
        "refs/orchestrate/a-b/c",
    ]
    assert opened.refs("refs/none/") == {}
    assert list(opened.refs("refs/")) == git(
        "for-each-ref", "--format=%(refname)", cwd=opened.git_dir
    ).split("\n")


def test_a_ref_that_is_no_utf8_does_not_stop_a_listing(opened: Repository, one: Oid) -> None:
    (opened.common_dir / "refs" / "heads" / "\udcff").write_text(f"{one}\n")
    assert list(opened.refs("refs/heads/")) == ["refs/heads/main"]


# Several refs


def test_several_refs_move_together_or_not_at_all(opened: Repository, one: Oid, two: Oid) -> None:
    names = [f"refs/orchestrate/{n}" for n in "abc"]
    opened.swap_refs([RefUpdate(name, one, None) for name in names])
    with pytest.raises(RefMoved) as moved:
        opened.swap_refs([RefUpdate(names[0], two, one), RefUpdate(names[1], two, two)])
    assert (moved.value.name, moved.value.actual) == (names[1], one)
    with pytest.raises(RefMoved):  # `c` stands where the third may only be made
        opened.swap_refs(
            [RefUpdate(n, two, old) for n, old in zip(names, (one, one, None), strict=True)]
        )
    assert set(opened.refs("refs/orchestrate/").values()) == {one}
    opened.swap_refs([
        RefUpdate(names[0], two, one), RefUpdate(names[1], None, one), RefUpdate(OTHER, one, None),
    ], message="three ways")  # fmt: skip
    assert opened.refs("refs/orchestrate/") == {names[0]: two, names[2]: one, OTHER: one}


def test_a_locked_ref_keeps_all_others_still(
    opened: Repository, one: Oid, two: Oid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refs, "LOCK_PATIENCE", 0.05)
    opened.swap_refs([RefUpdate(REF, one, None), RefUpdate(OTHER, one, None)])
    lock = opened.common_dir / f"{OTHER}.lock"
    lock.touch()
    with pytest.raises(RefLocked) as locked:
        opened.swap_refs([RefUpdate(REF, two, one), RefUpdate(OTHER, two, one)])
    assert (locked.value.name, locked.value.lock) == (OTHER, lock)
    assert opened.ref(REF) == one
    assert not (opened.common_dir / f"{REF}.lock").exists()


# Lock files that stay


def test_a_foreign_lock_stays_and_its_age_is_told(
    opened: Repository, one: Oid, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refs, "LOCK_PATIENCE", 0.3)
    monkeypatch.setattr(refs, "LOCK_SUSPECT", 0.0)
    lock = opened.common_dir / f"{REF}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    os.utime(lock, (time.time() - 90, time.time() - 90))
    with pytest.raises(RefLocked) as locked:
        opened.swap_refs([RefUpdate(REF, one, None)])
    assert 90 <= locked.value.age < 100
    assert f"{lock} is 9" in str(locked.value)
    assert lock.exists()


def test_a_lock_that_goes_in_time_is_waited_for(opened: Repository, one: Oid) -> None:
    lock = opened.common_dir / f"{REF}.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    remover = subprocess.Popen(["sh", "-c", f"sleep 0.2; rm '{lock}'"])
    opened.swap_refs([RefUpdate(REF, one, None)])
    assert opened.ref(REF) == one
    remover.wait()


HOLD_AND_DIE = """
import os, signal, sys
from pathlib import Path
from orchestrate.git.locks import WriterNote, lock_path
common, ref = Path(sys.argv[1]), sys.argv[2]
with WriterNote(common).naming([ref]):
    lock_path(common, ref).parent.mkdir(parents=True, exist_ok=True)
    lock_path(common, ref).touch()
    if sys.argv[3] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(opened: Repository) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Starts a writer that holds the lock of REF, and lives or dies with it."""
    started = []

    def start(fate: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD_AND_DIE, str(opened.common_dir), REF, fate],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.communicate()


def test_the_lock_of_a_killed_writer_is_cleared(
    opened: Repository, one: Oid, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    assert holder("die").wait() == -signal.SIGKILL
    assert (opened.common_dir / f"{REF}.lock").exists()
    opened.swap_refs([RefUpdate(REF, one, None)])
    assert opened.ref(REF) == one
    assert not (opened.common_dir / f"{REF}.lock").exists()


def test_the_lock_of_a_living_writer_is_not(
    opened: Repository,
    one: Oid,
    holder: Callable[[str], subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refs, "LOCK_PATIENCE", 0.4)
    living = holder("live")
    assert living.stdout is not None
    assert living.stdout.readline() == "held\n"
    with pytest.raises(RefLocked) as locked:
        opened.swap_refs([RefUpdate(REF, one, None)])
    assert locked.value.owner == f"process {living.pid}"
    assert (opened.common_dir / f"{REF}.lock").exists()


def test_a_later_lock_is_not_the_dead_writers(
    opened: Repository, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    holder("die").wait()
    lock = opened.common_dir / f"{REF}.lock"
    os.utime(lock, (time.time() + 60, time.time() + 60))
    assert not locks.clear_abandoned(opened.common_dir, REF)
    assert lock.exists()


SWAP_FOR_EVER = """
import sys
from orchestrate.git.repository import Repository
from orchestrate.git.types import RefUpdate
repo, ref, one, two = Repository.open(sys.argv[1]), *sys.argv[2:]
print("started", flush=True)
while True:
    repo.swap_refs([RefUpdate(ref, two, one)])
    one, two = two, one
"""


def test_writers_killed_at_any_instant_stop_nobody(opened: Repository, one: Oid, two: Oid) -> None:
    opened.swap_refs([RefUpdate(REF, one, None)])
    for _ in range(6):
        now = opened.ref(REF)
        assert now is not None
        other = two if now == one else one
        script = [sys.executable, "-c", SWAP_FOR_EVER, str(opened.git_dir), REF, now, other]
        with subprocess.Popen(script, stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(random.uniform(0.002, 0.02))
            writer.kill()
        tip = opened.ref(REF)
        opened.swap_refs([RefUpdate(REF, other, tip)])
        opened.swap_refs([RefUpdate(REF, now, other)])


def test_notes_of_writers_go_with_them(
    opened: Repository, one: Oid, holder: Callable[[str], subprocess.Popen[str]]
) -> None:
    folder = opened.common_dir / "orchestrate" / "writers"
    holder("die").wait()
    (opened.common_dir / f"{REF}.lock").unlink()
    other = Repository.open(opened.git_dir)
    other.swap_refs([RefUpdate(OTHER, one, None)])  # sweeps the dead writer's note
    assert len(list(folder.iterdir())) == 1
    del other
    assert list(folder.iterdir()) == []


# Races, with real processes


def race_to_create(folder: str, value: str, start: float, refs_count: int) -> list[int]:
    """Which of the refs this process made."""
    repo = Repository.open(folder)
    won = []
    time.sleep(max(0, start - time.time()))
    for number in range(refs_count):
        try:
            repo.swap_refs([RefUpdate(f"refs/orchestrate/race/{number}", Oid(value), None)])
        except (RefMoved, RefLocked):
            continue
        won.append(number)
    return won


def race_to_move(folder: str, count: int, pairs: bool) -> int:
    """Adds `count` commits to REF's chain, or to REF's and OTHER's in one transaction."""
    repo = Repository.open(folder)

    def once() -> None:
        tip = repo.ref(REF)
        assert tip is not None
        new = repo.commit(repo.tree_of(tip), [tip], f"{os.getpid()}\n", author=ME, committer=ME)
        updates = [RefUpdate(REF, new, tip)]
        if pairs:
            updates.append(RefUpdate(OTHER, new, tip))
        repo.swap_refs(updates)

    for _ in range(count):
        retry(once, deadline_sec=60, queue=None if pairs else repo.queue(REF))
    return count


@pytest.fixture(scope="module")
def racers() -> Iterator[ProcessPoolExecutor]:
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WRITERS, mp_context=context) as pool:
        yield pool


def test_racers_that_create_a_ref_have_one_winner(
    opened: Repository, commit: Commit, racers: ProcessPoolExecutor
) -> None:
    values = [commit(opened, {"f": str(n)}) for n in range(WRITERS)]
    start = time.time() + 0.5
    runs = [
        racers.submit(race_to_create, str(opened.git_dir), value, start, 25) for value in values
    ]
    won = [run.result() for run in runs]
    assert sorted(number for numbers in won for number in numbers) == list(range(25))
    made = opened.refs("refs/orchestrate/race/")
    for value, numbers in zip(values, won, strict=True):
        assert all(made[f"refs/orchestrate/race/{number}"] == value for number in numbers)


@pytest.mark.parametrize("pairs", [False, True])
def test_no_move_of_racing_writers_is_lost(
    opened: Repository, one: Oid, racers: ProcessPoolExecutor, pairs: bool
) -> None:
    opened.swap_refs([RefUpdate(REF, one, None), RefUpdate(OTHER, one, None)])
    each = 4 if pairs else 20
    runs = [racers.submit(race_to_move, str(opened.git_dir), each, pairs) for _ in range(WRITERS)]
    assert sum(run.result() for run in runs) == each * WRITERS
    tip = opened.ref(REF)
    assert tip is not None
    assert len(list(opened.log(tip))) == 1 + each * WRITERS
    if pairs:
        assert opened.ref(OTHER) == tip


def test_a_damaged_ref_is_named(opened: Repository, one: Oid, two: Oid) -> None:
    """What a power cut leaves: the file is there and empty."""
    opened.swap_refs([RefUpdate(REF, one, None)])
    (opened.common_dir / OTHER).touch()
    with pytest.raises(OrchestrateError, match=f"the ref {OTHER} cannot be read"):
        opened.ref(OTHER)
    with pytest.raises(OrchestrateError, match=OTHER):
        opened.swap_refs([RefUpdate(REF, two, one), RefUpdate(OTHER, two, one)])
    assert opened.ref(REF) == one
