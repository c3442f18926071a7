"""One attempt at a task: an isolated workspace, the agent in it, and what tree it left.

The workspace is disposable. Of what the agent did only the tree is taken, by reading the files:
nothing of the workspace's own `.git` is trusted, the agent may have rewritten or removed it.
"""

import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from orchestrate.agents.adapter import Adapter, AttemptEnd, AttemptRequest, Outcome, RefusedCommand
from orchestrate.agents.limits import ProcessLimits
from orchestrate.agents.pack import StepPack
from orchestrate.agents.prompt import prompt
from orchestrate.agents.reasons import Reason
from orchestrate.agents.result import StepResult
from orchestrate.agents.sessions import Session
from orchestrate.checks.findings import Finding
from orchestrate.errors import OrchestrateError
from orchestrate.git.errors import RefMoved
from orchestrate.git.names import compose_message
from orchestrate.git.quarantine import admit, view
from orchestrate.git.repository import Repository
from orchestrate.git.retry import retry
from orchestrate.git.types import Oid, RefUpdate, Signature
from orchestrate.git.workspace import capture_tree, create_workspace
from orchestrate.ledger.evidence import MAX_FILE, capped, storable
from orchestrate.machine_json import to_json
from orchestrate.runner import active_task
from orchestrate.runner.bystander import changed, look
from orchestrate.runner.judging import Bench, Candidate, secrets_in
from orchestrate.runner.places import AttemptPlace
from orchestrate.runner.workspace_hooks import share_cache, write_hooks

CANDIDATES = "refs/orchestrate/candidates/"
UNJUDGED = "unjudged"  # the part of an attempt's number that names what it left when it was stopped
# Where there is nothing to read, or what is read would be too much for the disk.
_NOT_KEPT = frozenset({Reason.WORKSPACE_LOST, Reason.WORKSPACE_LIMIT, Reason.DISK_FULL})


@dataclass(frozen=True, slots=True)
class Assignment:
    """What one attempt is given."""

    plan_id: str
    task_id: str
    revision: int
    attempt: int
    start: Oid  # the commit that the workspace holds at first
    base: Oid  # the branch tip that the candidate is built on
    pack: StepPack
    active: Mapping[str, object]
    limits: ProcessLimits
    max_turns: int | None = None
    max_cost_usd: float | None = None
    max_repeats: int | None = None
    session: Session | None = None
    sparse: tuple[str, ...] | None = None
    refused_commands: tuple[RefusedCommand, ...] = ()


@dataclass(frozen=True, slots=True)
class Produced:
    """What an attempt came to, before judgement. `reason` ENDED means: there is a tree to judge."""

    reason: Reason
    candidate: Candidate | None = None
    detail: str = ""
    session: Session | None = None
    usage: Mapping[str, object] = field(default_factory=dict)
    evidence: Mapping[str, bytes] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()  # why the tree was not even kept
    result: StepResult | None = None  # what the agent says of its work
    noticed: tuple[str, ...] = ()  # what changed in the user's own repository meanwhile


def attempt(
    repo: Repository,
    assignment: Assignment,
    adapter: Adapter,
    place: AttemptPlace,
    bench: Bench,
    cancel: threading.Event,
    at: int,
) -> Produced:
    """Run the agent in a fresh workspace and take the tree that it left.

    A tree with a secret in it is thrown away before any object of it reaches the repository.

    Raises:
        OrchestrateError: the workspace could not be made; there is no fallback to a shared tree.
    """
    create_workspace(
        repo, assignment.start, place.work, sparse=assignment.sparse, index=place.index
    )
    active_task.write(place.work / ".git", dict(assignment.active))
    share_cache(repo.common_dir, place.work)
    config = bench.policy.config
    ours = (f"refs/heads/{config.branch_prefix}", config.ledger_prefix)
    before = look(repo, ours)
    end = adapter.run(_request(repo, assignment, place), cancel)
    noticed = changed(before, look(repo, ours))
    evidence = _evidence(assignment.pack, end, noticed)
    produced = Produced(
        reason=end.reason_code,
        detail=end.detail,
        session=end.session,
        usage=asdict(end.usage),
        evidence=evidence,
        result=end.result,
        noticed=noticed,
    )
    if end.outcome is Outcome.ENDED:
        return _captured(repo, assignment, place, bench, at, produced)
    if end.reason_code not in _NOT_KEPT:
        _keep_unjudged(repo, assignment, place, bench, at)
    return produced


