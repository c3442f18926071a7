"""`doctor` and `integrate`: what stands in the way of the hooks, and what to do next."""

from pathlib import Path

import pytest


def test_doctor_proves_what_init_installed(orchestrate) -> None:
    orchestrate("init")
    said = orchestrate("doctor").out.splitlines()
    assert len(said) == 6
    assert all(line.endswith(" fires") for line in said)


def test_doctor_says_how_to_repair(orchestrate) -> None:
    assert "`orchestrate doctor --repair`" in orchestrate("doctor", code=1).err
    orchestrate("doctor", "--repair")


def test_a_bare_repository_has_no_hooks_to_prove_and_no_task(
    repo: Path, git, orchestrate, tmp_path: Path
) -> None:
    git("clone", "-q", "--bare", str(repo), str(tmp_path / "bare"), cwd=tmp_path)
    for command, code in ((("doctor",), 2), (("start", "x", "--scope", "src"), 5)):
        ran = orchestrate(*command, cwd=tmp_path / "bare", code=code)
        assert "bare repository" in ran.err
        assert "in a clone that has files" in ran.err


@pytest.mark.parametrize(
    ("tool", "then"),
    [
        ("pre-commit", "`pre-commit install -t pre-commit -t commit-msg -t pre-push`"),
        ("prek", "`prek install -t pre-commit -t commit-msg -t pre-push`"),
        ("husky", "`npm install`"),
        ("lefthook", "`lefthook install`"),
    ],
)
def test_integrate_says_what_lets_git_start_the_manager(orchestrate, tool, then) -> None:
    assert then in orchestrate("integrate", tool).out
    assert "nothing to change" in orchestrate("integrate", tool).out
    known = "pre-commit" if tool == "prek" else tool  # they share a file
    assert f"note: {known} calls orchestrate here" in orchestrate("doctor", code=1).err
    assert "next:" not in orchestrate("integrate", tool, "--remove").out
    assert "note:" not in orchestrate("doctor", code=1).err
