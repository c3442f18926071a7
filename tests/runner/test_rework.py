from hypothesis import given
from hypothesis import strategies as st

from orchestrate.ledger.codec import from_json
from orchestrate.plans.model import Criterion, Task
from orchestrate.plans.state import Attempt, Review
from orchestrate.policy.schema import validate
from orchestrate.policy.yaml import Document
from orchestrate.runner.rework import open_issues, rework_pack

TEXT = st.text(max_size=20)
FINDINGS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["outside-allowed", "todo"]),
            "severity": st.sampled_from(["block", "review", "warn"]),
            "path": TEXT,
            "line": st.integers(0, 99),
            "message": TEXT,
            "next_step": TEXT,
        }
    ),
    max_size=5,
)
RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "criterion": TEXT,
            "command": TEXT,
            "passed": st.booleans(),
            "code": st.none() | st.integers(0, 255),
            "ended": st.sampled_from(["exited", "timeout", "skipped"]),
            "seconds": st.floats(0, 9),
            "output": TEXT,
            "gate": st.sampled_from(["", "fast"]),
        }
    ),
    max_size=4,
)
REASONS = st.sampled_from(["CHECKS_FAILED", "AC_NOT_MET", "TIMEOUT", "PASS_ALL_CRITERIA"])
TASK = Task("a", "A", criteria=(Criterion("c", "true"), Criterion("words")))


def attempt(findings=(), verifications=(), reason="CHECKS_FAILED") -> Attempt:
    at = "2025-01-01T00:00:00Z"
    made = Attempt(0, 0, 1, "x", at, at, "discarded", reason, candidate="c0", tree="t0")
    return Attempt(
        **{
            **{name: getattr(made, name) for name in made.__slots__},
            "findings": tuple(findings),
            "verifications": tuple(verifications),
        }
    )


@given(FINDINGS, RUNS, REASONS, st.randoms(), st.text(max_size=10))
def test_the_same_review_gives_the_same_valid_bytes(findings, runs, reason, chance, said) -> None:
    review = Review("returned", "agent:x", "now", said, "c0", findings=({"issue": "it is bad"},))
    made = attempt(findings, runs, reason)
    pack = rework_pack("p", TASK, made, [review])
    shuffled = chance.sample(findings, len(findings))
    assert rework_pack("p", TASK, attempt(shuffled, runs, reason), [review]).problems == (
        pack.problems
    )
    data = pack.to_bytes()
    assert data == rework_pack("p", TASK, made, [review]).to_bytes()
    validate(Document("rework", from_json(data, "rework.json"), {}, {}), "rework-pack")
    assert pack.rework_policy.open_issues >= 1
    assert any(problem.impact == "block" for problem in pack.problems)


def run(criterion: str, passed: bool) -> dict:
    said = {
        "command": "true",
        "code": 1,
        "ended": "exited",
        "seconds": 1.0,
        "output": "",
        "gate": "",
    }
    return {"criterion": criterion, "passed": passed, **said}


def test_what_was_not_reached_is_open_too() -> None:
    task = Task("a", "A", criteria=(Criterion("one", "true"), Criterion("two", "true")))
    outside = {
        "id": "x",
        "severity": "block",
        "path": "p",
        "line": 0,
        "message": "",
        "next_step": "",
    }
    assert open_issues("p", task, attempt([outside])) == 3
    failed = attempt([], [run("one", False), run("two", False)], "AC_NOT_MET")
    assert open_issues("p", task, failed) == 2
    better = attempt([], [run("one", True), run("two", False)], "AC_NOT_MET")
    assert open_issues("p", task, better) == 1


def test_a_review_of_another_candidate_is_not_in_the_pack() -> None:
    other = Review("returned", "a person", "now", "too long ago", "c9")
    pack = rework_pack("p", TASK, attempt(reason="TIMEOUT"), [other])
    assert [problem.id for problem in pack.problems] == ["timeout"]