def _captured(
    repo: Repository,
    assignment: Assignment,
    place: AttemptPlace,
    bench: Bench,
    at: int,
    produced: Produced,
) -> Produced:
    """What was produced, with the tree that is left as the candidate."""
    try:
        tree = capture_tree(repo, place.work, place.index, objects=place.objects)
    except OrchestrateError as error:
        return replace(produced, reason=Reason.WORKSPACE_LOST, detail=str(error))
    secrets = secrets_in(view(repo, place.objects), assignment.base, tree, bench)
    if secrets:
        return replace(produced, reason=Reason.CHECKS_FAILED, findings=secrets)
    admit(repo, place.objects)
    commit = keep_candidate(repo, assignment, tree, at)
    return replace(produced, candidate=Candidate(commit, tree, assignment.base))


def _keep_unjudged(
    repo: Repository, assignment: Assignment, place: AttemptPlace, bench: Bench, at: int
) -> None:
    """Keep what a stopped attempt left for people to look at; it is no candidate.

    Nothing is kept of a tree that is as it was or that holds a secret. What cannot be read is not
    kept either: why the attempt was stopped is what counts.
    """
    try:
        tree = capture_tree(repo, place.work, place.index, objects=place.objects)
        if tree == repo.tree_of(assignment.start):
            return
        if secrets_in(view(repo, place.objects), assignment.base, tree, bench):
            return
        admit(repo, place.objects)
        keep_candidate(repo, assignment, tree, at, UNJUDGED)
    except (OrchestrateError, OSError):
        return


def _request(repo: Repository, assignment: Assignment, place: AttemptPlace) -> AttemptRequest:
    objects = repo.common_dir / "objects"
    return AttemptRequest(
        workspace=place.work,
        scratch=place.scratch,
        pack=assignment.pack,
        prompt=prompt(assignment.pack),
        limits=assignment.limits,
        environ=os.environ,
        session=assignment.session,
        max_turns=assignment.max_turns,
        max_cost_usd=assignment.max_cost_usd,
        max_repeats=assignment.max_repeats,
        git_hooks=write_hooks(place.scratch / "hooks"),
        refused_commands=assignment.refused_commands,
        # In a sandbox the user's repository is out of sight, but for the objects borrowed from it.
        hide=tuple(p for p in (repo.work_tree, repo.common_dir) if p is not None),
        show=(objects,),
    )


def _evidence(pack: StepPack, end: AttemptEnd, noticed: tuple[str, ...]) -> dict[str, bytes]:
    evidence = {"pack.json": storable(pack.to_json().encode())}
    if noticed:
        text = "\n".join([*noticed, ""])
        evidence["noticed.txt"] = storable(text.encode("utf-8", "surrogateescape"))
    if end.output.exists():
        evidence["output.txt"] = storable(_ends(end.output))
    if end.result is not None:
        evidence["result.json"] = storable(to_json(asdict(end.result)))
    return evidence


def _ends(path: Path, most: int = 8 * MAX_FILE) -> bytes:
    """A file's bytes; of a larger one the first and the last part."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if size <= most:
            return file.read()
        head = file.read(most // 2)
        file.seek(size - most // 2)
        return capped(head + file.read(), most)


def keep_candidate(
    repo: Repository, assignment: Assignment, tree: Oid, at: int, part: str = ""
) -> Oid:
    """The tree as a commit on the base, named by a ref so that nothing collects it.

    `part` names what of the attempt it is, "" for the whole.
    """
    a = assignment
    number = f"R{a.revision}/S{a.attempt}"
    trailers = [
        ("Orchestrate-Plan", a.plan_id),
        ("Orchestrate-Task", a.task_id),
        ("Orchestrate-Attempt", number),
    ]
    who = Signature(*repo.identity(), at)
    message = compose_message(f"{part or 'candidate'}: {a.task_id} {number}", trailers=trailers)
    commit = repo.commit(tree, [a.base], message, author=who, committer=who)
    name = candidate_ref(a.plan_id, a.task_id, a.revision, a.attempt, part)

    def point() -> None:
        # A killed run may have left one of this number behind: it was never recorded.
        repo.swap_refs([RefUpdate(name, commit, repo.ref(name))], message="candidate")

    retry(point, on=(RefMoved,))
    return commit


def candidate_ref(plan: str, task: str, revision: int, attempt: int, part: str = "") -> str:
    """The ref that keeps what an attempt came to, or the named part of it."""
    return f"{CANDIDATES}{plan}/{task}/{revision}-{attempt}{part and '-'}{part}"
