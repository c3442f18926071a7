"""Judges a person's own task and closes it: what is judged is HEAD, as it is committed.

Rules kept here:

* The change is everything from the task's base to HEAD, whoever committed it. Where others' work
  was merged in meanwhile, `since` names the commit it came from; the attempt records that.
* Policy is that of the task's base; the acceptance commands run in a clean checkout of HEAD's tree.
* Each judgement is an attempt in the ledger. A pass closes task and plan in one append and names
  HEAD as the commit; that commit stays reachable by the candidate's ref, whatever the person does
  with the branch. No branch, index or file moves.
* The ledger comes first, then the worktree's file goes.
"""

from dataclasses import asdict, dataclass, replace

from orchestrate.agents.reasons import Reason
from orchestrate.errors import Conflict, InvalidInput
from orchestrate.git.repository import Repository
from orchestrate.git.types import Oid, RefUpdate
from orchestrate.git.user_tree import stage, uncommitted, work_tree_of
from orchestrate.ledger.notes import note_verdicts
from orchestrate.ledger.record import record_files
from orchestrate.ledger.store import Decision, Loaded
from orchestrate.plans.decide import decide_all
from orchestrate.plans.events import Event, attempt_json
from orchestrate.plans.state import Attempt, PlanState, Review
from orchestrate.plans.states import PlanEvent, TaskEvent
from orchestrate.policy.globs import Globs
from orchestrate.runner import active_task, clock
from orchestrate.runner.attempt import candidate_ref
from orchestrate.runner.decisions import person_of
from orchestrate.runner.judging import Candidate, judge
from orchestrate.runner.landing import bench_for
from orchestrate.runner.own_task import OwnTask, event
from orchestrate.runner.owner import this_owner
from orchestrate.runner.places import AttemptPlace, repository_cache
from orchestrate.runner.project import policy_at
from orchestrate.runner.verdict import Verdict, finding_json

BY_HAND = "person"  # who did an attempt that no agent did


@dataclass(frozen=True, slots=True)
class Finished:
    """How a finish ended: the attempt it recorded, and whether it closed the task.

    `left_out` are uncommitted paths outside the scope, which nobody judged.
    """

    loaded: Loaded
    attempt: Attempt
    closed: bool
    left_out: tuple[str, ...] = ()


def finish(repo: Repository, own: OwnTask, *, since: str = "", reviewed: str = "") -> Finished:
    """Judge HEAD; a pass closes the task, everything else leaves it open.

    `reviewed` is what a person says who has looked at the findings that ask for one.

    Raises:
        Conflict: there are uncommitted changes in the scope, HEAD does not hold the task's base,
            or the task was closed meanwhile.
        InvalidInput: `since` is not a commit between base and HEAD.
    """
    left_out = _uncommitted(repo, own)
    head = repo.head_commit()
    assert head is not None  # the task's base is a commit of this repository
    base = _begin(repo, own.loaded.state, head, since)
    started = clock.now()
    verdict = _judge(repo, own, Candidate(head, repo.tree_of(head), base))
    closes = verdict.passed and (bool(reviewed) or not verdict.needs_person)
    made = _attempt(own, verdict, head, started, closes)
    if since:
        made = replace(made, detail=f"judged since {base}, not the base. {made.detail}".strip())
    loaded = _record(repo, own, made, verdict, reviewed if closes else None)
    if closes:
        note_verdicts(own.ledger, own.loaded.tip, loaded, clock.now())
        active_task.clear(repo.git_dir)
    return Finished(loaded, made, closes, left_out)


def write_record(repo: Repository, own: OwnTask, loaded: Loaded) -> list[str]:
    """Write the closed task's record into the working tree and stage it; its paths."""
    folder = work_tree_of(repo)
    text = own.ledger.plan_yaml(loaded)
    files = record_files(loaded.state, text, loaded.tip, [own.task.id])
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    stage(repo, list(files))
    return list(files)


