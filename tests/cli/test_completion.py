"""The completion scripts, run by the shells that they are for."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = ("bash", "zsh", "fish")
ASK = """
eval "$(orchestrate completion bash)"
complete_line() {
    COMPREPLY=()
    COMP_WORDS=("$@")
    COMP_CWORD=$(( $# - 1 ))
    "$function" "$1"
    printf '%s\\n' "${COMPREPLY[@]}"
}
"""


def shell(name: str, script: str, cwd: Path) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [name, "-c", script], cwd=cwd, env={**os.environ, "PATH": path},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def completed(repo: Path, *words: str) -> list[str]:
    line = " ".join(f"'{word}'" for word in words)
    registered = f"""{ASK}
    spec=$(complete -p {words[0]}); function=${{spec#*-F }}; function=${{function%% *}}
    complete_line {line}"""
    return shell("bash", registered, repo).split()


@pytest.mark.parametrize("name", ["orchestrate", "git-orchestrate"])
def test_bash_completes_both_names(repo: Path, name: str) -> None:
    assert completed(repo, name, "roll") == ["rollback"]
    assert "approve" in completed(repo, name, "plan", "")


def test_bash_completes_the_plans_of_the_repository(repo: Path, orchestrate) -> None:
    orchestrate("start", "write it down", "--scope", "a.txt")
    found = completed(repo, "orchestrate", "log", "wri")
    assert [plan.rpartition("-")[0] for plan in found] == ["write-it-down"]


def test_bash_completes_the_ids_of_checks(repo: Path) -> None:
    assert completed(repo, "orchestrate", "check", "--explain", "huge") == ["huge-file"]
    found = completed(repo, "orchestrate", "check", "--only", "secrets,patt")
    assert found == ["secrets,patterns"]


def test_bash_completes_below_git(repo: Path) -> None:
    script = f"""{ASK}
    words=(git -C . orchestrate plan appr); cword=5
    COMPREPLY=(); _git_orchestrate; printf '%s\\n' "${{COMPREPLY[@]}}" """
    assert shell("bash", script, repo).split() == ["approve"]


@pytest.mark.parametrize("name", SHELLS)
def test_each_script_names_both_programs_and_parses(repo: Path, orchestrate, name: str) -> None:
    script = orchestrate("completion", name).out
    assert "git-orchestrate" in script
    assert "_ORCHESTRATE_COMPLETE" in script
    if shutil.which(name):
        shell(name, f"{name} -n <<'END'\n{script}\nEND\n" if name != "fish" else "true", repo)


def test_another_shell_is_refused(orchestrate) -> None:
    assert "bash" in orchestrate("completion", "tcsh", code=2).err
