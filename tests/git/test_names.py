"""What may reach git as a name, an identity or a trailer."""

import subprocess

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrate.errors import InvalidInput
from orchestrate.git import names


@given(st.text(alphabet="ab/.@{}~^:?*[\\ -\x01\x7f", min_size=1, max_size=12))
@example("a.lock")
@example("a.lock/b")
@example("@")
def test_ref_names_are_what_git_takes(name: str) -> None:
    full = f"refs/heads/{name}"
    said = subprocess.run(["git", "check-ref-format", full], check=False).returncode == 0
    if said:
        assert names.check_ref_name(full) == full
    else:
        with pytest.raises(InvalidInput):
            names.check_ref_name(full)


@pytest.mark.parametrize("name", ["HEAD", "main", "refs/heads", "-x", "heads/a/b", "refs/a/\udcff"])
def test_only_full_ref_names_pass(name: str) -> None:
    with pytest.raises(InvalidInput, match="not a valid ref name"):
        names.check_ref_name(name)


@pytest.mark.parametrize("text", ["a", "0", "team-feature-2", "a" * 63])
def test_ids_that_pass(text: str) -> None:
    assert names.check_id(text) == text


@pytest.mark.parametrize("text", ["", "-a", "A", "a_b", "a/b", "a" * 64, "a\n", "ä"])
def test_ids_that_do_not(text: str) -> None:
    assert not names.valid_id(text)
    with pytest.raises(InvalidInput, match="not a valid task id"):
        names.check_id(text, "task id")


@pytest.mark.parametrize(
    "path", ["", "/a", "a/", "a//b", ".", "a/../b", "a\0b", ".git/x", "s/.GIT"]
)
def test_paths_that_a_tree_must_not_hold(path: str) -> None:
    with pytest.raises(InvalidInput, match="not a path"):
        names.check_path(path)


@pytest.mark.parametrize(
    ("name", "email"),
    [("", "a@b"), ("A", ""), ("A <x>", "a@b"), ("A\nB", "a@b"), ("A", "a@b\n"), (" .,", "a@b")],
)
def test_identities_that_would_break_a_commit(name: str, email: str) -> None:
    with pytest.raises(InvalidInput, match="the identity's"):
        names.check_identity(name, email)


def test_a_message_is_subject_body_and_trailers() -> None:
    message = names.compose_message(
        "feat: a thing ", "Why\n\nSo.\n", [("Orchestrate-Task", "t1"), ("Reviewed-by", "A <a@b>")]
    )
    assert message == "feat: a thing\n\nWhy\n\nSo.\n\nOrchestrate-Task: t1\nReviewed-by: A <a@b>\n"
    assert names.parse_trailers(message) == (("Orchestrate-Task", "t1"), ("Reviewed-by", "A <a@b>"))


@pytest.mark.parametrize(
    ("key", "value"), [("a b", "x"), ("", "x"), ("Key", ""), ("Key", "x\nOther: y"), ("K:", "x")]
)
def test_trailers_that_would_forge_others(key: str, value: str) -> None:
    with pytest.raises(InvalidInput):
        names.compose_message("subject", "", [(key, value)])


@pytest.mark.parametrize("subject", ["", " ", "two\nlines"])
def test_a_subject_is_one_line(subject: str) -> None:
    with pytest.raises(InvalidInput, match="subject is one line"):
        names.compose_message(subject)


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("subject\n\nKey: value\n", (("Key", "value"),)),
        ("subject\n\nbody\n\nA: 1\nB: 2\n  more\n\n", (("A", "1"), ("B", "2 more"))),
        ("subject\n\nbody\n", ()),
        ("Key: value\n", ()),
        ("subject\nKey: value\n", ()),
        ("subject\n\nA: 1\nprose\n", ()),
        ("subject\n\nA: 1\n(cherry picked from commit 0123)\n", (("A", "1"),)),
        ("subject\n\nA: 1\n\nlast words\n", ()),
        ("", ()),
    ],
)
def test_trailers_are_the_last_paragraph(message: str, found: tuple[tuple[str, str], ...]) -> None:
    assert names.parse_trailers(message) == found
