"""What a commit message must look like."""

from dataclasses import replace

import pytest

from orchestrate.checks.message import check_message, cleaned, trailers
from orchestrate.policy.config import default_config

CONFIG = default_config().commit_message


def ids(message: str, **changes: object) -> list[str]:
    return [f.id for f in check_message(message, replace(CONFIG, **changes))]


@pytest.mark.parametrize(
    "message",
    [
        "feat: add x",
        "fix(parser)!: take y",
        "docs: é",
        "Merge branch 'x'",
        'Revert "feat: y"',
        "fixup! whatever",
        "chore: x\n\nbody\n\nSigned-off-by: A <a@b>",
        "",
    ],
)
def test_these_are_fine(message: str) -> None:
    assert ids(message) == []


@pytest.mark.parametrize(
    ("message", "id"),
    [
        ("add x", "unconventional-subject"),
        ("feature: x", "unconventional-subject"),
        ("feat:x", "unconventional-subject"),
        ("feat(): x", "unconventional-subject"),
        ("feat: " + "x" * 70, "long-subject"),
        ("feat: x\nbody", "no-blank-line"),
    ],
)
def test_these_are_found(message: str, id: str) -> None:
    assert ids(message) == [id]


def test_the_policy_chooses_types_scopes_trailers_and_severity() -> None:
    assert ids("wip: x", types=("wip",)) == []
    assert ids("feat(b): x", scopes=("a",)) == ["unconventional-subject"]
    assert ids("feat: x", required_trailers=("Signed-off-by",)) == ["missing-trailer"]
    assert ids("feat: x\n\nsigned-off-by: me", required_trailers=("Signed-off-by",)) == []
    assert ids("anything goes", conventional=False) == []


def test_comments_and_what_is_below_the_scissors_do_not_count() -> None:
    text = "# hello\nfeat: x  \n\n# ------------------------ >8 ------------------------\ndiff\n"
    assert cleaned(text) == "feat: x"


def test_trailers_are_the_last_paragraph_when_all_of_it_is() -> None:
    assert trailers("a\n\nB: c\nD-E: f\n g") == [("B", "c"), ("D-E", "f")]
    assert trailers("a\n\nB: c\nprose") == []
    assert trailers("B: c") == []
