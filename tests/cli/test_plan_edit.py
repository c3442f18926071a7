"""`orchestrate plan edit`: by a file, by an editor, and when neither is of use."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.playing import plan_file, playing


@pytest.fixture
def plan(repo: Path, git, orchestrate, tmp_path: Path) -> Path:
    """The file of a draft."""
    playing(repo, git, {})
    path = plan_file(tmp_path, {"id": "a", "scope": ["a/**"]})
    orchestrate("plan", "create", "--file", str(path))
    return path


def test_a_file_replaces_the_plan_and_voids_the_approval(plan: Path, orchestrate) -> None:
    orchestrate("plan", "approve")
    plan.write_text(plan.read_text().replace("a/**", "b/**"))
    said = orchestrate("plan", "edit", "--file", str(plan), "--reason", "another folder").out
    assert "is now at version 2, not approved" in said
    assert "b/**" in orchestrate("plan", "show").out
    assert "is not approved" in orchestrate("run", code=4).err


def test_an_edit_needs_a_reason(plan: Path, orchestrate) -> None:
    assert "--reason" in orchestrate("plan", "edit", "--file", str(plan), code=2).err


@pytest.fixture
def editor(tmp_path: Path, monkeypatch) -> Callable[[str, str], None]:
    """Makes the editor one that replaces a text, and leaves no copy of the file beside it."""

    def use(old: str, new: str) -> None:
        script = tmp_path / "editor.py"
        script.write_text(
            "import pathlib, sys\n"
            "file = pathlib.Path(sys.argv[1])\n"
            f"file.write_text(file.read_text().replace({old!r}, {new!r}))\n"
        )
        monkeypatch.setenv("VISUAL", shlex.join([sys.executable, str(script)]))

    return use


def test_what_an_editor_saves_is_the_new_version(plan: Path, orchestrate, editor) -> None:
    editor("a/", "b/")
    assert "version 2" in orchestrate("plan", "edit", "--reason", "another folder").out
    assert "b/**" in orchestrate("plan", "show").out


def test_a_text_that_is_no_plan_is_kept_for_mending(
    plan: Path, orchestrate, editor, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    editor("title", "titel")
    ran = orchestrate("plan", "edit", "--reason", "x", code=2)
    assert "demo-abc234.rejected.yaml" in ran.err
    assert "titel" in (tmp_path / "demo-abc234.rejected.yaml").read_text()


def test_an_editor_that_does_not_start_is_told(plan: Path, orchestrate, monkeypatch) -> None:
    monkeypatch.setenv("VISUAL", "false")
    ran = orchestrate("plan", "edit", code=5)
    assert "the editor did not work" in ran.err
    assert "--file" in ran.err


def test_a_plan_that_ended_is_refused_before_the_editor_opens(
    plan: Path, orchestrate, monkeypatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("VISUAL", f"touch {tmp_path / 'opened'};")
    orchestrate("plan", "reject", "--reason", "no")
    assert "does not take 'revised'" in orchestrate("plan", "edit", code=4).err
    assert not (tmp_path / "opened").exists()
