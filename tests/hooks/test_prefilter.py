"""The fast path passes nothing that the engine has a finding on, and passes ordinary changes."""

import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrate.checks.secrets import matching, rules, samples
from orchestrate.checks.task_rules import TaskRules
from orchestrate.hooks import prefilter
from orchestrate.hooks.full import staged_findings
from orchestrate.policy.roles import Role
from orchestrate.resources import read
from tests.checks.making import link, program, submodule
from tests.checks.sampling import sample_changes
from tests.hooks.making import engine_findings, fast_doubt, fast_verdict, git, shipped_policy

ORDINARY = (
    "import os\n\n\ndef add(a: int, b: int) -> int:\n    return a + b\n",
    "# Title\n\nSome text with a link to https://example.org/page.\n",
    "const x = require('./y');\nmodule.exports = { x };\n",
)


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_change_passes(text: str) -> None:
    assert fast_doubt({"a/old.py": b"x = 1\n"}, {"a/old.py": text.encode()}) == ""
    assert fast_doubt({}, {"a/new.py": text.encode()}) == ""
    assert fast_doubt({"a/old.py": text.encode()}, {}) == ""


def test_a_finding_on_an_old_line_does_not_cost_the_fast_path() -> None:
    old = b"# TODO write this\nx = 1\n"
    assert fast_doubt({"a.py": old}, {"a.py": old + b"y = 2\n"}) == ""
    assert fast_doubt({"a.py": old}, {"a.py": old + b"# TODO that too\n"})


def test_a_file_that_matches_all_over_is_looked_at_so_far_and_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(matching, "MAX_PLACES", 50)
    files = {"a.py": b'pw="aaaaaaaa"\n' * 500}
    closer = fast_verdict({}, files)
    assert closer == engine_findings({}, files)
    assert [f.id for f in closer] == ["too-many-candidates"]
    monkeypatch.setattr(prefilter, "MAX_MATCHES", 10)
    assert fast_doubt({}, files) == "more matches than are counted"


def test_names_beyond_ascii_pass() -> None:
    assert fast_doubt({"ä.py": b"x\n"}, {"ä.py": "y = 'é'\n".encode()}) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({}, {"run": program()}),
        ({}, {"l": link("a")}),
        ({}, {"s": submodule("1" * 40)}),
        ({"s": submodule("1" * 40)}, {}),
        ({}, {".github/workflows/ci.yml": b"a: 1\n"}),
        ({}, {"GIT~1": b""}),
        ({}, {".g\u200cit/x": b""}),
        ({}, {"a\nb": b""}),
        ({}, {"\udcff": b""}),
        ({"Readme": b""}, {"Readme": b"", "README": b""}),
        ({"Src/a": b""}, {"Src/a": b"", "src/b": b""}),
        ({}, {"a.json": b"{"}),
        ({}, {"a.py": b"x\r\ny\n"}),
        ({}, {"a.py": b"\xef\xbb\xbfx\n"}),
        ({}, {"a.py": b"ok\r<<<<<<< HEAD\n"}),
        ({}, {"big": b"x" * (1 << 20) + b"x"}),
        ({}, {"utf16.txt": "x".encode("utf-16")}),
        ({}, {"deploy": b"#!/bin/sh\nrm -rf /\n"}),
        ({}, {"x.sh": b"ls\n"}),
    ],
)
def test_what_is_not_ordinary_is_left_to_the_engine(old: dict, new: dict) -> None:
    assert fast_doubt(old, new)


@pytest.mark.parametrize(("name", "files"), sample_changes())
def test_every_sample_that_the_engine_finds_is_left_to_it(name: str, files: dict) -> None:
    for path, data in files.items():
        by_fast_path = fast_verdict({}, {path: data})
        if not isinstance(by_fast_path, str):
            assert by_fast_path == engine_findings({}, {path: data}), path


def test_every_secret_that_the_engine_finds_is_left_to_it() -> None:
    _, by_id = rules.load(read("rules", "secrets.yaml"))
    found = 0
    for id, sample in by_id.items():
        for path, template in sample.match:
            data = samples.expand(template).encode()
            if by_engine := engine_findings({}, {path: data}):
                found += 1
                by_fast_path = fast_verdict({}, {path: data})
                assert isinstance(by_fast_path, str) or by_fast_path == by_engine, (id, path)
    assert found > len(by_id) / 2


