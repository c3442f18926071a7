"""How a held task ends: its candidate lands, goes to review, or was the best of what was tried."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from orchestrate.agents.reasons import Reason
from orchestrate.git.types import Oid
from orchestrate.ledger.promotion import branch_tip
from orchestrate.ledger.store import Loaded
from orchestrate.plans.events import Event, attempt_json
from orchestrate.plans.routing import needs_review
from orchestrate.plans.state import Attempt
from orchestrate.plans.states import TaskEvent
from orchestrate.runner.course import Course, course_of
from orchestrate.runner.held import Held
from orchestrate.runner.judging import Candidate
from orchestrate.runner.landing import (
    MOST_REBUILDS,
    Evidence,
    Landing,
    judged,
    promote_on_tip,
    stored_candidate,
)
from orchestrate.runner.measured import best_kept
from orchestrate.runner.recording import attempt_evidence, attempted, judged_attempt
from orchestrate.runner.reviewer import Reviewed, ReviewJob, review_by_agent, reviewing_agent
from orchestrate.runner.trying import Tried
from orchestrate.runner.verdict import Verdict


class _NotLanded(Exception):
    """The attempt did not pass on the branch as it is by now."""

    def __init__(self, made: Attempt) -> None:
        super().__init__(made.reason)
        self.made = made


def land(held: Held, made: Attempt, tried: Tried) -> Attempt | None:
    """None when the task is promoted or submitted; else the attempt, which did not pass after all.

    Raises:
        Lost: the claim is not ours any more.
    """
    assert tried.verdict is not None
    assert tried.produced.candidate is not None
    event = attempted(held, made, tried.baseline)
    evidence = attempt_evidence(held, made, tried.produced)
    course = _reviews(held, made, tried.verdict)
    if course is None:
        held.release("interrupted")
        return None
    evidence |= course.evidence
    if course.events:
        held.mine.append(event, evidence, *course.events)
        held.say(course.what, f"{made.number}: {course.said}")
        return None

    def propose(made: Attempt) -> list[Event]:
        proposed = replace(event, data={**event.data, "attempt": attempt_json(made)})
        return [proposed, held.mine.event(TaskEvent.COMPLETED, made.reason, **course.data)]

    try:
        commit = _promoted(held, made, tried.produced.candidate, tried.verdict, propose, evidence)
    except _NotLanded as error:
        return error.made
    held.say("promoted", commit[:12])
    return None


def exhausted(held: Held, loaded: Loaded, reason: Reason) -> None:
    """Promote the best kept attempt of a measured task; without one the task has failed.

    Raises:
        Lost: the claim is not ours any more.
    """
    now = loaded.state.tasks[held.task.id]
    best = best_kept(now, held.task)
    if best is None:
        held.fail(reason, f"{now.attempt} attempts, none passed")
        return
    candidate = stored_candidate(held.repo, best)
    verdict = held.rejudge(candidate, held.ledger.load())
    if not verdict.passed:
        held.fail(verdict.reason, verdict.detail)
        return
    course = _reviews(held, best, verdict)
    if course is None:
        held.release("interrupted")
    elif course.events:
        first, *then = course.events
        held.mine.append(first, course.evidence, *then)
        held.say(course.what, f"{best.number}: {course.said}")
    else:
        _land_best(held, best, candidate, verdict, course)


def _land_best(
    held: Held, best: Attempt, candidate: Candidate, verdict: Verdict, course: Course
) -> None:
    def propose(_: Attempt) -> list[Event]:
        return [held.mine.event(TaskEvent.COMPLETED, f"best of {best.number}", **course.data)]

    try:
        commit = _promoted(held, best, candidate, verdict, propose, course.evidence)
    except _NotLanded as error:
        held.fail(Reason(error.made.reason), error.made.detail)
        return
    held.say("promoted", f"{commit[:12]} ({best.number}, measured {best.metric:g})")


def _promoted(
    held: Held,
    made: Attempt,
    candidate: Candidate,
    verdict: Verdict,
    propose: Callable[[Attempt], Sequence[Event]],
    evidence: Evidence,
) -> Oid:
    """The commit that landed; where the branch has moved, it was merged and judged anew.

    Raises:
        _NotLanded: it did not pass then, or the branch would not hold still.
    """

    def build(loaded: Loaded) -> Landing:
        nonlocal made, verdict
        if verdict.onto != branch_tip(held.repo, loaded.state):
            held.say("rebuild", "the branch moved: merging and judging again")
            verdict = held.rejudge(candidate, loaded)
            made = judged_attempt(made, verdict)
        if not verdict.passed:
            raise _NotLanded(made)
        return Landing(judged(held.task, held.policy, made, verdict), propose(made))

    landed = promote_on_tip(held.ledger, build, evidence)
    if landed is None:
        moved = f"the branch moved {MOST_REBUILDS} times"
        tip_moved = str(Reason.TIP_MOVED)
        raise _NotLanded(replace(made, outcome="discarded", reason=tip_moved, detail=moved))
    return landed[1]


def _reviews(held: Held, made: Attempt, verdict: Verdict) -> Course | None:
    """What follows from an agent's review and from who else must look; None when cancelled."""
    claim, state = held.claim, held.ledger.load().state
    config = held.policy.config
    agent = reviewing_agent(held.task, config, needs_review=needs_review(held.task))
    said: Reviewed | None = None
    if agent:
        held.say("review", f"{made.number} by {agent}")
        job = ReviewJob(
            held.repo,
            held.policy,
            claim.plan_id,
            held.task,
            made,
            verdict,
            held.cache,
            claim.owner,
            claim.cancel,
        )
        said = review_by_agent(job, agent, claim.project.path)
        if claim.cancel.is_set():
            return None
    return course_of(said, made, verdict, config, state, held.task, held.mine.event)
