"""The edge: exit codes, messages, help."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from orchestrate.cli import main
from orchestrate.cli.main import COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_with_examples_and_the_table_knows_it(
    orchestrate, command: str
) -> None:
    assert command in orchestrate("--help").out
    out = orchestrate(command, "--help").out
    assert f"  orchestrate {command}" in out or f"(orchestrate {command}" in out


def subcommands() -> list[tuple[str, str]]:
    """Each command within a group, as (group, name)."""
    context = click.Context(main.cli)
    groups = ((name, main.cli.get_command(context, name)) for name in COMMANDS)
    return [
        (name, sub)
        for name, group in groups
        if isinstance(group, click.Group)
        for sub in group.list_commands(context)
    ]


@pytest.mark.parametrize(("group", "name"), subcommands())
def test_every_subcommand_has_examples_and_a_first_line_that_is_not_cut(
    orchestrate, group: str, name: str
) -> None:
    assert f"  orchestrate {group} {name}" in orchestrate(group, name, "--help").out
    listed = orchestrate(group, "--help").out
    line = next(x for x in listed.splitlines() if x.split()[:1] == [name])
    assert not line.endswith("...")


def test_an_unknown_command_is_wrong_use(orchestrate) -> None:
    ran = orchestrate("frobnicate", code=2)
    assert "No such command" in ran.err
    assert ran.out == ""


def test_a_mistyped_command_is_told_the_near_one(orchestrate) -> None:
    assert "Did you mean 'check'?" in orchestrate("chek", code=2).err


@pytest.mark.parametrize(
    "command",
    ["status", "check", "verify --base x", "doctor", "init", "uninstall", "plan list"],
)
def test_outside_a_repository_the_message_says_so(orchestrate, tmp_path: Path, command) -> None:
    ran = orchestrate(*command.split(), code=2, cwd=tmp_path)
    assert "not in a git repository" in ran.err
    assert "Traceback" not in ran.err


def test_a_bug_of_ours_ends_with_three_and_a_traceback(orchestrate, monkeypatch) -> None:
    def broken(*args: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("orchestrate.cli.status.project_of", broken)
    ran = orchestrate("status", code=3)
    assert "internal error: RuntimeError: boom" in ran.err
    assert ran.out == ""


@pytest.mark.parametrize(
    "refusal",
    [
        OSError(errno.EROFS, "Read-only file system", "/x/rollback.lock"),
        PermissionError(errno.EACCES, "Permission denied", "/x/rollback.lock"),
        OSError("failed to create temporary file '/x/rollback.lock': Read-only file system"),
    ],
)
def test_what_cannot_be_written_is_no_bug_of_ours(orchestrate, monkeypatch, refusal) -> None:
    def refused(*args: object) -> None:
        raise refusal

    monkeypatch.setattr("orchestrate.cli.status.project_of", refused)
    ran = orchestrate("status", code=5)
    assert "/x/rollback.lock" in ran.err
    assert "make it writable" in ran.err
    assert "Traceback" not in ran.err


def test_an_unsupported_system_is_told_so(orchestrate, monkeypatch) -> None:
    monkeypatch.setattr(main.os, "name", "nt")
    assert "Linux and macOS" in orchestrate("status", code=5).err


def test_a_reader_that_goes_away_is_no_error(repo: Path, git) -> None:
    line = f"{sys.executable} -m orchestrate.cli.main --help | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", line], cwd=repo, capture_output=True, text=True, check=False, env=os.environ
    )
    assert "Traceback" not in done.stderr


def test_the_program_starts_without_the_heavy_imports() -> None:
    code = (
        "import sys; from orchestrate.cli.main import run; run(['--help']);"
        "heavy = {'pygit2', 'jsonschema', 'ruamel.yaml', 'hyperscan'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
