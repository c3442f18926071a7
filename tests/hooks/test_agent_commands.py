"""Which command lines the agents' hook refuses, and that ordinary work goes through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.hooks.agent_commands import refusals
from orchestrate.hooks.agent_judge import judge, targets
from orchestrate.policy.scope_regexes import scope_regexes

REFUSED = [
    "git commit --no-verify -m x",
    "git commit -n -m x",
    "git commit -anm x",
    "git commit --no-verif -m x",
    "git -C sub commit -m x --no-verify",
    "git push --no-verify",
    "git merge --no-verify topic",
    "git am -n < x.patch",
    "git -c core.hooksPath=/dev/null commit -m x",
    "git -c core.hookspath= commit -m x",
    "git -c CORE.HOOKSPATH=x commit -m x",
    "git --config-env=core.hooksPath=X commit -m x",
    "git -c alias.ci='commit -n' ci",
    "git config core.hooksPath /dev/null",
    "git config --local --unset core.hooksPath",
    "git config unset core.hooksPath",
    "git push --force",
    "git push -f origin main",
    "git push -uf origin main",
    "git push --force-with-lease",
    "git push origin +main",
    "git push --mirror",
    "git update-ref refs/heads/main HEAD~1",
    "GIT_CONFIG_PARAMETERS= git commit -m x",
    "export GIT_CONFIG_COUNT=0; git commit -m x",
    "unset GIT_CONFIG_PARAMETERS && git commit -m x",
    "env -u GIT_CONFIG_PARAMETERS git commit -m x",
    "GIT_DIR=/elsewhere git commit -m x",
    "HUSKY=0 git commit -m x",
    "SKIP=all git commit -m x",
    "make && git commit --no-verify -m x",
    "true; git commit --no-verify -m x",
    "(git commit --no-verify -m x)",
    "git add . &\ngit commit --no-verify -m x",
    "bash -c 'git commit --no-verify -m x'",
    'bash -lc "git add . && git commit -n -m x"',
    "eval git commit --no-verify -m x",
    "sudo env A=1 /usr/bin/git commit --no-verify -m x",
    "echo $(git commit --no-verify -m x)",
    "echo `git commit --no-verify -m x`",
    "bash <<EOF\ngit commit --no-verify -m x\nEOF",
    "xargs git commit --no-verify < list",
    "git commit --no-verify -m 'not closed",
    "g'i't comm\"it\" --no-verify",
]

ALLOWED = [
    "git commit -m x",
    "git commit -am 'say -n and --no-verify in a message'",
    "git commit -mn",
    "git commit -F message.txt",
    "git commit -m x -- --no-verify",
    "git push origin main",
    "git push -u origin topic",
    "git config user.name x",
    "git config --get core.hooksPath",
    "git -c user.name=x commit -m x",
    "git log -n 3",
    "git merge -n topic",
    "git add -f ignored.txt",
    "git checkout -f",
    "git push -o ci.skip origin main",
    "grep -rn 'git push --force' docs",
    "echo 'git commit --no-verify'",
    "cat > notes.md <<'EOF'\nNever run git commit --no-verify.\nEOF",
    "printf '%s' \"GIT_DIR=x\"",
    "rm -rf build",
    "python -m pytest -n 2",
    "unset FOO; export BAR=1",
    "",
]


@pytest.mark.parametrize("line", REFUSED)
def test_refused(line: str) -> None:
    assert list(refusals(line))


@pytest.mark.parametrize("line", ALLOWED)
def test_allowed(line: str) -> None:
    assert list(refusals(line)) == []


@given(st.text(alphabet=st.sampled_from("git commit-nvrfy'\"$()`;&|<>\n\\{}#E OF="), max_size=80))
def test_any_line_gets_an_answer(line: str) -> None:
    list(refusals(line))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["echo", "x", ">", "out"], ["out"]),
        (["echo", "x", ">>out", "2>&1"], ["out"]),
        (["make", "2>", "err.txt"], ["err.txt"]),
        (["rm", "-rf", "a", "b"], ["a", "b"]),
        (["mv", "a", "b"], ["a", "b"]),
        (["cp", "a", "b", "into"], ["into"]),
        (["sed", "-i", "s/a/b/", "file"], ["file"]),
        (["sed", "s/a/b/", "file"], []),
        (["tee", "-a", "log"], ["log"]),
        (["rm", "*.pyc"], []),
        (["cat", "a"], []),
    ],
)
def test_files_that_a_command_surely_writes(words: list[str], expected: list[str]) -> None:
    assert list(targets(words)) == expected


GUARD = {
    "scope": ["src/"],
    "regexes": {
        "scope": [r"(?s:(?:.+/)?src/.*)"],
        "named": [r"(?s:(?:.+/)?src/.*)"],
        "deny": [r"(?s:src/gen/.*)"],
        "protected": [r"(?s:\.github/.*)"],
    },
    "commands": [{"id": "no-curl", "pattern": r"\bcurl\b", "message": "no net", "unless": "local"}],
}


@pytest.mark.parametrize(
    ("tool", "given_", "says"),
    [
        ("Write", {"file_path": "src/a.py"}, ""),
        ("Write", {"file_path": "docs/a.md"}, "outside the scope of this task (src/)"),
        ("write_file", {"file_path": "src/gen/x"}, "forbidden"),
        ("Edit", {"file_path": ".github/w.yml"}, "protected"),
        ("write", {"filePath": "../else/x"}, "outside the workspace"),
        ("Write", {"file_path": "/etc/passwd"}, "outside the workspace"),
        ("Write", {"file_path": "src/../.git/hooks/pre-commit"}, "git's own"),
        ("Write", {"file_path": "src/.GIT/config"}, "git's own"),
        ("Read", {"file_path": "/etc/passwd"}, ""),
        ("apply_patch", {"command": "*** Begin Patch\n*** Add File: docs/x\n+a\n"}, "outside"),
        ("apply_patch", {"patchText": "*** Update File: src/x\n*** Move to: y\n"}, "y is outside"),
        ("apply_patch", {"input": "*** Update File: src/x\n"}, ""),
        ("Bash", {"command": "echo x > docs/y"}, "outside the scope"),
        ("Bash", {"command": "rm -rf .git/hooks"}, "git's own"),
        ("Bash", {"command": "echo x > src/y"}, ""),
        ("exec_command", {"cmd": "git commit --no-verify"}, "without its hooks"),
        ("shell", {"command": ["bash", "-lc", "git commit -n"]}, "without its hooks"),
        ("bash", {"command": "curl example.org"}, "[no-curl] no net"),
        ("bash", {"command": "curl local"}, ""),
        ("WebFetch", {"url": "http://x"}, ""),
    ],
)
def test_tool_calls(tool: str, given_: dict[str, object], says: str) -> None:
    found = judge(tool, given_, GUARD, "/somewhere/else/work")
    if says:
        assert says in " ".join(found)
    else:
        assert found == []


@pytest.mark.parametrize(
    ("changes", "path", "says"),
    [
        ({"allow_protected": True}, ".github/w.yml", "whose scope names it"),
        ({"allow_protected": True, "scope": "x"}, "src/../.github/w.yml", "protected"),
        ({"planned_files": ["src/a"]}, "src/b", "planned files"),
        ({"planned_files": ["src/a"]}, "src/a", ""),
    ],
)
def test_protected_and_planned_paths(changes: dict[str, object], path: str, says: str) -> None:
    found = " ".join(judge("Write", {"file_path": path}, {**GUARD, **changes}, "/else/work"))
    assert (says in found) if says else not found


def test_a_hidden_repository_is_refused_though_it_lies_in_tmp() -> None:
    guard = {"hidden": ["/tmp/users"]}
    assert judge("Write", {"file_path": "/tmp/users/a"}, guard, "/tmp/work") != []
    assert judge("Bash", {"command": "echo x > /tmp/users/a"}, guard, "/tmp/work") != []
    assert judge("Write", {"file_path": "/tmp/users2/a"}, guard, "/tmp/work") == []
    assert judge("Write", {"file_path": "/tmp/users/work/a"}, guard, "/tmp/users/work") == []


def test_a_scope_that_names_a_protected_path_reaches_it() -> None:
    lists = scope_regexes([".github/**", "**"], [], [".github/", "ci/"])
    guard = {"scope": [".github/**"], "allow_protected": True, "regexes": lists}
    assert judge("Write", {"file_path": ".github/w.yml"}, guard, "/else/work") == []
    assert judge("Write", {"file_path": "ci/x"}, guard, "/else/work") != []


def test_a_pattern_that_only_re2_knows_refuses_and_says_so() -> None:
    guard = {"commands": [{"id": "x", "pattern": r"\z(", "message": "m"}]}
    assert "a person must mend it" in judge("Bash", {"command": "ls"}, guard, "/else/work")[0]
