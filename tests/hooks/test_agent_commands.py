"""Which command lines the agents' hook refuses, and that ordinary work goes through."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.hooks.agent_commands import refusals
from orchestrate.hooks.agent_files import written
from orchestrate.hooks.agent_judge import judge
from orchestrate.hooks.agent_lines import Run
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
    # Wrapped, spread over a line, or said in another way.
    'env -S "git commit -n -m x"',
    'env --split-string="git commit -n -m x"',
    "bash -c 'git commit -n -m x'",
    'bash -c "git commit -n"',
    "sh <<EOF\ngit commit -n -m x\nEOF",
    'bash <<< "git commit -n -m x"',
    "bash <<<'git commit --no-verify'",
    "xargs -n 1 git commit -n < list",
    'echo "commit -n -m x" | xargs git',
    "xargs -I{} git commit --no-verify -m {}",
    "python3 -c \"import subprocess; subprocess.run(['git','commit','--no-verify','-m','x'])\"",
    "python3 -c 'import os; os.system(\"git commit -n -m x\")'",
    'python3 - <<\'EOF\'\nimport subprocess\nsubprocess.run(["git", "commit", "--no-verify"])\nEOF',
    "perl -e 'system(\"git commit -n -m x\")'",
    'node -e \'require("child_process").execSync("git commit --no-verify -m x")\'',
    "echo $(git commit -n -m x)",
    'echo "$(git commit -n -m x)"',
    "x=$(git push --force)",
    'echo "a `git commit -n -m x` b"',
    "alias g='git commit -n'",
    "G=git; $G commit -n -m x",
    "A=--no-verify; git commit $A -m x",
    "A=--no-verify; git commit -m x ${A}",
    "X='git commit -n'; eval \"$X\"",
    "X='git commit -n'; bash -c \"$X\"",
    "export F=-n && git commit $F -m x",
    "GIT_DIR=/x git status; git commit",
    "eval 'git commit -n'",
    'eval "git" "commit" "-n"',
    "command git commit -n",
    "\\git commit -n",
    '"git" commit -n',
    "g\\it commit -n",
    "/usr/bin/git commit -n",
    "exec git commit -n",
    "echo Z2l0 | base64 -d | sh",
    "echo Z2l0 | base64 --decode | bash",
    'sh -c "$(echo Z2l0 | base64 -d)"',
    "eval $(echo Z2l0 | base64 -d)",
    "bash <(echo Z2l0 | base64 -d)",
    "xxd -r -p x | sh",
    "openssl base64 -d -in x | sh",
    "echo 'git commit -n' | sh",
    "printf 'git commit -n' | bash",
    "git commit -avn -m x",
    "git commit --no-veri",
    "git -c alias.x='commit --no-verify' x",
    "git -c alias.x='!git commit -n' x",
    "git config alias.x 'commit --no-verify'",
    "git config --global alias.x '!git commit -n'",
    "git config set alias.x y",
    "git config include.path /tmp/x",
    "git push origin :main",
    "git push origin --delete main",
    "git push -d origin main",
    "git push --prune origin",
    "git push origin +HEAD:main",
    "git push --force-with-lease=main",
    "git update-ref HEAD HEAD~1",
    "git update-ref --stdin",
    "git symbolic-ref HEAD refs/heads/x",
    "git symbolic-ref -d HEAD",
    "git fast-import < x",
    "git reflog expire --expire=now --all",
    "git reflog delete HEAD@{1}",
    "git gc --prune=now",
    "git config core.hooksPath x",
    "git config --unset core.hookspath",
    'git config --local core.hooksPath ""',
    "git config -f .git/config core.hooksPath x",
    "git config --remove-section core",
    "git --exec-path=/tmp/x commit",
    "env -i git commit -m x",
    "env -i bash -c 'git commit'",
    "env -u GIT_CONFIG_PARAMETERS git commit",
    "env --unset=GIT_CONFIG_PARAMETERS git commit",
    "sudo env -u GIT_CONFIG_PARAMETERS git commit",
    "unset GIT_CONFIG_COUNT",
    "export GIT_CONFIG_PARAMETERS=",
    "declare -x GIT_DIR=/x",
    "timeout 5 git commit -n",
    "timeout 5 bash -c 'git commit -n'",
    "nohup git commit -n &",
    "find . -maxdepth 0 -exec git commit -n ;",
    "find . -exec sh -c 'git commit -n' \\;",
    "git rebase -x 'git commit --amend -n' HEAD~2",
    "git rebase --exec='git commit --amend -n' HEAD~2",
    "git bisect run git commit -n",
    "git submodule foreach 'git commit -n'",
    "if true; then git commit -n; fi",
    "while true; do git push -f; done",
    "! git commit -n",
    "(cd x && git commit -n)",
    "{ git commit -n; }",
    "f() { git commit -n; }; f",
    "{git,commit,-n,-m,x}",
    "$'git' commit -n",
    "$'\\x67it' commit -n",
    "trap 'git commit -n' EXIT",
    'su -c "git commit -n"',
    'script -c "git commit -n" /dev/null',
    'watch "git commit -n"',
    'git commit -m "$(echo x)" -n',
    "git commit -F - --no-verify <<EOF\nx\nEOF",
    "uv run git commit -n",
    'ssh host "git push --force"',
    "git commit -m x 2>&1 --no-verify | tail",
    "cat <<EOF | sh\ngit commit -n\nEOF",
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
    "git commit -m \"$(cat <<'EOF'\nfeat: x\n\nsay git commit --no-verify, and -n\nEOF\n)\"",
    "git commit -m 'never use --no-verify'",
    'git commit -m "fix -n handling"',
    "git log --oneline | head -n 5",
    "git config user.name",
    "git config --list",
    "git push",
    "git push -u origin HEAD:topic",
    "git push origin :",
    "git gc",
    "git reflog",
    "git symbolic-ref --short HEAD",
    "git symbolic-ref HEAD",
    "git rebase -i HEAD~2",
    "git rebase -x 'make test' main",
    "git bisect run make test",
    "git submodule foreach 'git status'",
    "python -c \"print('git commit')\"",
    "python -c \"import json,sys; print(json.load(sys.stdin)['n'])\"",
    "echo x | base64 -d > out.bin",
    "base64 -d x.b64 | tar xz",
    "find . -name '*.py' -exec grep -n git {} +",
    "xargs grep -n git < list",
    "env -i make",
    "env A=1 make",
    'for f in a b; do echo "$f"; done',
    'grep -rn "git commit --no-verify" .',
    "rg 'git push --force' docs",
    "sed -n '1,5p' a",
    "cat > notes.md <<'EOF'\ngit commit --no-verify\nEOF",
    'export PATH="$HOME/bin:$PATH"',
    "git add -A && git commit -m 'feat: x' && git push",
    "git diff | xargs echo",
    'echo "a" | tee out',
    "curl -s localhost | python3 -m json.tool",
    "git stash -u && git pull && git stash pop",
    "awk '{print $1}' f",
    'git commit -m "mention GIT_DIR=x"',
    "docker run -e GIT_DIR x",
    "bash build.sh -n",
    "echo done; sh test.sh",
    "git merge --no-verify-signatures x",
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
    assert list(written(Run(words, ""))) == expected


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


OURS = [
    # (what is asked, refused in an attempt of a runner, refused in a person's session)
    ("status", False, False),
    ("-C sub log --verify", False, False),
    ("check --staged", False, False),
    ("task show t1", False, False),
    ("plan show p --json", False, False),
    ("checkpoint list", False, False),
    ("--help", False, False),
    ("uninstall --help", False, False),
    ("finish", True, False),
    ("finish --record", True, False),
    ("finish --reviewed 'fine'", True, True),
    ("finish --reviewed=fine", True, True),
    ("finish --cancel --reason x", True, True),
    ("start 'fix' --scope '**'", True, True),
    ("plan approve p", True, True),
    ("plan create feature", True, False),
    ("task skip t", True, True),
    ("task retry t", True, True),
    ("uninstall", True, True),
    ("init --agent claude", True, False),
    ("init --agent claude --remove", True, True),
    ("hook pre-commit", True, False),
    ("checkpoint create", True, False),
    ("rollback 3", True, False),
    ("run p", True, False),
]


@pytest.mark.parametrize(("asked", "in_attempt", "in_session"), OURS)
@pytest.mark.parametrize(
    "program", ["orchestrate", "/x/bin/orchestrate", "python -m orchestrate.cli.main"]
)
def test_an_agent_does_not_judge_itself(
    program: str, asked: str, in_attempt: bool, in_session: bool
) -> None:
    line = f"{program} {asked}"
    assert bool(list(refusals(line, in_attempt=True))) == in_attempt
    assert bool(list(refusals(line))) == in_session
    assert bool(judge("Bash", {"command": f"true && {line}"}, {}, "/else/work")) == in_session


FOLDERS = [
    ("cd docs && echo x > y", "docs/y is outside"),
    ("cd src && echo x > y", ""),
    ("cd src && cd .. && echo x > y", "y is outside"),
    ("(cd docs && ls); echo x > src/y", ""),
    ("cd $HOME && echo x > y", ""),
    ("cd .git && rm hooks/pre-commit", "git's own"),
    ("cd $X && rm -rf .git", "git's own"),
    ("rm -rf .git*", "git's own"),
    ("rm -rf .*", "git's own"),
    ("chmod -x .git/hooks/*", "git's own"),
    ("chmod +x src/a", ""),
    ("find .git -delete", "git's own"),
    ("dd if=/dev/zero of=docs/x", "docs/x is outside"),
    ("echo x &> docs/x", "docs/x is outside"),
    ("echo x >| docs/x", "docs/x is outside"),
    ("make 2>&1", ""),
    ("bash -c 'echo x > docs/x'", "docs/x is outside"),
    ("ls | xargs rm docs/x", "docs/x is outside"),
    ("find . -exec rm docs/x {} ;", "docs/x is outside"),
]


@pytest.mark.parametrize(("line", "says"), FOLDERS)
def test_where_a_file_is_written(line: str, says: str) -> None:
    found = " ".join(judge("Bash", {"command": line}, GUARD, "/else/work"))
    assert (says in found) if says else not found


def test_paths_begin_where_the_call_is_made() -> None:
    line = {"command": "echo x > y"}
    assert judge("Bash", line, GUARD, "/else/work", "/else/work/src") == []
    assert judge("Bash", line, GUARD, "/else/work", "/else/work/docs") != []
    assert judge("exec_command", {**line, "workdir": "/else/work/src"}, GUARD, "/else/work") == []
    assert judge("Write", {"file_path": "y"}, GUARD, "/else/work", "/else/work/src") == []


@pytest.mark.parametrize(
    "line", ["sh " * 70_000, "$(" * 50_000, "sh -c 'x y' " * 9_000, "env " * 40_000]
)
def test_a_line_made_to_take_long_is_answered_at_once(line: str) -> None:
    list(refusals(line))