def _uncommitted(repo: Repository, own: OwnTask) -> tuple[str, ...]:
    """The uncommitted paths outside the scope. Raises: Conflict for those in it."""
    paths = uncommitted(repo)
    scope = Globs(own.task.scope)
    inside = [path for path in paths if scope.match(path)]
    if inside:
        more = f" and {len(inside) - 5} more" if len(inside) > 5 else ""
        raise Conflict(
            f"not committed: {', '.join(inside[:5])}{more}; what is judged is HEAD",
            hint="commit them, or put them aside, then: orchestrate finish",
        )
    return tuple(paths)


def _begin(repo: Repository, state: PlanState, head: Oid, since: str) -> Oid:
    base = Oid(state.base)
    if not repo.is_ancestor(base, head):
        raise Conflict(
            f"HEAD does not hold {base[:12]}, the commit that the task began at",
            hint="switch to the branch of the task; if it was rewritten from below that commit, "
            "give the task up with --cancel and start another",
        )
    if not since:
        return base
    begin = repo.resolve(since)
    if not (repo.is_ancestor(base, begin) and repo.is_ancestor(begin, head)):
        raise InvalidInput(
            f"--since {since} does not lie between the task's base {base[:12]} and HEAD",
            hint="name what was merged or rebased onto: a commit that HEAD holds, such as main",
        )
    return begin


def _judge(repo: Repository, own: OwnTask, candidate: Candidate) -> Verdict:
    state = own.loaded.state
    policy = policy_at(repo, state.base)
    cache = repository_cache(repo.common_dir)
    name = f"{state.plan.id}/{own.task.id}-finish"
    place = AttemptPlace.make(cache, name, this_owner())
    try:
        bench = bench_for(repo, state, policy, own.task, cache=cache, scratch=place.scratch)
        return judge(candidate, candidate.base, bench)
    finally:
        place.remove()


def _attempt(own: OwnTask, verdict: Verdict, head: Oid, started: int, closes: bool) -> Attempt:
    now = own.state
    unseen = verdict.passed and not closes
    return Attempt(
        revision=now.revision,
        attempt=now.attempt,
        generation=now.generation,
        agent=BY_HAND,
        started_at=clock.iso(started),
        ended_at=clock.iso(clock.now()),
        outcome="passed" if closes else "discarded",
        reason=str(Reason.GATE_NOT_RUN if unseen else verdict.reason),
        detail="a person must look at the findings" if unseen else verdict.detail[:2000],
        candidate=head,
        tree=verdict.tree or "",
        findings=tuple(finding_json(f) for f in verdict.findings),
        verifications=tuple(v.as_json() for v in verdict.verifications),
    )


def _record(
    repo: Repository, own: OwnTask, made: Attempt, verdict: Verdict, reviewed: str | None
) -> Loaded:
    """Append the attempt, and with `reviewed` not None the end of task and plan."""
    task = own.task.id
    attempted = event(repo, TaskEvent.ATTEMPTED, task, made.reason, attempt=attempt_json(made))
    proposals = [replace(attempted, generation=made.generation)]
    if reviewed is not None:
        proposals += _closing(repo, own, made, verdict, reviewed)
    name = candidate_ref(own.ledger.plan_id, task, made.revision, made.attempt)

    def decision(now: Loaded) -> Decision:
        events = decide_all(now.state, proposals)
        pin = RefUpdate(name, Oid(made.candidate), repo.ref(name))
        return Decision(events, refs=[pin])

    return own.ledger.append(decision, at=clock.now())


def _closing(
    repo: Repository, own: OwnTask, made: Attempt, verdict: Verdict, reviewed: str
) -> list[Event]:
    landed: dict[str, object] = {
        "commit": made.candidate,
        "tree": made.tree,
        "policy": verdict.policy,
        "landed_by": BY_HAND,
    }
    if reviewed:
        now = clock.iso(clock.now())
        seen = Review(
            "approved", person_of(repo), now, reviewed, made.candidate, made.tree, verdict.policy
        )
        landed["review"] = asdict(seen)
    return [
        event(repo, TaskEvent.COMPLETED, own.task.id, made.reason, **landed),
        event(repo, PlanEvent.COMPLETED, "", "its task is completed"),
    ]
