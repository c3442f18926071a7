"""What is a command and what is only text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrate.checks import command_search
from orchestrate.checks.command_search import script_lines
from orchestrate.checks.commands import MAX_SCRIPT, check_file, judge_command, judge_line
from orchestrate.checks.findings import Severity
from orchestrate.checks.shell import commands, read
from orchestrate.hooks import stubs
from orchestrate.policy.harness import HarnessRule
from orchestrate.policy.policy import shipped_harness
from tests.checks.making import change_of

NO_RM = HarnessRule(
    id="block-rm-rf",
    description="nothing is deleted recursively",
    tier=3,
    type="block",
    content="delete single files",
    pattern=r"\brm\s+-rf\s+",
    unless=None,
    activate_on=(),
    active=True,
    enforcement="command_block",
    severity=Severity.BLOCK,
    tags=(),
)


@pytest.mark.parametrize(
    "command",
    [
        "rm -rf /",
        "cd x && rm -rf build",
        "r'm' -rf x",
        'r""m -rf x',
        "rm \\\n -rf x",
        "FOO=1 rm -rf x",
        "sudo rm -rf x",
        "bash -c 'rm -rf x'",
        "echo 'rm -rf x' | sh",
        "echo 'rm -rf x' | base64 | sudo bash",
        "$(rm -rf x)",
        "echo $(rm -rf x)",
        "echo `rm -rf x`",
        "if true; then rm -rf x; fi",
        "(rm -rf x)",
        "{ rm -rf x; }",
        "find . | xargs rm -rf x",
        "sh <<EOF\nrm -rf x\nEOF",
        "ssh host <<'EOF'\nrm -rf x\nEOF",
        "ls # harmless\nrm -rf x",
        "git commit -m x; rm -rf y",
        "x() { rm -rf y; }",
    ],
)
def test_running_it_is_found(command: str) -> None:
    assert [f.id for f in judge_command(command, [NO_RM])] == ["block-rm-rf"]


@pytest.mark.parametrize(
    "command",
    [
        "echo 'never rm -rf /'",
        "printf '%s' 'rm -rf x'",
        "git commit -m 'fix: stop rm -rf of the tree'",
        "grep -r 'rm -rf x' .",
        "# rm -rf x",
        "ls # rm -rf x",
        "cat <<EOF > notes\nnever rm -rf x\nEOF\nls",
        "rm file",
        "NOTE='rm -rf x'",
        "",
        "'",
        "$(",
    ],
)
def test_naming_it_is_not(command: str) -> None:
    assert judge_command(command, [NO_RM]) == []


def test_an_inactive_rule_says_nothing() -> None:
    from dataclasses import replace

    assert judge_command("rm -rf /", [replace(NO_RM, active=False)]) == []


def findings(path: str, new: bytes, old: bytes = b"") -> list[tuple[str, int]]:
    change = change_of({path: old} if old else {}, {path: new})
    return [
        (f.id, f.line)
        for entry in change.files()
        for f in check_file(change, entry, [NO_RM], marks=True)
    ]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("x.sh", b"set -e\nrm -rf x\n"),
        ("run", b"#!/bin/sh\nrm -rf x\n"),
        ("Makefile", b"clean:\n\t@rm -rf x\n"),
        ("Dockerfile", b"FROM a\nRUN rm -rf x\n"),
        (".github/workflows/ci.yml", b"steps:\n  - run: rm -rf x\n"),
        ("package.json", b'{"scripts": {\n "clean": "rm -rf x",\n}}\n'),
        ("x.sh", b"set -e\r\nrm -rf x\r\n"),
    ],
)
def test_scripts_of_a_change_are_judged(path: str, text: bytes) -> None:
    assert findings(path, text) == [("block-rm-rf", 2)]


def test_a_quote_in_a_packages_description_hides_no_script() -> None:
    text = b'{"description": "it\'s ours",\n "scripts": {\n "clean": "rm -rf x"}}\n'
    assert findings("package.json", text.replace(b"}}", b"\n}}")) == [("block-rm-rf", 3)]


def test_a_folder_that_a_makefile_names_is_that_folder() -> None:
    clean = b"clean:\n\trm -rf $(OUT)/*\n"
    (rule,) = (one for one in shipped_harness() if one.id == "block-rm-rf")

    def told(text: bytes) -> list[int]:
        change = change_of({}, {"Makefile": text})
        (entry,) = change.files()
        return [found.line for found in check_file(change, entry, [rule], marks=True)]

    assert told(b"OUT = _build\n" + clean) == []
    assert told(b"export OUT ?= docs/_build \n" + clean.replace(b"(OUT)", b"{OUT}")) == []
    for unsafe in (
        b"",
        b"OUT =\n",
        b"OUT = /\n",
        b"OUT = ..\n",
        b"OUT = a/../..\n",
        b"OUT = $(X)\n",
    ):
        assert told(unsafe + clean) == [unsafe.count(b"\n") + 2], unsafe
    assert told(b"OUT = a\nOUT = b c\n" + clean) == [4]


@pytest.mark.parametrize("hook", stubs.ALL)
def test_our_own_hooks_hold_no_dangerous_command(hook: str) -> None:
    change = change_of({}, {f".githooks/{hook}": stubs.stub(hook).encode()})
    (entry,) = change.files()
    assert list(check_file(change, entry, shipped_harness(), marks=True)) == []


def test_prose_is_not_a_script() -> None:
    assert findings("README.md", b"run `rm -rf x`\n\nrm -rf x\n") == []
    assert findings("a.py", b"text = 'rm -rf x'\n") == []


def test_only_added_commands_are_told() -> None:
    old = b"rm -rf x\n"
    assert findings("x.sh", old + b"ls\n", old) == []
    assert findings("x.sh", old + b"ls\nrm -rf y\n", old) == [("block-rm-rf", 3)]


# fmt: off
PIECES = (
    "rm", "r", "m", " -rf ", "-", "rf", "x", " ", "'", '"', "\\", "\n", "$", "$'", ";", "#", "\\x6d"
)
# fmt: on


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_no_command_is_missed_by_the_look_at_its_texts(text: str) -> None:
    told = {line for _, line in findings("x.sh", text.encode())}
    assert told == {
        f.line for line in script_lines(text) for f in judge_line(line, [NO_RM], "x.sh")
    }


def test_a_mark_with_a_reason_lifts_it() -> None:
    assert findings("x.sh", b"rm -rf x # orchestrate: allow block-rm-rf a scratch folder\n") == []
    assert findings("x.sh", b"rm -rf x # orchestrate: allow block-rm-rf\n") != []


@given(st.text(alphabet="ab '\"\\\n;|&(){}$`#<>EOF=-", max_size=80))
def test_any_text_is_read_and_lines_are_right(text: str) -> None:
    for command in commands(text):
        assert 1 <= command.line <= text.count("\n") + 1


def test_a_long_script_is_read_in_linear_time() -> None:
    assert len(commands("ls -l 'a b' \\\n  c\n" * 20_000)) == 20_000
    assert commands("\\a" * 200_000 + "(" * 10_000)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("make 2>&1 | tail", [("make", "2>&1"), ("tail",)]),
        ("make &>log", [("make", "&>log")]),
        ("echo x >| out", [("echo", "x", ">|", "out")]),
        ("a & b", [("a",), ("b",)]),
        (r"$'\x67it' commit", [("git", "commit")]),
        ("$'it\\'s' x", [("it's", "x")]),
        ("a<<<b", [("a<<<b",)]),
        ("echo a{b,c}d ${e}", [("echo", "a{b,c}d", "${e}")]),
        ("cat <<A <<B\n1\nA\n2\nB\nls", [("cat",), ("ls",)]),
        ("sh <<A\nrm x\nA", [("sh",), ("rm", "x")]),
    ],
)
def test_what_is_one_command(line: str, words: list[tuple[str, ...]]) -> None:
    assert [c.words for c in read(line) if c.words] == words


@pytest.mark.parametrize("end", [";", "\n"])
def test_a_script_of_megabytes_is_not_read(end: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_search, "read", lambda script: pytest.fail("it is read"))
    script = f"rm -rf x{end}".encode() * (MAX_SCRIPT // 8)
    assert findings("a.sh", script) == [("too-large-to-scan", 0)]
    assert findings("a.sh", script.replace(b"rm", b"ls")) == []


def test_a_script_of_many_dangerous_lines_is_told_of_the_first_hundred() -> None:
    change = change_of(None, {"a.sh": b"rm -rf /\n" * 500})
    found = list(check_file(change, next(change.files()), [NO_RM], marks=True))
    assert [f.line for f in found] == list(range(1, 101))