FRAGMENTS = [
    b"TODO", b"# ", b"//", b"print(", b"<<<<<<< HEAD", b">>>>>>> x", b"=======", b"eval(x)",
    b"console.log(1)", b"debugger;", b"AKIAIOSFODNN7EXAMPLE", b"password = 'hunter2hunter2'",
    b"ghp_", b"-----BEGIN RSA PRIVATE KEY-----", b"it.only(", b"verify=False", b"dbg!(x)",
    b"chmod 777 x", b"rm -rf /", b"orchestrate: allow bare-todo because", b"\xc3\xa9", b"\xff",
    b"\0", b"\r", b"\r\n", b"\n", b"\n\n", b" ", b"\t", b"x", b"0x" + b"ab" * 20, b"{", b"}", b'"',
]  # fmt: skip
PATHS = [
    "a.py",
    "b.ts",
    "c/d.js",
    "e.json",
    "f.md",
    "g.sol",
    "Makefile",
    "h.rs",
    "i",
    "a.PY",
    "é.py",
]
contents = st.lists(st.sampled_from(FRAGMENTS), max_size=8).map(b"".join)
trees = st.dictionaries(st.sampled_from(PATHS), contents, max_size=3)


@settings(max_examples=300)
@given(trees, trees)
def test_the_fast_path_finds_what_the_engine_finds_or_leaves_it_to_it(old: dict, new: dict) -> None:
    by_fast_path = fast_verdict(old, new)
    if not isinstance(by_fast_path, str):
        assert by_fast_path == engine_findings(old, new)


CODE = sorted(Path(os.__file__).parent.glob("*.py"))


@pytest.mark.parametrize("module", CODE[::8], ids=lambda path: path.stem)
def test_real_code_has_the_same_findings_by_both(module: Path) -> None:
    lines = module.read_bytes().splitlines(keepends=True)
    halves = {"src/a.py": b"".join(lines[::2]), "src/b.py": b"".join(lines[: len(lines) // 2])}
    whole = {"src/a.py": b"".join(lines), "src/b.py": b"".join(lines), "lib/new.js": lines[0]}
    by_fast_path = fast_verdict(halves, whole)
    assert not isinstance(by_fast_path, str)
    assert by_fast_path == engine_findings(halves, whole)


@pytest.mark.parametrize("role", shipped_policy().roles.values(), ids=lambda role: role.id)
def test_what_a_role_forbids_is_found_under_it(role: Role) -> None:
    text = b"# TODO x\nconsole.log(1)\nprint('x')\nassert True\n"
    task = TaskRules("t", role=role)
    for path in ("src/a.py", "tests/test_a.py", "web/b.test.ts", "docs/a.md"):
        by_fast_path = fast_verdict({}, {path: text}, task=task)
        if not isinstance(by_fast_path, str):
            assert by_fast_path == engine_findings({}, {path: text}, task=task)


scopes = st.lists(st.sampled_from(["c/", "*.py", "/a.py", "**", "h.rs", "é.py"]), max_size=3)


@settings(max_examples=100)
@given(trees, scopes, scopes, st.none() | st.lists(st.sampled_from(PATHS)))
def test_what_a_scope_forbids_the_fast_path_never_passes(
    new: dict, allow: list[str], deny: list[str], planned: list[str] | None
) -> None:
    task = TaskRules(
        "t", scope=tuple(allow), deny=tuple(deny),
        planned_files=None if planned is None else tuple(planned),
    )  # fmt: skip
    if not fast_doubt({}, new, task=task):
        assert engine_findings({}, new, task=task) == []


def test_random_bytes_neither_crash_nor_pass_what_the_engine_finds() -> None:
    source = random.Random(5)
    for _ in range(50):
        data = source.randbytes(source.randrange(2000))
        if not fast_doubt({}, {"blob.bin": data}):
            assert engine_findings({}, {"blob.bin": data}) == []


def test_a_policy_without_rules_compiles() -> None:
    bare = replace(shipped_policy(), rules=(), roles={}, harness=())
    assert fast_doubt({}, {"a.py": b"x = 1\n"}, policy=bare) == ""


def test_the_engine_on_what_is_left_in_doubt_finds_what_it_finds_on_all(repo: Path) -> None:
    for name, data in (("a.py", b"x = 1\n"), ("b.py", b"# TODO y\n"), ("c/d.js", b"debugger;\n")):
        (repo / name).parent.mkdir(exist_ok=True)
        (repo / name).write_bytes(data)
    git(repo, "add", "-A")
    everything = staged_findings(repo)
    assert staged_findings(repo, doubtful=frozenset({"b.py", "c/d.js"})) == everything != []
