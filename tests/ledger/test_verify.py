import json

from orchestrate.git.types import FILE, RefUpdate, Signature
from orchestrate.ledger.verify import verify
from orchestrate.plans.states import PlanEvent, TaskEvent
from tests.ledger.making import attempted, claim, land, say, start


def rewrite(ledger, path: str, change, message: str | None = None) -> None:
    """Forge the newest commit: the same parent and message, one file changed."""
    repo, tip = ledger.repo, ledger.tip()
    commit = repo.read_commit(tip)
    data = repo.read_path(commit.tree, path)
    blob = repo.write_blob(change(data))
    tree = repo.edit_tree(commit.tree, {path: (FILE, blob)})
    who = Signature("Forger", "f@example.org", 1)
    forged = repo.commit(tree, commit.parents, message or commit.message, author=who, committer=who)
    repo.swap_refs([RefUpdate(ledger.ref, forged, tip)], message="forged")


def test_an_honest_ledger_verifies(make_ledger) -> None:
    ledger = make_ledger({"id": "a"}, {"id": "b", "depends_on": ["a"]})
    land(ledger, "a")
    start(ledger, "b")
    attempted(ledger, "b")
    say(ledger, TaskEvent.CANCELLED, "b")
    count, problem = verify(ledger)
    assert problem is None
    assert count == 11


def test_a_revised_plan_verifies(make_ledger) -> None:
    ledger = make_ledger({"id": "a"}, start=False)
    document = {"id": "p-abc234", "title": "A plan", "version": 2, "tasks": [{"id": "z"}]}
    text = "id: p-abc234\n"
    blob = ledger.repo.write_blob(text.encode())
    data = {"document": document, "plan_blob": blob, "plan_yaml": text}
    say(ledger, PlanEvent.REVISED, reason="a better idea", data=data)
    assert verify(ledger)[1] is None
    assert list(ledger.load().state.tasks) == ["z"]
    assert ledger.repo.entry(ledger.load().tree, "tasks/a.json") is None


def test_a_state_that_does_not_follow_is_found(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    claim(ledger, "a")
    rewrite(ledger, "tasks/a.json", lambda d: d.replace(b'"worker"', b'"mallory"'))
    count, problem = verify(ledger)
    assert problem is not None
    assert (problem.rule, problem.commit) == ("state-follows", ledger.tip())
    assert "tasks/a.json" in problem.message
    assert count == 3


def test_an_illegal_step_is_found(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    claim(ledger, "a")

    def completes(data: bytes) -> bytes:
        return json.dumps({**json.loads(data), "event": "task.completed"}).encode()

    message = "a: x\n\nOrchestrate-Event: task.completed\n"
    rewrite(ledger, "event.json", completes, message)
    problem = verify(ledger)[1]
    assert problem is not None
    assert problem.rule == "legal-step"


def test_a_changed_file_that_the_event_does_not_touch_is_found(make_ledger) -> None:
    ledger = make_ledger({"id": "a"}, {"id": "b"})
    claim(ledger, "a")
    rewrite(ledger, "tasks/b.json", lambda d: d.replace(b'"queued"', b'"completed"'))
    problem = verify(ledger)[1]
    assert problem is not None
    assert (problem.rule, "tasks/b.json" in problem.message) == ("state-follows", True)


def test_a_trailer_that_lies_is_found(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    claim(ledger, "a")
    rewrite(ledger, "event.json", lambda d: d, "a: x\n\nOrchestrate-Event: task.failed\n")
    problem = verify(ledger)[1]
    assert problem is not None
    assert problem.rule == "message-agrees"


def test_a_promoted_commit_with_other_code_is_found(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    commit = land(ledger, "a")
    repo = ledger.repo
    promoted = repo.read_commit(commit)
    tree = repo.edit_tree(promoted.tree, {"evil.txt": (FILE, repo.write_blob(b"x"))})
    who = promoted.author
    other = repo.commit(tree, promoted.parents, promoted.message, author=who, committer=who)

    def swap(data: bytes) -> bytes:
        return data.replace(commit.encode(), other.encode())

    event = repo.read_path(ledger.load().tree, "event.json")
    assert event is not None
    rewrite(ledger, "event.json", swap)
    tip = repo.read_commit(ledger.tip())
    task = repo.read_path(tip.tree, "tasks/a.json")
    assert task is not None
    rewrite(ledger, "tasks/a.json", swap)
    problem = verify(ledger)[1]
    assert problem is not None
    assert problem.rule == "promoted-tree"
    assert "evil.txt" in problem.message


def test_a_branch_that_lost_a_promoted_commit_is_found(make_ledger, git, repo) -> None:
    ledger = make_ledger({"id": "a"})
    land(ledger, "a")
    git("update-ref", "refs/heads/orchestrate/p-abc234", "main", cwd=repo)
    problem = verify(ledger)[1]
    assert problem is not None
    assert problem.rule == "branch-holds-promotions"


def test_a_chain_rewritten_whole_shows_in_the_promoted_commits(make_ledger) -> None:
    ledger = make_ledger({"id": "a"})
    land(ledger, "a")
    repo = ledger.repo
    chain = list(repo.log(ledger.tip()))
    parent = ()
    for commit in reversed(chain):
        when = commit.author._replace(time=commit.author.time + 1)
        parent = (repo.commit(commit.tree, parent, commit.message, author=when, committer=when),)
    repo.swap_refs([RefUpdate(ledger.ref, parent[0], ledger.tip())], message="rewritten")
    problem = verify(ledger)[1]
    assert problem is not None
    assert problem.rule == "made-under-ledger"
